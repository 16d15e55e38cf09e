import { LIMITS } from "../../../schema/limits.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { SkuTerms } from "../../../schema/rpc/sku-stock.ts";
import type { WaitItem, WaitRefusal } from "../../../schema/rpc/waiting-list.ts";
import type { WaitingState } from "../../../schema/statuses.ts";
import { type Change, type Counts, heldRow, move, type ReservationRow, unitsTaken } from "../decide.ts";

/** An entry as it is stored. What became of an offer is told by the reservation that it made, and nowhere else. */
export type WaitingRow = WaitItem & {
  seq: number;
  state: "waiting" | "offered" | "left";
  sinceMs: number;
  /** Orders that came before the offer were refused: an older step of theirs is a copy that was under way since. */
  nextStep: number;
};

/** `entry`: the one that answers; null: a new one at the end of the list. */
export type WaitDecision = Result<{ entry: WaitingRow | null }, WaitRefusal>;

/**
 * May this shopper wait? The same id is a repeat and gets its entry, whatever became of it. Another id of a shopper whose
 * entry is still open (`open`: waiting or offered) gets that one, if it is for as many units.
 */
export function decideWait(input: {
  terms: SkuTerms;
  existing: WaitingRow | null;
  open: WaitingRow | null;
  shopperRows: readonly ReservationRow[];
  waiting: number;
  item: WaitItem;
  nowMs: number;
}): WaitDecision {
  const { terms, existing, open, shopperRows, item, nowMs } = input;
  const isReused =
    existing?.fingerprint !== item.fingerprint &&
    (existing !== null || shopperRows.some((row) => row.reservationId === item.reservationId));
  if (isReused) return refuse({ code: "idempotency_key_reused" });
  if (existing) return ok({ entry: existing });
  if (!terms.waitingOpen) return refuse({ code: "waiting_list_closed" });
  if (nowMs < terms.opensAtMs)
    return refuse({ code: "drop_not_open", retryAfterMs: terms.opensAtMs - nowMs });
  if (nowMs >= terms.closesAtMs) return refuse({ code: "drop_closed" });
  if (open)
    return open.quantity === item.quantity ? ok({ entry: open }) : refuse({ code: "already_waiting" });
  if (unitsTaken(shopperRows) + item.quantity > terms.perShopper)
    return refuse({ code: "shopper_limit_reached" });
  if (input.waiting >= LIMITS.waitingEntriesMax) return refuse({ code: "waiting_list_full" });
  return ok({ entry: null });
}

/**
 * Units of the largest entry that may still be served: what is free, and what may come back. Larger ones are passed over and
 * keep their place, so that nothing lies idle for somebody who certainly cannot have it.
 */
export function unitsToCome({ available, reserved }: Counts): number {
  return available + reserved;
}

/**
 * The offer to the entry whose turn it is: units held for it under its own id. `wait`: too few are free for it now, and
 * nobody behind it overtakes. `drop`: its shopper has taken others since and would pass the limit, or its id is in use.
 */
export function decideOffer(input: {
  terms: SkuTerms;
  counts: Counts;
  entry: WaitingRow;
  shopperRows: readonly ReservationRow[];
  nowMs: number;
}): { kind: "offer"; change: Change } | { kind: "drop" } | { kind: "wait" } {
  const { terms, counts, entry, shopperRows, nowMs } = input;
  if (entry.quantity > counts.available) return { kind: "wait" };
  const isIdInUse = shopperRows.some((row) => row.reservationId === entry.reservationId);
  if (isIdInUse || unitsTaken(shopperRows) + entry.quantity > terms.perShopper) return { kind: "drop" };
  const held = heldRow(terms, entry, { nowMs, ttlMs: terms.offerTtlMs });
  const row = { ...held, step: entry.nextStep };
  const taken = move(counts, entry.quantity, "available", "reserved");
  return { kind: "offer", change: { row, kind: "offer", counts: taken, units: entry.quantity } };
}

/** How an entry stands, by the reservation that its offer made. After the drop's end nobody is offered anything any more. */
export function standingOf(
  entry: WaitingRow,
  offered: ReservationRow | null,
  terms: SkuTerms,
  nowMs: number,
): WaitingState {
  if (entry.state === "waiting") return nowMs < terms.closesAtMs ? "waiting" : "lapsed";
  if (entry.state === "left" || !offered) return "left";
  switch (offered.state) {
    case "held":
      return "offered";
    case "pinned":
    case "committed":
    case "released":
      return "taken";
    case "lapsed":
      return "lapsed";
  }
}
