import * as z from "zod";
import { Handle } from "./catalog.ts";
import { brokenRules } from "./drop-rules.ts";
import { DropId, SkuId } from "./ids.ts";
import { KeyBytes } from "./key-bytes.ts";
import { LIMITS, RANGES } from "./limits.ts";
import { AmountMinor, Currency } from "./money.ts";
import { COUNTRIES, ELSEWHERE, LOCATION_HINTS, LocationHint } from "./places.ts";
import { GatewayName } from "./statuses.ts";

const ranged = ([least, initial, most]: readonly [number, number, number], about: string) =>
  z.int().min(least).max(most).default(initial).describe(about);

const named = (about: string) => z.string().min(1).max(LIMITS.nameMaxChars).describe(about);
const moment = (about: string) => z.iso.datetime({ offset: true }).describe(about);
const address = (about: string) =>
  z
    .url({ abort: true })
    .regex(/^https?:\/\//, "an address that begins with https://")
    .max(LIMITS.urlMaxChars)
    .describe(about);
const most = (about: string) =>
  z.int().min(1).max(LIMITS.unitsPerIdentityMax).nullable().default(null).describe(about);

export const SkuDocument = z.strictObject({
  id: SkuId.describe("Unique in this drop, in lower case, e.g. runner-42"),
  name: named("What shoppers read, e.g. Runner, EU 42"),
  stock: z.int().min(0).max(LIMITS.stockMax).describe("Units that exist"),
  priceMinor: AmountMinor.describe(
    "Price of one unit in the currency's minor unit: 12900 is 129.00 euros, and 12,900 yen",
  ),
  perShopper: ranged(RANGES.perShopper, "Units of this SKU that one shopper may hold or have bought"),
  product: Handle.nullable()
    .default(null)
    .describe("Handle of the catalog's product that this is, for its picture and options; null: none"),
  variant: z
    .string()
    .min(1)
    .max(LIMITS.catalogTextMaxChars)
    .nullable()
    .default(null)
    .describe(
      "Which variant of the product: its SKU code, or its option values as in 42 / Black; null: its only one",
    ),
});
export type SkuDocument = z.infer<typeof SkuDocument>;

/** `none`: a session. `verified_mail`: a one-time code was sent to it. `signed_claim`: the brand's own customer token. */
export const IDENTITIES = ["none", "verified_mail", "signed_claim"] as const;
export const Identity = z.enum(IDENTITIES);
export type Identity = z.infer<typeof Identity>;

export const LimitsDocument = z.strictObject({
  identity: Identity.default("none").describe(
    "What makes somebody one shopper: none (a session, which anybody can open anew), verified_mail (a one-time code) or signed_claim (your shop's own customer token, which a form of your shop posts as token to /drops/<id>/identity)",
  ),
  unitsPerShopper: most("Units over all SKUs of this drop for one shopper; null: only each SKU's perShopper"),
  unitsPerMail: most("Units for one mail address, after normalizing; null: no limit"),
  unitsPerAddress: most("Units for one shipping address, after normalizing; null: no limit"),
  unitsPerInstrument: most("Units for one payment instrument, e.g. one card; null: no limit"),
});
export type LimitsDocument = z.infer<typeof LimitsDocument>;

const countries = (about: string) =>
  z
    .array(z.enum([ELSEWHERE, ...COUNTRIES]))
    .min(1)
    .max(COUNTRIES.length)
    .describe(about);

export const ShippingRegion = z.strictObject({
  countries: countries(
    'ISO 3166-1 alpha-2 codes, e.g. ["DE", "AT"]; ["*"] is every country that no other region names',
  ),
  label: named("What shoppers read beside the amount, e.g. Standard shipping"),
  amountMinor: AmountMinor.describe("Shipping of one order in the currency's minor unit"),
  taxRatePermyriad: z.int().min(0).max(10_000).describe("Tax in hundredths of a percent: 1900 is 19 %"),
  isTaxIncluded: z
    .boolean()
    .describe("true: prices and shipping contain the tax, and it is only shown; false: it is added to them"),
});
export type ShippingRegion = z.infer<typeof ShippingRegion>;

const coordinate = KeyBytes.describe("32 bytes in base64url");
const kid = z
  .string()
  .regex(/^[\w.-]{1,64}$/, "1 to 64 letters, digits, _, . or -")
  .describe("Named in the header of each quote that it signs");

/** The public half alone: a document is no place for a secret. */
export const QuoteKey = z.discriminatedUnion("alg", [
  z.strictObject({
    kid,
    alg: z.literal("EdDSA"),
    kty: z.literal("OKP"),
    crv: z.literal("Ed25519"),
    x: coordinate,
  }),
  z.strictObject({
    kid,
    alg: z.literal("ES256"),
    kty: z.literal("EC"),
    crv: z.literal("P-256"),
    x: coordinate,
    y: coordinate,
  }),
]);
export type QuoteKey = z.infer<typeof QuoteKey>;

export const ShippingDocument = z.union([
  z.strictObject({
    regions: z
      .array(ShippingRegion)
      .min(1)
      .max(LIMITS.shippingRegionsMax)
      .describe("A fixed table; a country that no region names is not shipped to"),
  }),
  z.strictObject({
    quoteUrl: address(
      "Your endpoint that answers a POST of { drop, reservation, lines, subtotalMinor, currency, shippingAddress } with { quote }: a compact JWS by one of the keys, with aud dropline-quote, an exp within the hour, charges, and drop, reservation, subtotalMinor, currency and shippingAddress (its name may be left out) exactly as you were asked",
    ),
    keys: z
      .array(QuoteKey)
      .min(1)
      .max(LIMITS.quoteKeysMax)
      .refine((keys) => new Set(keys.map(({ kid }) => kid)).size === keys.length, "each kid is unique")
      .describe("Public keys (JWK) of what your endpoint signs its quotes with"),
    countries: countries('Where you ship to: ISO 3166-1 alpha-2 codes, or ["*"] for everywhere'),
  }),
]);
export type ShippingDocument = z.infer<typeof ShippingDocument>;

export const TermsDocument = z.strictObject({
  version: z
    .string()
    .min(1)
    .max(LIMITS.termsVersionMaxChars)
    .describe("Recorded with each order, e.g. 2027-03-01"),
  url: address("Where the terms can be read"),
});
export type TermsDocument = z.infer<typeof TermsDocument>;

/** `test`: the sandbox gateway, and no money moves. `live`: a gateway that takes money. */
export const MODES = ["test", "live"] as const;
export const Mode = z.enum(MODES);
export type Mode = z.infer<typeof Mode>;

/** The fields alone: what is wrong between them is in `brokenRules`. The published JSON Schema is made from this. */
export const DropFields = z.strictObject({
  $schema: z.string().max(LIMITS.urlMaxChars).optional().describe("For your editor; not part of the drop"),
  id: DropId.describe("Part of addresses, in lower case, e.g. spring-2027"),
  name: named("What shoppers read, e.g. Spring 2027"),
  description: z
    .string()
    .max(LIMITS.descriptionMaxChars)
    .default("")
    .describe("A paragraph for the drop's page"),
  mode: Mode.default("test").describe(
    "test: the sandbox gateway, no money moves; live: a gateway that takes money",
  ),
  currency: Currency.describe("ISO 4217, e.g. EUR"),
  lobbyOpensAt: moment(
    "From here on people may join; they are shuffled at the start. With an offset: 2027-03-01T17:00:00+01:00",
  ),
  opensAt: moment("The start"),
  closesAt: moment("The end; nothing is reserved after it"),
  line: z
    .strictObject({
      windowMs: ranged(
        RANGES.windowMs,
        "Arrivals within one window after the start are equal, in milliseconds",
      ),
      admitPerSecond: ranged(
        RANGES.admitPerSecond,
        "People who are to arrive a second; more are admitted, for those who do not turn up",
      ),
      claimWindowMs: ranged(
        RANGES.claimWindowMs,
        "How long a place can be claimed once its turn has come, in milliseconds; later its holder stands by until everybody else was served",
      ),
      beacon: z
        .enum(["off", "drand"])
        .default("off")
        .describe(
          "drand: the order of each window also takes a public random value that nobody can know before the window has closed, so that not even you can move a place; windows are then ranked some seconds later. off: the order is committed to beforehand, and you are trusted not to choose who joins when",
        ),
      challenge: z
        .enum(["none", "turnstile"])
        .default("none")
        .describe("What a browser must solve before it may join: none, or Cloudflare Turnstile"),
      mailInsteadOfChallenge: z
        .boolean()
        .default(true)
        .describe("Whether a code sent by mail does instead of the challenge, e.g. without JavaScript"),
    })
    .prefault({})
    .describe("The waiting line"),
  timing: z
    .strictObject({
      reservationTtlMs: ranged(
        RANGES.reservationTtlMs,
        "How long a unit is kept for a shopper, in milliseconds",
      ),
      paymentWindowMs: ranged(
        RANGES.paymentWindowMs,
        "How long an order waits for payment at the gateway, in milliseconds",
      ),
      unknownHoldMs: ranged(
        RANGES.unknownHoldMs,
        "How long a unit is kept while a payment's outcome is unknown, in milliseconds",
      ),
      commandResendMs: ranged(
        RANGES.commandResendMs,
        "After which an unanswered payment command is sent again, in milliseconds",
      ),
    })
    .prefault({})
    .describe("Deadlines"),
  limits: LimitsDocument.prefault({}).describe(
    "How much one shopper may buy, and what makes somebody one shopper",
  ),
  waitingList: z
    .strictObject({
      isOpen: z.boolean().default(false).describe("Whether people may wait for units that come back"),
      offerMs: ranged(
        RANGES.offerMs,
        "How long a freed unit is kept for the first who waits before it is offered to the next, in milliseconds",
      ),
    })
    .prefault({})
    .describe("The waiting list of each SKU"),
  gateway: GatewayName.default("sandbox").describe("Who takes the money"),
  shipping: ShippingDocument.nullable()
    .default(null)
    .describe("A fixed table of regions, or your quotes; null: no address is asked for and nothing is added"),
  terms: TermsDocument.nullable().default(null).describe("Terms that each order must consent to; null: none"),
  orders: z
    .strictObject({
      cancelWindowMs: ranged(
        RANGES.cancelWindowMs,
        "How long after its confirmation a shopper may cancel an order that was not shipped, in milliseconds; 0: not at all",
      ),
    })
    .prefault({})
    .describe("What shoppers may do with their orders"),
  audience: z
    .array(LocationHint)
    .max(LOCATION_HINTS.length)
    .default([])
    .describe(
      "Where the crowd is expected, most people first: the drop's objects are made near the first when it is published for the first time. Empty: near whoever publishes",
    ),
  skus: z.array(SkuDocument).min(1).max(LIMITS.skusPerDropMax).describe("What is sold"),
});
export type DropFields = z.infer<typeof DropFields>;

/** The document that a brand writes into KV under `drop:<id>`; publishing freezes it. Times are ISO 8601 with an offset. */
export const DropDocument = DropFields.superRefine((document, context) => {
  if (context.issues.length > 0) return;
  for (const { path, message } of brokenRules(document)) context.addIssue({ code: "custom", path, message });
}).transform(({ $schema, ...document }) => document);
export type DropDocument = z.infer<typeof DropDocument>;

/** A document as it was frozen: `version` is the SHA-256 of its canonical JSON, in hex. */
export const PublishedDrop = z.object({
  version: z.string().length(64),
  publishedAtMs: z.int(),
  document: DropDocument,
});
export type PublishedDrop = z.infer<typeof PublishedDrop>;

/** KV keys. `drop:` is the brand's to write; `published:` is a hint for lists, never decided from. */
export const kvKeys = {
  draft: (dropId: DropId) => `drop:${dropId}`,
  published: (dropId: DropId) => `published:${dropId}`,
  publishedPrefix: "published:",
};

/** KV metadata beside `published:<id>`, so that a list of drops is one KV list call. */
export const PublishedSummary = z.object({ name: z.string(), opensAt: z.string(), closesAt: z.string() });
export type PublishedSummary = z.infer<typeof PublishedSummary>;
