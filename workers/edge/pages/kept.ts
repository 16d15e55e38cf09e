import type { PricedLine } from "../../../schema/http.ts";
import type { ReservationId, SkuId } from "../../../schema/ids.ts";

/** What a browser remembers of its shopper's doings in one drop. Only shown: an order is made from the reservation itself. */
export type Kept = { basket: KeptBasket | undefined; waiting: readonly KeptEntry[] };

/** `isOffer`: it came from the waiting list, so it can be taken or left and not changed. */
export type KeptBasket = {
  reservationId: ReservationId;
  lines: PricedLine[];
  untilMs: number;
  isOffer: boolean;
};
export type KeptEntry = { reservationId: ReservationId; skuId: SkuId };

export function waitingPath(dropId: string, reservationId: ReservationId, skuId: SkuId): string {
  return `/drops/${dropId}/waiting-list/${reservationId}?sku=${skuId}`;
}
