import type { ShippingRegion } from "../drop-document.ts";
import type { OrderAnswer, OrderCharge, PaymentMethod, ShippingAddress } from "../http.ts";
import type { DropId, Fingerprint, OrderId, ReservationId, ShopperId } from "../ids.ts";
import type { Refusal } from "../refusals.ts";
import type { Result } from "../result.ts";
import type { GatewayName, Operation } from "../statuses.ts";

/** What is charged beside the lines. `table`: a region's, reckoned from the lines. `quote`: the brand's, for these very lines. */
export type Charging =
  | { kind: "none" }
  | { kind: "table"; region: Omit<ShippingRegion, "countries"> }
  | { kind: "quote"; currency: string; subtotalMinor: number; charges: OrderCharge[] };

/** Units of an order that count against an identity beside its reservation's own. */
export type OrderClaim = { identity: string; max: number };

/** What an order is made by, as the document says it at that moment. */
export type OrderTerms = {
  shippingAddress: ShippingAddress | null;
  charging: Charging;
  /** The version of the terms that was agreed to; null: there are none. */
  termsVersion: string | null;
  claims: OrderClaim[];
  /** Units that one payment instrument may buy; null: not counted. */
  unitsPerInstrument: number | null;
  cancelWindowMs: number;
};

export type OrderTermsRefusal = Refusal<
  | "invalid_request"
  | "terms_not_accepted"
  | "shipping_address_missing"
  | "not_shipped_there"
  | "shipping_quote_missing"
  | "shipping_quote_invalid"
>;

export type PlaceItem = {
  orderId: OrderId;
  fingerprint: Fingerprint;
  shopperId: ShopperId;
  dropId: DropId;
  reservationId: ReservationId;
  email: string;
  payment: PaymentMethod;
  /** Where the gateway sends the shopper back to. */
  returnUrl: string;
  gateway: GatewayName;
  paymentWindowMs: number;
  unknownHoldMs: number;
  commandResendMs: number;
  /** A refusal is told for an order that is not there yet; a repeat is not judged by terms that changed since. */
  terms: Result<OrderTerms, OrderTermsRefusal>;
};

export type PlaceRefusal =
  | OrderTermsRefusal
  | Refusal<
      | "reservation_not_found"
      | "reservation_lapsed"
      | "reservation_taken"
      | "reservation_given_back"
      | "shopper_limit_reached"
      | "basket_total_too_large"
      | "request_in_progress"
      | "idempotency_key_reused"
      | "unavailable"
      | "internal"
    >;

export type PlaceAnswer = Result<OrderAnswer, PlaceRefusal>;

export type OrderQuery = { orderId: OrderId; shopperId: ShopperId };

export type OrderLookup = Result<OrderAnswer, Refusal<"order_not_found">>;

export type AuditedAttempt = {
  attempt: number;
  operation: Operation;
  state: string;
  outcome: string | null;
  ref: string | null;
  reason: string | null;
  tries: number;
};

export type AuditedOrder = OrderAnswer & {
  shopperId: ShopperId;
  reservationId: ReservationId;
  version: number;
  projectedVersion: number;
  sessionRef: string | null;
  paymentRef: string | null;
  attention: string | null;
  attempts: AuditedAttempt[];
};

export type OrdersAudit = { orders: AuditedOrder[]; next: string | null };
