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
] as const;
export const CancelReason = z.enum(CANCEL_REASONS);
export type CancelReason = z.infer<typeof CancelReason>;

/** Where an order's money is, as far as it is known. `none`: nothing was ever taken. */
export const MONEY_STATES = ["none", "authorized", "captured", "voided", "refunded"] as const;
export const MoneyState = z.enum(MONEY_STATES);
export type MoneyState = z.infer<typeof MoneyState>;

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
] as const;
export const LedgerKind = z.enum(LEDGER_KINDS);
export type LedgerKind = z.infer<typeof LedgerKind>;
