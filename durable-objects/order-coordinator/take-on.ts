import { refuse } from "../../schema/result.ts";
import type { PlaceAnswer, PlaceItem } from "../../schema/rpc.ts";
import { newFacts } from "./decide.ts";
import type { OrderStore } from "./store.ts";

/**
 * Writes an order for a basket that is its shopper's: from here on it goes its way by itself. null: it was written. An
 * order for anything else is refused before a SKU hears of it, so no pin can come before its reservation; and so is one that
 * its drop's terms do not allow.
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
  const { lines, claim } = reservation;
  const claims = claim === null ? terms.value.claims : [...terms.value.claims, claim];
  store.insert({ ...item, ...terms.value, lines, claims }, newFacts(payment, item.unknownHoldMs), nowMs);
  return null;
}
