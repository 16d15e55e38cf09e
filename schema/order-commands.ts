import * as z from "zod";
import { BasketLine } from "./http.ts";
import { LIMITS } from "./limits.ts";
import { AmountMinor } from "./money.ts";

/** What the brand asks of an order at the console, each with an Idempotency-Key -> 200 with the order as it stands. */

const reason = z.string().trim().min(1).max(LIMITS.stockReasonMaxChars);
const label = z.string().trim().min(1).max(LIMITS.trackingMaxChars);
const lines = z
  .array(BasketLine.required())
  .min(1)
  .max(LIMITS.basketLinesMax)
  .refine((all) => new Set(all.map(({ skuId }) => skuId)).size === all.length, "one line a SKU");

/**
 * POST /v1/orders/:order/cancel. What was charged goes back, whole. `restock`: false when units that were paid for are no
 * longer there to be sold; those of an order that was not paid for are for sale again in any case.
 */
export const CancelOrderRequest = z.strictObject({ reason, restock: z.boolean().default(true) });
export type CancelOrderRequest = z.infer<typeof CancelOrderRequest>;

/**
 * POST /v1/orders/:order/refunds. Without amount and lines all that is left goes back; with lines alone, their price
 * (shipping, and tax that was added, go back by an amount). `restock`: the units are for sale again: those of the lines,
 * or all of them.
 */
export const RefundRequest = z
  .strictObject({
    amountMinor: AmountMinor.refine((amount) => amount > 0, "at least 1").optional(),
    lines: lines.optional(),
    restock: z.boolean(),
    reason,
  })
  .refine(({ amountMinor, lines, restock }) => !restock || lines !== undefined || amountMinor === undefined, {
    path: ["lines"],
    message: "a part of the amount restocks only units that are named",
  });
export type RefundRequest = z.infer<typeof RefundRequest>;

/** POST /v1/orders/:order/shipments. Without lines: all that was not shipped yet. */
export const ShipmentRequest = z.strictObject({
  carrier: label,
  trackingNumber: label,
  trackingUrl: z
    .url({ abort: true })
    .regex(/^https:\/\//, "an address that begins with https://")
    .max(LIMITS.urlMaxChars)
    .optional(),
  lines: lines.optional(),
});
export type ShipmentRequest = z.infer<typeof ShipmentRequest>;
