import { LIMITS } from "../../schema/limits.ts";
import type { Refusal } from "../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../schema/result.ts";
import type {
  CommitItem,
  GiveBackItem,
  PinItem,
  ReleaseItem,
  Reservation,
  ReserveItem,
  ReserveRefusal,
  SkuTerms,
  StepRefusal,
} from "../../schema/rpc/sku-stock.ts";
import type { LedgerKind, ReservationState } from "../../schema/statuses.ts";

/** Units of one SKU. Always `stock = available + reserved + sold`, each >= 0. */
export type Counts = { stock: number; available: number; reserved: number; sold: number };

/** A reservation as it is stored: what callers see, the body it was asked with, whom it counts for, and the order's last step. */
export type ReservationRow = Reservation & { fingerprint: string; identity: string; step: number };

/** What a decision writes: the reservation's new row, if it changes, and how the counts move by so many units, if they do. */
export type Change =
  | { row: ReservationRow; kind: LedgerKind; counts: Counts; units: number }
  | { row: ReservationRow; kind: null };

/** `change` is null for a repeat: the answer is the row as it stands. */
export type Decision<Reason> = Result<{ row: ReservationRow; change: Change | null }, Reason>;

const isTaken = (state: ReservationState) => state === "held" || state === "pinned" || state === "committed";

/** Units that count against a shopper's limit. */
export function unitsTaken(rows: readonly Pick<ReservationRow, "state" | "quantity" | "returned">[]): number {
  return rows.reduce((units, row) => units + (isTaken(row.state) ? row.quantity - row.returned : 0), 0);
}

/**
 * May this shopper take these units now? The caller has swept what is due, so `counts` is exact at `nowMs`.
 * `arePromised`: whatever is free belongs to people who wait. `shopperRows` has at least the rows that take units.
 * A repeat (same id, same body) gets the row it made, or is told that it lapsed since.
 */
export function decideReserve(input: {
  terms: SkuTerms;
  counts: Counts;
  existing: ReservationRow | null;
  shopperRows: readonly ReservationRow[];
  arePromised: boolean;
  item: ReserveItem;
  nowMs: number;
}): Decision<ReserveRefusal> {
  const { terms, counts, existing, item, nowMs } = input;
  if (existing) {
    if (existing.fingerprint !== item.fingerprint) return refuse({ code: "idempotency_key_reused" });
    if (!isTaken(existing.state)) return refuse({ code: "reservation_lapsed" });
    return ok({ row: existing, change: null });
  }
  if (nowMs < terms.opensAtMs)
    return refuse({ code: "drop_not_open", retryAfterMs: terms.opensAtMs - nowMs });
  if (nowMs >= terms.closesAtMs) return refuse({ code: "drop_closed" });
  if (unitsTaken(input.shopperRows) + item.quantity > terms.perShopper)
    return refuse({ code: "shopper_limit_reached" });
  if (input.arePromised || counts.available < item.quantity) {
    if (counts.sold === counts.stock) return refuse({ code: "sold_out" });
    return refuse({ code: "all_reserved", retryAfterMs: LIMITS.allReservedRetryMs });
  }
  const row = heldRow(terms, item, { nowMs, ttlMs: terms.reservationTtlMs });
  return moved(row, "reserve", move(counts, item.quantity, "available", "reserved"));
}

/** Units that are one shopper's until a deadline, at the price of this moment. */
export function heldRow(
  terms: SkuTerms,
  { reservationId, fingerprint, shopperId, identity, ticketId, quantity }: Omit<ReserveItem, "isFirstLine">,
  { nowMs, ttlMs }: { nowMs: number; ttlMs: number },
): ReservationRow {
  return {
    reservationId,
    fingerprint,
    skuId: terms.skuId,
    shopperId,
    identity,
    ticketId,
    quantity,
    unitPriceMinor: terms.unitPriceMinor,
    currency: terms.currency,
    version: terms.version,
    state: "held",
    createdAtMs: nowMs,
    deadlineAtMs: nowMs + ttlMs,
    orderId: null,
    returned: 0,
    step: 0,
  };
}

/** A held row whose deadline has come. Deadlines are exclusive: at the deadline itself it is over. */
export function decideLapse(row: ReservationRow, counts: Counts): Change {
  return {
    row: { ...row, state: "lapsed" },
    kind: "lapse",
    counts: move(counts, row.quantity, "reserved", "available"),
    units: row.quantity,
  };
}

/**
 * Gives a basket's line back before any order had it: the row goes, so that its key may be used as if for the first time.
 * Null: nothing is held under it (any more). A row made later under the same key is another one, and stays.
 */
export function decideGiveBack(
  row: ReservationRow | null,
  item: Omit<GiveBackItem, "isFirstLine">,
  counts: Counts,
): Result<Change | null, Refusal<"reservation_taken">> {
  if (!row || row.shopperId !== item.shopperId) return ok(null);
  if (item.createdAtMs !== null && row.createdAtMs !== item.createdAtMs) return ok(null);
  switch (row.state) {
    case "held":
      return ok({
        row,
        kind: "give_back",
        counts: move(counts, row.quantity, "reserved", "available"),
        units: row.quantity,
      });
    case "pinned":
    case "committed":
      return refuse({ code: "reservation_taken" });
    case "released":
    case "lapsed":
      return ok(null);
  }
}

/** Takes the deadline away: from here on an order answers for the units. */
export function decidePin(row: ReservationRow | null, item: PinItem): Decision<StepRefusal> {
  if (!row || row.shopperId !== item.shopperId) return refuse({ code: "reservation_not_found" });
  const fence = fenceStep(row, item);
  if (fence?.code === "reservation_taken") return refuse(fence);
  switch (row.state) {
    // Whatever the number: an order that was refused and forgotten is told the same when it is asked for again.
    case "released":
    case "lapsed":
      return refuse({ code: "reservation_lapsed" });
    case "held":
      if (fence) return refuse(fence);
      return changed({ ...row, state: "pinned", orderId: item.orderId, step: item.step });
    case "pinned":
    case "committed":
      return fence ? refuse(fence) : ok({ row, change: null });
  }
}

/**
 * Sells the units. A `late` commit takes free units again for a row that was given back, unless its shopper has taken
 * others since and would pass the limit. Free units that are promised to people who wait count as free here: whoever
 * paid late had taken them before.
 */
export function decideCommit(input: {
  terms: Pick<SkuTerms, "perShopper">;
  row: ReservationRow | null;
  shopperRows: readonly ReservationRow[];
  item: CommitItem;
  counts: Counts;
}): Decision<StepRefusal> {
  const { terms, row, shopperRows, item, counts } = input;
  if (!row || row.orderId !== item.orderId) return refuse({ code: "reservation_not_found" });
  const fence = fenceStep(row, item);
  if (fence) return refuse(fence);
  const committed: ReservationRow = { ...row, state: "committed", step: item.step };
  switch (row.state) {
    case "pinned":
      return moved(committed, "commit", move(counts, row.quantity, "reserved", "sold"));
    case "committed":
      return ok({ row, change: null });
    case "held":
      return refuse({ code: "internal", detail: "committed before it was pinned" });
    case "released":
    case "lapsed":
      if (!item.late) return refuse({ code: "reservation_lapsed" });
      if (counts.available < row.quantity) return refuse({ code: "sold_out" });
      if (unitsTaken(shopperRows) + row.quantity > terms.perShopper)
        return refuse({ code: "reservation_lapsed", detail: "the shopper has taken other units since" });
      return moved({ ...committed, returned: 0 }, "late", move(counts, row.quantity, "available", "sold"));
  }
}

/**
 * Gives an order's units back, sold ones too (their capture failed), save those that were returned before. A line that is still held is of a basket whose other
 * line was refused to the order: it goes back too, under the order's number, so that a pin still under way finds it taken.
 */
export function decideRelease(
  row: ReservationRow | null,
  item: ReleaseItem,
  counts: Counts,
): Decision<StepRefusal> {
  const isOurs = row !== null && (row.orderId === item.orderId || row.state === "held");
  if (!isOurs) return refuse({ code: "reservation_not_found" });
  const fence = fenceStep(row, item);
  if (fence) return refuse(fence);
  const released: ReservationRow = { ...row, state: "released", orderId: item.orderId, step: item.step };
  switch (row.state) {
    case "held":
    case "pinned":
      return moved(released, "release", move(counts, row.quantity, "reserved", "available"));
    case "committed": {
      const units = row.quantity - row.returned;
      return moved(released, "reverse", move(counts, units, "sold", "available"), units);
    }
    case "released":
    case "lapsed":
      // Given back already, but the number counts: an older step that is still under way does nothing any more.
      return item.step > row.step ? changed({ ...row, step: item.step }) : ok({ row, change: null });
  }
}

/** When the object must wake: at the earliest deadline, or when its level may be told to the line. */
export function nextAlarm(rows: {
  earliestDeadlineMs: number | null;
  pushDueAtMs: number | null;
}): number | null {
  const due = [rows.earliestDeadlineMs, rows.pushDueAtMs].filter((atMs) => atMs !== null);
  return due.length === 0 ? null : Math.min(...due);
}

export function move(counts: Counts, quantity: number, from: keyof Counts, to: keyof Counts): Counts {
  return { ...counts, [from]: counts[from] - quantity, [to]: counts[to] + quantity };
}

function changed(row: ReservationRow): Decision<never> {
  return ok({ row, change: { row, kind: null } });
}

function moved(
  row: ReservationRow,
  kind: LedgerKind,
  counts: Counts,
  units: number = row.quantity,
): Decision<never> {
  return ok({ row, change: { row, kind, counts, units } });
}

/** Another order's row, or a step that was overtaken: a message that was under way while its order moved on. */
function fenceStep(
  row: ReservationRow,
  item: { orderId: string; step: number },
): Refusal<"reservation_taken" | "request_in_progress"> | null {
  if (row.orderId !== null && row.orderId !== item.orderId) return { code: "reservation_taken" };
  if (item.step < row.step)
    return { code: "request_in_progress", detail: "a later step of this order was taken" };
  return null;
}
