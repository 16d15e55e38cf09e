import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { addressKey } from "../../workers/edge/identity/address-key.ts";
import { addressIdentity, customerDigest, mailDigest } from "../../workers/edge/identity/identities.ts";
import {
  deliverableMail,
  normalizeAddress,
  normalizeMail,
  type PostalParts,
} from "../../workers/edge/identity/normalize.ts";

describe("a mail address", () => {
  test.each([
    ["Ada.Lovelace@Example.COM", "ada.lovelace@example.com"],
    ["  ada@example.com ", "ada@example.com"],
    ["ada@example.com.", "ada@example.com"],
    ["ada+drops@example.com", "ada@example.com"],
    ["ada+a+b@example.com", "ada@example.com"],
    ["+ada@example.com", "+ada@example.com"],
    ["a.d.a@gmail.com", "ada@gmail.com"],
    ["A.da+x@GoogleMail.com", "ada@gmail.com"],
    ["a.d.a@example.com", "a.d.a@example.com"],
    ["ada@münchen.example", "ada@xn--mnchen-3ya.example"],
    ["ada@XN--MNCHEN-3ya.example", "ada@xn--mnchen-3ya.example"],
    ["ada@ｅｘａｍｐｌｅ.com", "ada@example.com"],
    ["ada@пример.рф", "ada@xn--e1afmkfd.xn--p1ai"],
    ["o'brien@example.com", "o'brien@example.com"],
    ["jose\u0301@example.com", "josé@example.com"],
  ])("%s is %s", (written, normal) => {
    expect(normalizeMail(written)).toBe(normal);
  });

  test.each([
    "",
    "ada",
    "@example.com",
    "ada@",
    "ada@localhost",
    "ada@127.0.0.1",
    "ada@1.2",
    "ada@[::1]",
    "ada@example.com:80",
    "ada@example.com/x",
    "ada@user@example.com\nbcc: x@y.com",
    "ada\r\n@example.com",
    '"a b"@example.com',
    "ada,bob@example.com",
    "<ada@example.com>",
    "ada@exa mple.com",
    "ada@-.com",
    "...@gmail.com",
    `ada@${"a".repeat(64)}.com`,
    `${"a".repeat(LIMITS.emailMaxChars)}@example.com`,
  ])("%j is none", (written) => {
    expect(normalizeMail(written)).toBeUndefined();
    expect(mailDigest(written)).toBeUndefined();
  });

  test("of the longest length is one, and one character longer is none", () => {
    const domain = "@example.com";
    const local = "a".repeat(LIMITS.emailMaxChars - domain.length);
    expect(normalizeMail(local + domain)).toBe(local + domain);
    expect(normalizeMail(`a${local}${domain}`)).toBeUndefined();
  });

  const local: fc.Arbitrary<string> = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,14}[a-z0-9]$/);
  const host: fc.Arbitrary<string> = fc.constantFrom(
    "example.com",
    "gmail.com",
    "googlemail.com",
    "bücher.example",
    "mail.co.uk",
  );

  test("is the same however it is written, and normal already when it is normalized", () => {
    const tags: fc.Arbitrary<string> = fc.stringMatching(/^[a-z0-9.+]{0,8}$/);
    fc.assert(
      fc.property(local, host, tags, (name, domain, tag) => {
        const normal = normalizeMail(`${name}@${domain}`) as string;
        expect(normalizeMail(normal)).toBe(normal);
        for (const written of [
          `${name.toUpperCase()}@${domain.toUpperCase()}`,
          `${name}+${tag}@${domain}`,
          ` ${name}@${domain}. `,
        ]) {
          expect(normalizeMail(written)).toBe(normal);
        }
        if (domain.startsWith("g")) expect(normalizeMail(`${[...name].join(".")}@${domain}`)).toBe(normal);
      }),
    );
  });

  test("of two people is two, dots and tags aside", () => {
    fc.assert(
      fc.property(local, local, (one, other) => {
        fc.pre(one !== other);
        expect(mailDigest(`${one}@example.com`)).not.toBe(mailDigest(`${other}@example.com`));
      }),
    );
  });

  test("is never thrown over, whatever was typed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (written) => {
        const normal = normalizeMail(written);
        if (normal !== undefined) expect(normalizeMail(normal)).toBe(normal);
        expect(/[\r\n\s<>]/.test(deliverableMail(written) ?? "")).toBe(false);
      }),
    );
  });

  test("is written to as it was typed, at its host's ASCII name", () => {
    expect(deliverableMail(" Ada.L+drops@München.example ")).toBe("Ada.L+drops@xn--mnchen-3ya.example");
  });

  test("is told as a digest and not as itself", () => {
    expect(mailDigest("ada@example.com")).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe("a postal address", () => {
  const house = (over: Partial<PostalParts> = {}): PostalParts => ({
    lines: ["Hauptstraße 12a"],
    postalCode: "10115",
    city: "Berlin",
    country: "DE",
    ...over,
  });

  test.each<[string, Partial<PostalParts>, Partial<PostalParts>]>([
    ["case and spacing", {}, { lines: ["  HAUPTSTRASSE   12 A "], city: "BERLIN", country: "de" }],
    ["punctuation and a shortened word", {}, { lines: ["Haupt-Str. 12a."] }],
    ["a word glued or apart", { lines: ["Hauptstr. 12a"] }, { lines: ["Haupt Straße 12 a"] }],
    ["umlauts", { lines: ["Müllerweg 3"], city: "Köln" }, { lines: ["Muellerweg 3"], city: "Koeln" }],
    ["marks", { lines: ["12 Rue Molière"], city: "Orléans" }, { lines: ["12, r. Moliere"], city: "ORLEANS" }],
    [
      "letters of their own",
      { lines: ["Østergade 1"], city: "Łódź" },
      { lines: ["Ostergade 1"], city: "Lodz" },
    ],
    [
      "English words",
      { lines: ["350 Fifth Avenue", "Apartment #4"], postalCode: "10118" },
      { lines: ["350 Fifth Ave., Apt 4"], postalCode: "10118" },
    ],
    ["the spacing of a postal code", { postalCode: "SW1A 1AA" }, { postalCode: "sw1a1aa" }],
    ["lines", { lines: ["c/o Ada", "Elm Rd 4"] }, { lines: ["c/o Ada Elm Road 4"] }],
  ])("is the same but for %s", (_, one, other) => {
    expect(normalizeAddress(house(one))).toBe(normalizeAddress(house(other)));
    expect(addressIdentity(house(one))).toBe(addressIdentity(house(other)));
  });

  test.each<[string, Partial<PostalParts>, Partial<PostalParts>]>([
    ["another house", { lines: ["Elm Street 12"] }, { lines: ["Elm Street 21"] }],
    ["a house and its neighbor's flat", { lines: ["4 Elm St", "Flat 5"] }, { lines: ["5 Elm St", "Flat 4"] }],
    ["digits that only meet when glued", { lines: ["1 23 Road"] }, { lines: ["12 3 Road"] }],
    ["another street of that name's beginning", { lines: ["Elm Road 1"] }, { lines: ["Elm Street 1"] }],
    ["another postal code", { postalCode: "10115" }, { postalCode: "10117" }],
    ["another country", { country: "DE" }, { country: "AT" }],
    ["other scripts", { lines: ["東京都千代田区1"] }, { lines: ["東京都千代田区2"] }],
  ])("is another with %s", (_, one, other) => {
    expect(addressIdentity(house(one))).not.toBe(addressIdentity(house(other)));
  });

  test("keeps its identity through any case, spacing and punctuation", () => {
    const word = fc.stringMatching(/^[a-z]{2,8}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), fc.nat(999), (words, number) => {
        const plain = normalizeAddress(house({ lines: [`${words.join(" ")} ${number}`] }));
        const noisy = `${words.map((one) => one.toUpperCase()).join(" ,  ")}. - ${number}`;
        expect(normalizeAddress(house({ lines: [noisy] }))).toBe(plain);
        const [street, ...rest] = plain.split("|");
        expect(
          normalizeAddress(house({ lines: [street as string] }))
            .split("|")
            .slice(1),
        ).toEqual(rest);
      }),
    );
  });

  test("is never thrown over, whatever was typed", () => {
    const text = fc.string({ unit: "binary", maxLength: 200 });
    fc.assert(
      fc.property(text, text, text, (line, postalCode, city) => {
        expect(addressIdentity(house({ lines: [line], postalCode, city }))).toMatch(/^address:[0-9a-f]{64}$/);
      }),
    );
  });

  test("is not tripped by words that name what every object has", () => {
    expect(normalizeAddress(house({ lines: ["constructor toString 1"] }))).toContain(
      "constructor tostring 1",
    );
  });
});

test("two issuers' customers of one number are two", () => {
  const subject = "1";
  expect(customerDigest({ issuer: "https://a.example", subject })).not.toBe(
    customerDigest({ issuer: "https://b.example", subject }),
  );
});

describe("an address on the network", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:0001:2::1", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["not-an-address", "not-an-address"],
  ])("%s counts as %s", (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  test("is counted with every other of its /64, and with none beyond", () => {
    const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));
    const half = fc.tuple(group, group, group, group).map((groups) => groups.join(":"));
    fc.assert(
      fc.property(half, half, half, half, (network, other, one, two) => {
        fc.pre(network !== other);
        expect(addressKey(`${network}:${one}`)).toBe(addressKey(`${network}:${two}`));
        expect(addressKey(`${network}:${one}`)).not.toBe(addressKey(`${other}:${one}`));
      }),
    );
  });
});
