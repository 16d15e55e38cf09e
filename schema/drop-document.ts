import * as z from "zod";
import { DropId, SkuId } from "./ids.ts";
import { LIMITS, RANGES } from "./limits.ts";
import { AmountMinor, Currency } from "./money.ts";
import { GatewayName } from "./statuses.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;

const ranged = ([least, initial, most]: readonly [number, number, number], about: string) =>
  z.int().min(least).max(most).default(initial).describe(about);

export const SkuDocument = z.strictObject({
  id: SkuId.describe("Unique in this drop, e.g. runner-42"),
  name: z.string().min(1).max(LIMITS.nameMaxChars).describe("What shoppers read, e.g. Runner, EU 42"),
  stock: z.int().min(0).max(LIMITS.stockMax).describe("Units that exist"),
  priceMinor: AmountMinor.describe("Price of one unit in the currency's minor unit"),
  perShopper: ranged(RANGES.perShopper, "Units of this SKU that one shopper may hold or have bought"),
});
export type SkuDocument = z.infer<typeof SkuDocument>;

/** The document that a brand writes into KV under `drop:<id>`; publishing freezes it. Times are ISO 8601 with an offset. */
export const DropDocument = z
  .strictObject({
    id: DropId,
    name: z.string().min(1).max(LIMITS.nameMaxChars),
    description: z.string().max(LIMITS.descriptionMaxChars).default(""),
    currency: Currency,
    lobbyOpensAt: z.iso
      .datetime({ offset: true })
      .describe("From here on people may join; they are shuffled at the start"),
    opensAt: z.iso.datetime({ offset: true }).describe("The start"),
    closesAt: z.iso.datetime({ offset: true }).describe("The end; nothing is reserved after it"),
    line: z
      .strictObject({
        windowMs: ranged(RANGES.windowMs, "Arrivals within one window after the start are equal"),
        admitPerSecond: ranged(RANGES.admitPerSecond, "People admitted a second"),
      })
      .prefault({}),
    timing: z
      .strictObject({
        reservationTtlMs: ranged(RANGES.reservationTtlMs, "How long a unit is kept for a shopper"),
        paymentWindowMs: ranged(RANGES.paymentWindowMs, "How long an order waits for payment at the gateway"),
        unknownHoldMs: ranged(
          RANGES.unknownHoldMs,
          "How long a unit is kept while a payment's outcome is unknown",
        ),
        commandResendMs: ranged(
          RANGES.commandResendMs,
          "After which an unanswered payment command is sent again",
        ),
      })
      .prefault({}),
    gateway: GatewayName.default("sandbox"),
    skus: z.array(SkuDocument).min(1).max(LIMITS.skusPerDropMax),
  })
  .superRefine((document, context) => {
    const complain = (path: (string | number)[], message: string) =>
      context.addIssue({ code: "custom", path, message });
    if (Date.parse(document.lobbyOpensAt) > Date.parse(document.opensAt))
      complain(["lobbyOpensAt"], "must not be after opensAt");
    if (Date.parse(document.opensAt) >= Date.parse(document.closesAt))
      complain(["closesAt"], "must be after opensAt");
    if (Date.parse(document.closesAt) - Date.parse(document.lobbyOpensAt) > LIMITS.dropLengthMaxMs) {
      complain(["lobbyOpensAt"], `must be at most ${LIMITS.dropLengthMaxMs / DAY_MS} days before closesAt`);
    }
    // A command that was lost must come again while its order still waits for it.
    if (document.timing.commandResendMs >= document.timing.paymentWindowMs) {
      complain(["timing", "commandResendMs"], "must be shorter than paymentWindowMs");
    }
    const seen = new Set<string>();
    document.skus.forEach((sku, index) => {
      if (seen.has(sku.id)) complain(["skus", index, "id"], `${sku.id} appears twice`);
      seen.add(sku.id);
      if (sku.priceMinor * sku.perShopper > LIMITS.amountMinorMax) {
        complain(["skus", index, "perShopper"], `times priceMinor must not exceed ${LIMITS.amountMinorMax}`);
      }
    });
  });
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
