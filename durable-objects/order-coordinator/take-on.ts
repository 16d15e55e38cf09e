import { refuse } from "../../schema/result.ts";
import type { PlaceAnswer, PlaceItem } from "../../schema/rpc/orders.ts";
import { newFacts } from "./decide.ts";
import type { OrderStore } from "./store.ts";

/**
 * Writes an order for a basket that is its shopper's: from here on it goes its way by itself. null: it was written. An
 * order for anything else is refused before a SKU hears of it, so no pin can come before its reservation; so is one that its
 * drop's terms do not allow, and one whose basket another order has, whatever became of that one.
 */
export function takeOn(
  store: Pick<OrderStore, "reservation" | "insert">,
  { payment, terms, ...item }: PlaceItem,
  nowMs: number,
): PlaceAnswer | null {
  if (!terms.ok) return terms;
  const reservation = store.reservation(item.reservationId);
  const isTheirs = reservation?.shopperId === item.shopperId && reservation.dropId === item.dropId;
  if (!isTheirs) return refuse({ code: "reservation_not_found" });
  if (reservation.isGivenBack) return refuse({ code: "reservation_given_back" });
  if (reservation.orderId !== null) return refuse({ code: "reservation_taken" });
  const { lines, claim: basketClaim } = reservation;
  store.insert({ ...item, ...terms.value, lines, basketClaim }, newFacts(payment, item.unknownHoldMs), nowMs);
  return null;
}
