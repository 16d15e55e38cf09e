import type { BasketLine } from "../../schema/http.ts";
import type { DropId, Fingerprint, OrderId, ReservationId, ShopperId } from "../../schema/ids.ts";
import type { OrderTerms, PlaceItem } from "../../schema/rpc/orders.ts";
import type { Facts } from "./decide.ts";

/** What is under way at a SKU's object: the fence number, the act, and when it is asked again if no answer comes. */
export type StockEffect = { step: number; act: string | null; tries: number; retryAtMs: number };

/** Whose limit a basket's units count against, and how many may; null: only each SKU's own limit holds. */
export type Claim = { identity: string; max: number };

/** `made`: by the reservation, under this number and until this instant; null: its order is the first to make it. */
export type BasketClaim = Claim & { made: { step: number; untilMs: number } | null };

/** A basket whose lines were all reserved, or will be: its lines in the order of their SKUs' ids. */
export type NotedReservation = {
  reservationId: ReservationId;
  dropId: DropId;
  shopperId: ShopperId;
  fingerprint: Fingerprint;
  lines: BasketLine[];
  claim: BasketClaim | null;
  isGivenBack: boolean;
  /** The basket that was taken, or was to be, in this one's place when it was given back; null: none was. */
  replacedBy: ReservationId | null;
  /** The order that has it, until that order is forgotten; null: none has. */
  orderId: OrderId | null;
};

/**
 * What was asked, and by which terms, without the payment's token: that is in the facts until it has served. `claims`: the
 * order's own limits; `basketClaim`: its reservation's.
 */
export type OrderRequest = Omit<PlaceItem, "payment" | "terms"> &
  OrderTerms &
  Pick<NotedReservation, "lines"> & { basketClaim: BasketClaim | null };

export type OrderRecord = {
  orderId: OrderId;
  fingerprint: Fingerprint;
  request: OrderRequest;
  facts: Facts;
  effect: StockEffect;
  version: number;
  projectedVersion: number;
  placedAtMs: number;
  updatedAtMs: number;
};

/** An order's row as SQL gives it. */
export type StoredOrder = {
  orderId: string;
  fingerprint: string;
  request: string;
  facts: string;
  effect: string;
  version: number;
  projectedVersion: number;
  placedAtMs: number;
  updatedAtMs: number;
};

export function toRecord(row: StoredOrder): OrderRecord {
  return {
    ...row,
    orderId: row.orderId as OrderId,
    fingerprint: row.fingerprint as Fingerprint,
    request: JSON.parse(row.request) as OrderRequest,
    facts: JSON.parse(row.facts) as Facts,
    effect: JSON.parse(row.effect) as StockEffect,
  };
}

export type StoredReservation = {
  reservationId: string;
  dropId: string;
  shopperId: string;
  fingerprint: string;
  lines: string;
  claim: string | null;
  isGivenBack: number;
  replacedBy: string | null;
  orderId: string | null;
};

export function toReservation(row: StoredReservation): NotedReservation {
  return {
    reservationId: row.reservationId as ReservationId,
    dropId: row.dropId as DropId,
    shopperId: row.shopperId as ShopperId,
    fingerprint: row.fingerprint as Fingerprint,
    lines: JSON.parse(row.lines) as BasketLine[],
    claim: row.claim === null ? null : (JSON.parse(row.claim) as BasketClaim),
    isGivenBack: row.isGivenBack === 1,
    replacedBy: row.replacedBy as ReservationId | null,
    orderId: row.orderId as OrderId | null,
  };
}
