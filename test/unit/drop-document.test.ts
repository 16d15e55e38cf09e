import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DropDocument, DropFields } from "../../schema/drop-document.ts";
import { dropJsonSchema } from "../../schema/drop-json-schema.ts";
import { warningsOf } from "../../schema/drop-rules.ts";
import { LIMITS } from "../../schema/limits.ts";
import { COUNTRIES } from "../../schema/places.ts";
import { nearest, readDrop } from "../../schema/read-drop.ts";
import { draft } from "./console-fakes.ts";
import { documents, mutated, QUOTE_KEY } from "./drop-arbitraries.ts";

const ROOT = join(import.meta.dirname, "../..");

/** What is said of a document, as `path message` lines. */
function said(given: unknown): string[] {
  const read = readDrop(given);
  return read.ok ? [] : read.refusal.map(({ path, message }) => `${path} ${message}`);
}
const saidOf = (changes: Record<string, unknown>) => said(draft(changes));

const sku = (changes: Record<string, unknown> = {}) => ({ ...draft().skus[0], ...changes });
const region = (changes: Record<string, unknown> = {}) => ({
  countries: ["DE"],
  label: "Standard",
  amountMinor: 490,
  taxRatePermyriad: 1_900,
  isTaxIncluded: true,
  ...changes,
});
const regions = (...list: object[]) => ({ shipping: { regions: list } });

describe("a document is refused with the field and the reason", () => {
  test.each<[string, Record<string, unknown>, string[]]>([
    ["a field that is missing", { opensAt: undefined }, ["opensAt is missing (The start)"]],
    ["a name that is empty", { name: "" }, [/^name is empty, but must have at least 1 character /.source]],
    [
      "a misspelled field",
      { curency: "EUR" },
      ["curency is no field that is known here; did you mean currency?"],
    ],
    [
      "a misspelled field inside",
      { skus: [sku({ perShoper: 2 })] },
      ["skus.0.perShoper is no field that is known here; did you mean perShopper?"],
    ],
    [
      "a field that is like no other",
      { line: { color: "red" } },
      [
        "line.color is no field that is known here; there are windowMs, admitPerSecond, claimWindowMs, beacon, challenge, mailInsteadOfChallenge",
      ],
    ],
    [
      "a word that is not among the choices",
      { mode: "lvie" },
      ['mode is "lvie", but must be one of test, live; did you mean live?'],
    ],
    [
      "a time without an offset",
      { opensAt: "2027-03-01T10:00:00" },
      [/^opensAt is "2027-03-01T10:00:00", but must be a date and time with an offset/.source],
    ],
    [
      "text for a number",
      { skus: [sku({ stock: "10" })] },
      [/^skus.0.stock is "10", but must be a whole number/.source],
    ],
    ["a list that is empty", { skus: [] }, [/^skus is empty, but must have at least 1 entry/.source]],
    [
      "a currency that is none",
      { currency: "EUO" },
      [/^currency is EUO, which is no currency of ISO 4217/.source],
    ],
    [
      "a code that is no country",
      regions(region({ countries: ["UK"] })),
      [/^shipping.regions.0.countries.0 is "UK"/.source],
    ],
    [
      "a country in two regions",
      regions(region(), region({ countries: ["AT", "DE"] })),
      [
        "shipping.regions.1.countries names DE, which shipping.regions.0 names already: a country belongs to one region",
      ],
    ],
    [
      "two regions for everywhere else",
      regions(region({ countries: ["*"] }), region({ countries: ["*"] })),
      [/^shipping.regions.1.countries names \*, which shipping.regions.0 names already/.source],
    ],
    [
      "everywhere beside a country",
      regions(region({ countries: ["DE", "*"] })),
      ['shipping.regions.0.countries "*" is every country, so it must stand alone'],
    ],
    [
      "a country twice",
      regions(region({ countries: ["DE", "DE"] })),
      ["shipping.regions.0.countries names DE twice"],
    ],
    [
      "a tax above the whole",
      regions(region({ taxRatePermyriad: 10_001 })),
      [/^shipping.regions.0.taxRatePermyriad is 10001, but must be at most 10000/.source],
    ],
    [
      "a table and a quote at once",
      { shipping: { regions: [region()], quoteUrl: "https://quotes.shop.com/quote" } },
      [/^shipping.quoteUrl is no field that is known here/.source],
    ],
    [
      "a quote that lacks its countries",
      { shipping: { quoteUrl: "https://quotes.shop.com/quote", keys: [QUOTE_KEY] } },
      [/^shipping.countries is missing/.source],
    ],
    [
      "an address without encryption",
      { terms: { version: "1", url: "http://shop.example/terms" } },
      [/^terms.url is http:\/\/shop.example\/terms, but must begin with https:/.source],
    ],
    [
      "an address that is none",
      { terms: { version: "1", url: "shop.example" } },
      [/^terms.url is "shop.example", but must be an address/.source],
    ],
    [
      "live with the sandbox",
      { mode: "live" },
      [/^gateway is sandbox, which takes no money, but mode is live/.source],
    ],
    [
      "a limit below what a SKU promises",
      { skus: [sku({ perShopper: 2 })], limits: { unitsPerShopper: 1 } },
      ["limits.unitsPerShopper is 1, but skus.0.perShopper promises 2: raise the one or lower the other"],
    ],
    ["a SKU twice", { skus: [sku(), sku()] }, [/^skus.1.id is runner-42, which skus.0 has already/.source]],
    ["a place twice", { audience: ["weur", "weur"] }, ["audience names weur twice"]],
    [
      "an end before the start",
      { closesAt: "2027-03-01T09:30:00Z" },
      ["closesAt is 2027-03-01T09:30:00Z, but must be after opensAt, 2027-03-01T10:00:00Z"],
    ],
    [
      "more windows than the line's chain has links",
      { closesAt: "2027-03-03T07:30:30.001Z" },
      [
        "line.windowMs is 5000, but from opensAt to closesAt there can be at most 32766 windows: at least 5001 is needed",
      ],
    ],
    [
      "a resend that comes too late",
      { timing: { commandResendMs: 600_000 } },
      ["timing.commandResendMs is 600000, but must be shorter than timing.paymentWindowMs, 600000"],
    ],
  ])("%s", (_, changes, expected) => {
    const lines = saidOf(changes);
    expect(lines).toHaveLength(expected.length);
    expected.forEach((line, index) => {
      if (line.startsWith("^")) expect(lines[index]).toMatch(new RegExp(line));
      else expect(lines[index]).toBe(line);
    });
  });

  test("all that is wrong is told at once, each with its own field", () => {
    const paths = saidOf({
      name: "",
      opensAt: "soon",
      surprise: 1,
      odd: 2,
      limits: { identity: "mail" },
    }).map((line) => line.split(" ")[0]);
    expect(paths.sort()).toEqual(["limits.identity", "name", "odd", "opensAt", "surprise"]);
  });

  test("what is wrong between fields is told once each of them is right", () => {
    const late = { closesAt: "2027-03-01T09:30:00Z" };
    expect(saidOf({ ...late, name: "" }).map((line) => line.split(" ")[0])).toEqual(["name"]);
    expect(saidOf(late).map((line) => line.split(" ")[0])).toEqual(["closesAt"]);
  });

  test("a document that is none at all", () => {
    expect(said(null)).toEqual(["(document) is null, but must be an object in braces"]);
    expect(said([])).toEqual(["(document) is [], but must be an object in braces"]);
  });

  test("a value in a message is cut", () => {
    const [line = ""] = saidOf({ mode: "x".repeat(5_000) });
    expect(line.length).toBeLessThan(200);
  });
});

describe("between the fields", () => {
  test("the dearest basket may cost exactly what a gateway takes, and not a cent more", () => {
    const priced = (priceMinor: number) => ({
      skus: [sku({ id: "a", priceMinor }), sku({ id: "b", priceMinor })],
    });
    const most = LIMITS.amountMinorMax / 2;
    expect(saidOf(priced(most))).toEqual([]);
    expect(saidOf(priced(most + 1))[0]).toMatch(/^skus allow a basket of 1000000002 /);
    expect(saidOf({ ...priced(most + 1), limits: { unitsPerShopper: 1 } })).toEqual([]);
    expect(saidOf({ ...priced(most), ...regions(region({ amountMinor: 1 })) })[0]).toMatch(
      /^shipping.regions.0 allow/,
    );
    const taxed = regions(region({ amountMinor: 0, taxRatePermyriad: 1, isTaxIncluded: false }));
    expect(saidOf({ ...priced(most), ...taxed })[0]).toMatch(/^shipping.regions.0 allow/);
  });

  test("an address on this machine needs no encryption in mode test", () => {
    const local = {
      shipping: { quoteUrl: "http://127.0.0.1:9000/quote", keys: [QUOTE_KEY], countries: ["*"] },
    };
    expect(saidOf(local)).toEqual([]);
    expect(
      saidOf({ shipping: { ...local.shipping, quoteUrl: "http://127.0.0.1.shop.com/quote" } }),
    ).toHaveLength(1);
    expect(saidOf({ ...local, mode: "live" }).map((line) => line.split(" ")[0])).toEqual([
      "gateway",
      "shipping.quoteUrl",
    ]);
  });

  test("a quote is asked for at a public name, in either mode", () => {
    for (const mode of ["test", "live"])
      for (const quoteUrl of [
        "https://10.0.0.1/quote",
        "https://metadata.google.internal/quote",
        "https://shop.com:22/",
      ])
        expect(
          saidOf({ mode, shipping: { quoteUrl, keys: [QUOTE_KEY], countries: ["*"] } }).filter((line) =>
            line.startsWith("shipping.quoteUrl is "),
          ),
        ).toHaveLength(1);
  });

  test("a key of a quote has 32 bytes, no more and no fewer", () => {
    const said = (chars: number, changes = {}) =>
      saidOf({
        shipping: {
          quoteUrl: "https://quotes.shop.com/quote",
          keys: [{ ...QUOTE_KEY, x: "A".repeat(chars), ...changes }],
          countries: ["*"],
        },
      });
    const curve = { alg: "ES256", kty: "EC", crv: "P-256" };
    expect([said(43), said(43, { ...curve, y: "A".repeat(43) })]).toEqual([[], []]);
    for (const wrong of [said(4), said(42), said(44), said(42, { x: `${"A".repeat(42)}=` })])
      expect(wrong[0]).toMatch(/^shipping.keys.0.x is "A.*, but must be 32 bytes in base64url/);
    expect(said(43, { ...curve, y: "A".repeat(42) })[0]).toMatch(/^shipping.keys.0.y/);
  });

  test("countries are the 249 of ISO 3166-1, and each has a name", () => {
    expect(new Set(COUNTRIES).size).toBe(249);
    const names = new Intl.DisplayNames("en", { type: "region", fallback: "none" });
    expect(COUNTRIES.filter((code) => names.of(code) === undefined)).toEqual([]);
  });
});

test("what is allowed and seldom meant is a warning", () => {
  const warned = (changes: Record<string, unknown>, at = "2027-01-01T00:00:00Z") =>
    warningsOf(DropFields.parse(draft(changes)), Date.parse(at)).map(({ path }) => path.join("."));
  expect(warned({})).toEqual([]);
  expect(warned({}, "2027-03-01T10:00:00Z")).toEqual(["opensAt"]);
  expect(warned({}, "2027-03-01T12:00:00Z")).toEqual(["closesAt"]);
  expect(warned({ limits: { unitsPerShopper: 3 } })).toEqual(["limits.identity"]);
  expect(warned({ limits: { unitsPerShopper: 3, identity: "verified_mail" } })).toEqual([]);
  expect(warned({ limits: { unitsPerAddress: 1 } })).toEqual(["limits.unitsPerAddress"]);
  expect(warned({ skus: [sku({ perShopper: 2 })], limits: { unitsPerMail: 1 } })).toEqual([
    "limits.unitsPerMail",
  ]);
  expect(warned({ skus: [sku({ stock: 0 })] })).toEqual(["skus.0.stock"]);
  expect(warned({ skus: [sku({ stock: 1, perShopper: 2 })] })).toEqual(["skus.0.perShopper"]);
});

test("a word is near to another by a slip of the finger, and not by chance", () => {
  expect(nearest("Currnecy", ["currency", "name"])).toBe("currency");
  expect(nearest("nmae", ["name", "line"])).toBe("name");
  expect(nearest("de", ["DE", "ES"])).toBe("DE");
  expect(nearest("dx", ["DE", "ES"])).toBeNull();
  expect(nearest("color", ["windowMs"])).toBeNull();
});

describe("the published JSON Schema", () => {
  const schema = dropJsonSchema();
  const accepts = new Ajv2020({ strict: true, validateFormats: false }).compile(schema);

  test("is not stale: npm run drop -- schema --out public/schema/drop-document.json", () => {
    const path = join(ROOT, "public", "schema", "drop-document.json");
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(schema);
  });

  test("explains every field", () => {
    const unexplained: string[] = [];
    const visit = (node: Record<string, unknown>, path: string) => {
      const { properties, items, anyOf } = node as { properties?: object; items?: object; anyOf?: object[] };
      for (const [name, field] of Object.entries(properties ?? {})) {
        if (!(field as { description?: string }).description) unexplained.push(`${path}.${name}`);
        visit(field as Record<string, unknown>, `${path}.${name}`);
      }
      if (items) visit(items as Record<string, unknown>, `${path}[]`);
      for (const option of anyOf ?? []) visit(option as Record<string, unknown>, path);
    };
    visit(schema as Record<string, unknown>, "");
    expect(unexplained).toEqual([]);
  });

  test("accepts every document that Dropline accepts", () => {
    fc.assert(
      fc.property(documents, (document) => {
        expect(DropFields.safeParse(document).error).toBeUndefined();
        expect(accepts(document), JSON.stringify(accepts.errors)).toBe(true);
      }),
    );
  });

  test("decides like Dropline about a document with one thing changed", () => {
    let refused = 0;
    fc.assert(
      fc.property(mutated, (document) => {
        const isAccepted = DropFields.safeParse(document).success;
        refused += isAccepted ? 0 : 1;
        expect(accepts(document), JSON.stringify(document)).toBe(isAccepted);
      }),
      { numRuns: 500 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  test.each(["examples/demo-drop.json"])("accepts %s, which Dropline accepts too", (file) => {
    const document = JSON.parse(readFileSync(join(ROOT, file), "utf8"));
    expect(accepts(document), JSON.stringify(accepts.errors)).toBe(true);
    expect(DropDocument.safeParse(document).error).toBeUndefined();
  });
});
