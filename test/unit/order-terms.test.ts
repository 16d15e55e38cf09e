import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { DropDocument, type QuoteKey } from "../../schema/drop-document.ts";
import { PlaceRequest } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { orderTerms } from "../../workers/edge/checkout/order-terms.ts";

const NOW = Date.parse("2027-03-01T10:00:00Z");
const RESERVATION = `rsv_${"1".repeat(32)}`;
const ADDRESS = { name: "Ada", line1: "Hauptstr. 12a", city: "Berlin", postalCode: "10115", country: "DE" };
const { name: _, ...PLACE } = ADDRESS;
const REGION = { label: "Parcel", amountMinor: 490, taxRatePermyriad: 1_900, isTaxIncluded: true };

const documentOf = (more: Record<string, unknown>) =>
  DropDocument.parse({
    id: "runner",
    name: "Runner",
    currency: "EUR",
    lobbyOpensAt: "2027-03-01T09:00:00Z",
    opensAt: "2027-03-01T10:00:00Z",
    closesAt: "2027-03-01T12:00:00Z",
    skus: [{ id: "runner-42", name: "Runner 42", stock: 5, priceMinor: 12_900 }],
    ...more,
  });
const judge = (document: Record<string, unknown>, request: Record<string, unknown> = {}) =>
  orderTerms({
    document: documentOf(document),
    nowMs: NOW,
    request: PlaceRequest.parse({
      reservationId: RESERVATION,
      contact: { email: "Ada.L+drop@gmail.com" },
      payment: { kind: "redirect" },
      ...request,
    }),
  });
const told = async (...asked: Parameters<typeof judge>) => {
  const judged = await judge(...asked);
  return judged.ok ? judged.value : judged.refusal.code;
};

describe("terms", () => {
  const terms = { version: "2027-02", url: "https://shop.example/terms" };
  test("are asked for in the version that stands, and recorded", async () => {
    expect(await told({ terms })).toBe("terms_not_accepted");
    expect(await told({ terms }, { consents: { termsVersion: "2026-12" } })).toBe("terms_not_accepted");
    expect(await judge({ terms })).toMatchObject({ refusal: { detail: expect.stringContaining("2027-02") } });
    expect(await told({ terms }, { consents: { termsVersion: "2027-02" } })).toMatchObject({
      termsVersion: "2027-02",
    });
  });
  test("of a drop that has none are recorded for nobody", async () => {
    expect(await told({}, { consents: { termsVersion: "mine" } })).toMatchObject({ termsVersion: null });
  });
});

describe("a table of regions", () => {
  const shipping = {
    regions: [
      { countries: ["*"], ...REGION, label: "Elsewhere" },
      { countries: ["DE", "AT"], ...REGION },
    ],
  };
  test("asks for an address, and takes the region that names its country", async () => {
    expect(await told({ shipping })).toBe("shipping_address_missing");
    expect(await told({ shipping }, { shippingAddress: ADDRESS })).toMatchObject({
      charging: { kind: "table", region: REGION },
      shippingAddress: ADDRESS,
    });
    const far = { ...ADDRESS, country: "NZ" };
    expect(await told({ shipping }, { shippingAddress: far })).toMatchObject({
      charging: { region: { label: "Elsewhere" } },
    });
  });
  test("ships nowhere else", async () => {
    const only = { regions: shipping.regions.slice(1) };
    const far = { ...ADDRESS, country: "NZ" };
    expect(await told({ shipping: only }, { shippingAddress: far })).toBe("not_shipped_there");
  });
  test("is not needed where nothing is shipped, and no address is kept then", async () => {
    expect(await told({}, { shippingAddress: ADDRESS })).toMatchObject({
      charging: { kind: "none" },
      shippingAddress: null,
    });
  });
});

describe("a signed quote", () => {
  let key: QuoteKey;
  let sign: (claims?: Record<string, unknown>, header?: { kid?: string }) => Promise<string>;
  let forge: typeof sign;
  beforeAll(async () => {
    const pairs = [await generateKeyPair("EdDSA"), await generateKeyPair("EdDSA")] as const;
    const { x = "" } = await exportJWK(pairs[0].publicKey);
    key = { kid: "q1", alg: "EdDSA", kty: "OKP", crv: "Ed25519", x };
    const signWith =
      ({ privateKey }: (typeof pairs)[number]): typeof sign =>
      (claims = {}, { kid = "q1" } = {}) =>
        new SignJWT({
          aud: "dropline-quote",
          exp: NOW / 1_000 + 600,
          drop: "runner",
          reservation: RESERVATION,
          shippingAddress: PLACE,
          currency: "EUR",
          subtotalMinor: 12_900,
          charges: [{ kind: "shipping", label: "Courier", amountMinor: 990, isIncluded: false }],
          ...claims,
        })
          .setProtectedHeader({ alg: "EdDSA", kid })
          .sign(privateKey);
    [sign, forge] = [signWith(pairs[0]), signWith(pairs[1])];
  });
  const asked = async (shippingQuote?: string, countries = ["*"]) => {
    const shipping = { quoteUrl: "https://quotes.shop.com/quote", keys: [key], countries };
    const quote = shippingQuote === undefined ? {} : { shippingQuote };
    return told({ shipping }, { shippingAddress: ADDRESS, ...quote });
  };

  test("is what is charged", async () => {
    expect(await asked(await sign())).toMatchObject({
      charging: { kind: "quote", subtotalMinor: 12_900, currency: "EUR", charges: [{ amountMinor: 990 }] },
    });
  });
  test("may name the person too, who changes no price", async () => {
    const elsewhere = { ...ADDRESS, name: "Bob" };
    for (const shippingAddress of [ADDRESS, elsewhere])
      expect(await asked(await sign({ shippingAddress }))).toMatchObject({ charging: { kind: "quote" } });
  });
  test("is asked for where it is missing, and only where the drop ships", async () => {
    expect(await asked()).toBe("shipping_quote_missing");
    expect(await asked(await sign(), ["AT"])).toBe("not_shipped_there");
  });
  test.each<[string, Record<string, unknown>]>([
    ["another drop", { drop: "other" }],
    ["another basket", { reservation: `rsv_${"2".repeat(32)}` }],
    ["another country", { shippingAddress: { ...PLACE, country: "AT" } }],
    ["another city", { shippingAddress: { ...PLACE, city: "Helgoland" } }],
    ["another postal code", { shippingAddress: { ...PLACE, postalCode: "27498" } }],
    ["another street", { shippingAddress: { ...PLACE, line1: "Packstation 7" } }],
    ["another second line", { shippingAddress: { ...PLACE, line2: "Flat 4" } }],
    ["another region", { shippingAddress: { ...PLACE, region: "HE" } }],
    ["a country alone", { shippingAddress: undefined, country: "DE" }],
    ["another audience", { aud: "dropline" }],
    ["a time that is over", { exp: NOW / 1_000 - 1 }],
    ["all time", { exp: undefined }],
    ["too long a time", { exp: (NOW + LIMITS.quoteTtlMaxMs + LIMITS.quoteClockSkewMs) / 1_000 + 1 }],
    [
      "negative shipping",
      { charges: [{ kind: "shipping", label: "x", amountMinor: -1, isIncluded: false }] },
    ],
    [
      "too many charges",
      {
        charges: Array.from({ length: LIMITS.quoteChargesMax + 1 }, () => ({
          kind: "tax",
          label: "x",
          amountMinor: 1,
          isIncluded: false,
        })),
      },
    ],
  ])("for %s is refused", async (_, claims) => {
    expect(await asked(await sign(claims))).toBe("shipping_quote_invalid");
  });
  test("is signed by keys that are told apart by their names", () => {
    const shipping = { quoteUrl: "https://quotes.shop.com/quote", keys: [key, key], countries: ["*"] };
    expect(() => documentOf({ shipping })).toThrow(/each kid is unique/);
  });
  test("just within the longest time is taken", async () => {
    const exp = (NOW + LIMITS.quoteTtlMaxMs + LIMITS.quoteClockSkewMs) / 1_000;
    expect(await asked(await sign({ exp }))).toMatchObject({ charging: { kind: "quote" } });
  });
  test("by another key, under another name, unsigned or cut short is refused", async () => {
    const good = await sign();
    const [, body] = good.split(".");
    const bare = Buffer.from(JSON.stringify({ alg: "none", kid: "q1" })).toString("base64url");
    const bad = [await forge(), await sign({}, { kid: "q2" }), `${bare}.${body}.`, good.slice(0, -4), "x"];
    for (const quote of bad) expect(await asked(quote)).toBe("shipping_quote_invalid");
  });
});

describe("limits", () => {
  const shipping = { regions: [{ countries: ["*"], ...REGION }] };
  const claimed = async (email: string, address: Record<string, unknown> = ADDRESS) => {
    const limits = { unitsPerMail: 2, unitsPerAddress: 3, unitsPerInstrument: 4 };
    const terms = await told({ limits, shipping }, { contact: { email }, shippingAddress: address });
    if (typeof terms === "string") throw new Error(terms);
    return terms;
  };
  test("count two writings of one mail and one address as one", async () => {
    const one = await claimed("Ada.L+drop@gmail.com");
    const same = await claimed("adal@googlemail.com", {
      ...ADDRESS,
      line1: "Hauptstraße 12 A",
      name: "A. L.",
    });
    expect(one.claims).toEqual(same.claims);
    expect(one).toMatchObject({ claims: [{ max: 2 }, { max: 3 }], unitsPerInstrument: 4 });
    expect((await claimed("bob@gmail.com")).claims[0]).not.toEqual(one.claims[0]);
    expect((await claimed("adal@gmail.com", { ...ADDRESS, line1: "Hauptstr. 13" })).claims[1]).not.toEqual(
      one.claims[1],
    );
  });
  test("count nobody where there are none", async () => {
    expect(await told({ shipping }, { shippingAddress: ADDRESS })).toMatchObject({
      claims: [],
      unitsPerInstrument: null,
    });
  });
});
