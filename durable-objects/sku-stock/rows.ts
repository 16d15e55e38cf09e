import type { ReservationId, ShopperId, SkuId, TicketId } from "../../schema/ids.ts";
import type { AmountMinor, Currency } from "../../schema/money.ts";
import type { Reservation } from "../../schema/rpc/sku-stock.ts";
import type { ReservationState } from "../../schema/statuses.ts";
import type { ReservationRow } from "./decide.ts";

/** A reservation's row as SQL gives it. */
export type StoredRow = {
  reservationId: string;
  fingerprint: string;
  shopperId: string;
  identity: string;
  ticketId: string;
  quantity: number;
  unitPriceMinor: number;
  currency: string;
  version: string;
  state: string;
  createdAtMs: number;
  deadlineAtMs: number;
  orderId: string | null;
  step: number;
  returned: number;
  row: number;
};

/** What callers see of a row: everything but the fingerprint, whom it counts for, and the fence. */
export function toReservation({
  fingerprint: _fingerprint,
  identity: _identity,
  step: _step,
  ...reservation
}: ReservationRow): Reservation {
  return reservation;
}

export function toRow(skuId: SkuId, { row: _row, ...stored }: StoredRow): ReservationRow {
  return {
    ...stored,
    skuId,
    reservationId: stored.reservationId as ReservationId,
    shopperId: stored.shopperId as ShopperId,
    ticketId: stored.ticketId as TicketId,
    unitPriceMinor: stored.unitPriceMinor as AmountMinor,
    currency: stored.currency as Currency,
    state: stored.state as ReservationState,
    orderId: stored.orderId as ReservationRow["orderId"],
  };
}
