import { LIMITS } from "../../../schema/limits.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { AdjustRefusal, SkuTerms, StockChange } from "../../../schema/rpc/sku-stock.ts";
import type { LedgerKind } from "../../../schema/statuses.ts";
import { type Counts, move, type ReservationRow } from "../decide.ts";

/**
 * What a correction writes. `delta`: units that the stock rises or falls by; `units`: what the ledger's line is over.
 * `short`: units that a count missed and that cannot be taken away, for shoppers hold them.
 */
export type Correction = {
  kind: LedgerKind;
  counts: Counts;
  units: number;
  delta: number;
  short: number;
  row: ReservationRow | null;
};

type Change<Kind extends StockChange["kind"]> = Extract<StockChange, { kind: Kind }>;

/** New or lost units, all of them or none. Never below what is reserved and sold. */
export function decideDifference(
  counts: Counts,
  { delta }: Pick<Change<"difference">, "delta">,
): Result<Correction, AdjustRefusal> {
  if (counts.available + delta < 0) return refuse({ code: "stock_below_taken" });
  return grown(counts, { kind: "adjust", delta, short: 0 });
}

/**
 * A count of unsold units as a difference: to what was `believed` unsold at the instant of the count. So whatever was sold,
 * returned or corrected since stays as it is. Of units that were not found the free ones go; held ones cannot, and are told.
 */
export function decideCount(
  counts: Counts,
  { count }: Pick<Change<"count">, "count">,
  believed: number,
): Result<Correction, AdjustRefusal> {
  const wanted = count - believed;
  const delta = Math.max(wanted, -counts.available);
  return grown(counts, { kind: "count", delta, short: delta - wanted });
}

/** Bought units that came back: for sale again, or out of the stock. Never more than the order has bought and not returned. */
export function decideReturn(
  counts: Counts,
  { orderId, quantity, isResellable }: Change<"return">,
  row: ReservationRow | null,
): Result<Correction, Refusal<"return_exceeds_sold">> {
  const bought = row?.orderId === orderId && row.state === "committed" ? row.quantity - row.returned : 0;
  if (row === null || quantity > bought) return refuse({ code: "return_exceeds_sold" });
  const returned = { ...row, returned: row.returned + quantity };
  const units = { units: quantity, short: 0, row: returned };
  if (isResellable) {
    return ok({ ...units, kind: "return", counts: move(counts, quantity, "sold", "available"), delta: 0 });
  }
  const less = { ...counts, stock: counts.stock - quantity, sold: counts.sold - quantity };
  return ok({ ...units, kind: "write_off", counts: less, delta: -quantity });
}

/**
 * What newly published terms change: the difference of the two documents' figures, so that corrections made in between stay.
 * Bounded by what is free, and by what a SKU can have. A SKU that the document no longer has loses all that is free.
 */
export function decideRepublish(counts: Counts, held: SkuTerms | null, terms: SkuTerms): Counts {
  const figures = terms.stock - (held?.stock ?? 0);
  const wanted = terms.isRemoved ? -counts.available : figures;
  const delta = Math.min(Math.max(wanted, -counts.available), LIMITS.stockMax - counts.stock);
  return { ...counts, stock: counts.stock + delta, available: counts.available + delta };
}

function grown(
  counts: Counts,
  { kind, delta, short }: { kind: LedgerKind; delta: number; short: number },
): Result<Correction, AdjustRefusal> {
  const next = { ...counts, stock: counts.stock + delta, available: counts.available + delta };
  if (next.stock > LIMITS.stockMax)
    return refuse({ code: "invalid_request", detail: "more units than a SKU can have" });
  return ok({ kind, counts: next, units: delta, delta, short, row: null });
}
