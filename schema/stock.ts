import * as z from "zod";
import { OrderId, SkuId } from "./ids.ts";
import { LIMITS } from "./limits.ts";
import { SkuLevel } from "./line.ts";
import { REFUSAL_CODES } from "./refusals.ts";

/**
 * The brand's hands on a SKU's stock, and what each number means in a warehouse:
 *
 * - a **difference** is units that came or went: a delivery of 20 is 20, three that fell off the pallet are -3. It is made as
 *   a whole or refused: nothing goes below what shoppers hold or have bought.
 * - a **count** is the units that lay there unsold at the instant `asOf`: free ones, and those in a basket or in an order that
 *   was not paid yet. Units of paid orders do not count, whether they have left the house or still lie there packed. Whatever
 *   was sold, returned or corrected after `asOf` is reckoned with by us: count, write down when, and send it when you like.
 *   A count taken before one that was applied already changes nothing. Fewer than shoppers hold at the moment: the free units
 *   go, and `short` says how many are missing; the next count sets that right.
 * - a **return** is bought units of one order that came back: for sale again, or out of the stock. A unit that nobody can
 *   say the order of is a difference.
 */
const reason = z.string().trim().min(1).max(LIMITS.stockReasonMaxChars);
const difference = z
  .int()
  .min(-LIMITS.stockMax)
  .max(LIMITS.stockMax)
  .refine((delta) => delta !== 0, "not zero");
const count = z.int().min(0).max(LIMITS.stockMax);
const asOf = z.iso.datetime({ offset: true });

/** POST /v1/drops/:drop/skus/:sku/stock of the console, with an Idempotency-Key -> 200. */
export const CorrectStockRequest = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("difference"), delta: difference, reason }),
  z.strictObject({ kind: z.literal("count"), count, asOf, reason }),
]);
export type CorrectStockRequest = z.infer<typeof CorrectStockRequest>;

/** POST /v1/drops/:drop/skus/:sku/returns of the console, with an Idempotency-Key -> 200. Moves no money. */
export const ReturnRequest = z.strictObject({
  orderId: OrderId,
  quantity: z.int().min(1).max(LIMITS.unitsPerReservationMax),
  isResellable: z.boolean(),
  reason: reason.default("returned"),
});
export type ReturnRequest = z.infer<typeof ReturnRequest>;

/** The correction by which an order's units come back. Order and console make it both, and only the first changes anything. */
export const orderReturnId = (orderId: OrderId, returnId: string): string => `order:${orderId}:${returnId}`;

/** `delta`: units that the stock rose or fell by. `level`: how it stands now, also in the answer to a repeat. */
export const AdjustedAnswer = z.object({
  outcome: z.enum(["applied", "stale"]),
  delta: z.int(),
  short: z.int(),
  level: SkuLevel,
});

/**
 * POST /stock-sync/:drop of the console, signed as a Standard Webhook with STOCK_SYNC_SECRET -> 200 with an answer an item.
 * The same webhook-id again changes nothing. Items are independent: one that is refused leaves the others as they are.
 */
export const StockSyncRequest = z.strictObject({
  items: z
    .array(
      z.union([z.strictObject({ skuId: SkuId, difference }), z.strictObject({ skuId: SkuId, count, asOf })]),
    )
    .min(1)
    .max(LIMITS.skusPerDropMax)
    .refine((items) => new Set(items.map(({ skuId }) => skuId)).size === items.length, "one item a SKU"),
});
export type StockSyncRequest = z.infer<typeof StockSyncRequest>;

export const StockSyncAnswer = z.object({
  items: z.array(
    z.union([
      AdjustedAnswer.extend({ skuId: SkuId }),
      z.object({
        skuId: SkuId,
        outcome: z.literal("refused"),
        code: z.enum(REFUSAL_CODES),
        detail: z.string().optional(),
      }),
    ]),
  ),
});
export type StockSyncAnswer = z.infer<typeof StockSyncAnswer>;
