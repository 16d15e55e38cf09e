import fc from "fast-check";
import { MODES } from "../../schema/drop-document.ts";
import { LIMITS, RANGES } from "../../schema/limits.ts";
import { COUNTRIES, LOCATION_HINTS } from "../../schema/places.ts";

const within = ([least, , most]: readonly [number, number, number]) => fc.integer({ min: least, max: most });
const slug = fc.stringMatching(/^[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,3}$/);
const words = (max: number) =>
  fc.string({ minLength: 1, maxLength: Math.min(max, 40), unit: "grapheme-ascii" });
const moment = fc
  .tuple(
    fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true }),
    fc.constantFrom("Z", "+01:00"),
  )
  .map(([at, offset]) => at.toISOString().replace("Z", offset));
const address = fc.webUrl({ validSchemes: ["https", "http"] });
const units = fc.option(fc.integer({ min: 1, max: LIMITS.unitsPerIdentityMax }));
const countries = fc.oneof(
  fc.constant(["*"]),
  fc.array(fc.constantFrom(...COUNTRIES), { minLength: 1, maxLength: 5 }),
);

const sku = fc.record(
  {
    id: slug,
    name: words(LIMITS.nameMaxChars),
    stock: fc.integer({ min: 0, max: LIMITS.stockMax }),
    priceMinor: fc.integer({ min: 0, max: LIMITS.amountMinorMax }),
    perShopper: within(RANGES.perShopper),
  },
  { requiredKeys: ["id", "name", "stock", "priceMinor"] },
);

const region = fc.record({
  countries,
  label: words(LIMITS.nameMaxChars),
  amountMinor: fc.integer({ min: 0, max: LIMITS.amountMinorMax }),
  taxRatePermyriad: fc.integer({ min: 0, max: 10_000 }),
  isTaxIncluded: fc.boolean(),
});

export const QUOTE_KEY = { kid: "q1", alg: "EdDSA", kty: "OKP", crv: "Ed25519", x: "A".repeat(43) };

const shipping = fc.oneof(
  fc.record({ regions: fc.array(region, { minLength: 1, maxLength: 3 }) }),
  fc.record({ quoteUrl: address, keys: fc.constant([QUOTE_KEY]), countries }),
);

/** Documents whose fields are each right; what holds between fields is not looked after. */
export const documents: fc.Arbitrary<Record<string, unknown>> = fc.record(
  {
    $schema: fc.constant("https://shop.example/schema/drop-document.json"),
    id: slug,
    name: words(LIMITS.nameMaxChars),
    description: fc.string({ maxLength: 100 }),
    mode: fc.constantFrom(...MODES),
    currency: fc.stringMatching(/^[A-Z]{3}$/),
    lobbyOpensAt: moment,
    opensAt: moment,
    closesAt: moment,
    line: fc.record(
      { windowMs: within(RANGES.windowMs), admitPerSecond: within(RANGES.admitPerSecond) },
      { requiredKeys: [] },
    ),
    timing: fc.record(
      {
        reservationTtlMs: within(RANGES.reservationTtlMs),
        paymentWindowMs: within(RANGES.paymentWindowMs),
        unknownHoldMs: within(RANGES.unknownHoldMs),
        commandResendMs: within(RANGES.commandResendMs),
      },
      { requiredKeys: [] },
    ),
    limits: fc.record(
      {
        identity: fc.constantFrom("none", "verified_mail", "signed_claim"),
        unitsPerShopper: units,
        unitsPerMail: units,
        unitsPerAddress: units,
        unitsPerInstrument: units,
      },
      { requiredKeys: [] },
    ),
    waitingList: fc.record({ isOpen: fc.boolean(), offerMs: within(RANGES.offerMs) }, { requiredKeys: [] }),
    gateway: fc.constant("sandbox"),
    shipping: fc.option(shipping),
    terms: fc.option(fc.record({ version: words(LIMITS.termsVersionMaxChars), url: address })),
    audience: fc.array(fc.constantFrom(...LOCATION_HINTS), { maxLength: 3 }),
    skus: fc.array(sku, { minLength: 1, maxLength: 4 }),
  },
  { requiredKeys: ["id", "name", "currency", "lobbyOpensAt", "opensAt", "closesAt", "skus"] },
) as fc.Arbitrary<Record<string, unknown>>;

const STRANGE = [
  null,
  true,
  -1,
  0,
  1.5,
  10_001,
  LIMITS.amountMinorMax + 1,
  2 ** 53,
  "",
  "x",
  "EUR",
  "UK",
  "*",
  "A Slug",
  "x".repeat(LIMITS.descriptionMaxChars + 1),
  "2027-02-30T10:00:00Z",
  "2027-03-01T10:00:00",
  [],
  ["*"],
  ["weur", "mars"],
  {},
  { surprise: 1 },
];

/** One value anywhere in a document is dropped, replaced by a strange one, or gets a stranger beside it. */
export const mutated = fc
  .record({
    document: documents,
    at: fc.nat(),
    change: fc.oneof(
      fc.constant({ kind: "drop" as const }),
      fc.constant({ kind: "add" as const }),
      fc.record({ kind: fc.constant("replace" as const), by: fc.constantFrom(...STRANGE) }),
    ),
  })
  .map(({ document, at, change }) => {
    const copy = structuredClone(document);
    const places: { holder: Record<string, unknown>; key: string }[] = [];
    const visit = (holder: Record<string, unknown>) => {
      for (const [key, value] of Object.entries(holder)) {
        places.push({ holder, key });
        if (typeof value === "object" && value !== null) visit(value as Record<string, unknown>);
      }
    };
    visit(copy);
    const place = places[at % places.length];
    if (place === undefined) return copy;
    const { holder, key } = place;
    if (change.kind === "add") holder.surprise = 1;
    else if (change.kind === "replace") holder[key] = structuredClone(change.by);
    else if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete holder[key];
    return copy;
  });
