import * as z from "zod";

/** Each list feeds its table, its shape and its switch. */

export const DROP_PHASES = ["announced", "lobby", "live", "sold_out", "closed"] as const;
export const DropPhase = z.enum(DROP_PHASES);
export type DropPhase = z.infer<typeof DropPhase>;

/** held: until its deadline; pinned: by an order, no deadline; the last two can be entered again only by late money. */
export const RESERVATION_STATES = ["held", "pinned", "committed", "released", "lapsed"] as const;
export const ReservationState = z.enum(RESERVATION_STATES);
export type ReservationState = z.infer<typeof ReservationState>;

/** What a shopper is told. `confirmed` means captured. */
export const ORDER_STATUSES = ["placing", "awaiting_payment", "processing", "confirmed", "canceled"] as const;
export const OrderStatus = z.enum(ORDER_STATUSES);
export type OrderStatus = z.infer<typeof OrderStatus>;

/** Why an order was canceled. An order whose reservation was gone never comes to be: it is refused instead. */
export const CANCEL_REASONS = [
  "payment_declined",
  "payment_expired",
  "payment_unknown",
  "capture_failed",
  "no_unit_left",
  "limit_reached",
  "by_shopper",
  "by_brand",
] as const;
export const CancelReason = z.enum(CANCEL_REASONS);
export type CancelReason = z.infer<typeof CancelReason>;

/** Where an order's money is, as far as it is known. `none`: nothing was ever taken. */
export const MONEY_STATES = ["none", "authorized", "captured", "voided", "refunded"] as const;
export const MoneyState = z.enum(MONEY_STATES);
export type MoneyState = z.infer<typeof MoneyState>;

/** How much of what was captured has gone back. */
export const REFUND_STATES = ["none", "partly_refunded", "refunded"] as const;
export const RefundState = z.enum(REFUND_STATES);
export type RefundState = z.infer<typeof RefundState>;

/** How much of an order has left the house. */
export const FULFILLMENT_STATES = ["unshipped", "partly_shipped", "shipped"] as const;
export const FulfillmentState = z.enum(FULFILLMENT_STATES);
export type FulfillmentState = z.infer<typeof FulfillmentState>;

export const OPERATIONS = ["session", "authorize", "capture", "void", "refund"] as const;
export const Operation = z.enum(OPERATIONS);
export type Operation = z.infer<typeof Operation>;

/** due: a consumer should begin it; begun: one did; unknown: to be resolved; final: never touched again. */
export const ATTEMPT_STATES = ["due", "begun", "unknown", "final"] as const;
export const AttemptState = z.enum(ATTEMPT_STATES);
export type AttemptState = z.infer<typeof AttemptState>;

export const GATEWAYS = ["sandbox"] as const;
export const GatewayName = z.enum(GATEWAYS);
export type GatewayName = z.infer<typeof GatewayName>;

export const LEDGER_KINDS = [
  "configure",
  "reserve",
  "lapse",
  "release",
  "commit",
  "reverse",
  "late",
  "adjust",
  "give_back",
  "offer",
  "count",
  "return",
  "write_off",
] as const;
export const LedgerKind = z.enum(LEDGER_KINDS);
export type LedgerKind = z.infer<typeof LedgerKind>;

/** An entry of a waiting list. offered: its unit is held until a deadline; taken: an order has it; lapsed: nobody did in time. */
export const WAITING_STATES = ["waiting", "offered", "taken", "lapsed", "left"] as const;
export const WaitingState = z.enum(WAITING_STATES);
export type WaitingState = z.infer<typeof WaitingState>;
