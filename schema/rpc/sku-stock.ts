import type { DropId, Fingerprint, OrderId, ReservationId, ShopperId, SkuId, TicketId } from "../ids.ts";
import type { SkuLevel } from "../line.ts";
import type { AmountMinor, Currency } from "../money.ts";
import type { Refusal } from "../refusals.ts";
import type { Result } from "../result.ts";
import type { LedgerKind, ReservationState } from "../statuses.ts";

/** What a SKU's object needs of the published document. */
export type SkuTerms = {
  dropId: DropId;
  skuId: SkuId;
  version: string;
  /** Orders the terms: earlier ones never replace later ones. Later than the version's own when times were moved by hand. */
  publishedAtMs: number;
  stock: number;
  unitPriceMinor: AmountMinor;
  currency: Currency;
  perShopper: number;
  reservationTtlMs: number;
  opensAtMs: number;
  closesAtMs: number;
  levelPushIntervalMs: number;
  /** The document no longer has this SKU: what is free is taken away. */
  isRemoved: boolean;
  /** Whether people may wait for units that come back, and how long such a unit is then kept for each. */
  waitingOpen: boolean;
  offerTtlMs: number;
};

export type ReserveItem = {
  reservationId: ReservationId;
  fingerprint: Fingerprint;
  shopperId: ShopperId;
  /** Whose units these are, at the strength that the drop declares: the SKU's limit counts by it. */
  identity: string;
  ticketId: TicketId;
  quantity: number;
  /** The first line of its basket: the ticket is counted here, and at none of the basket's other SKUs. */
  isFirstLine: boolean;
};

export type Reservation = {
  reservationId: ReservationId;
  skuId: SkuId;
  shopperId: ShopperId;
  ticketId: TicketId;
  quantity: number;
  unitPriceMinor: AmountMinor;
  currency: Currency;
  version: string;
  state: ReservationState;
  createdAtMs: number;
  deadlineAtMs: number;
  orderId: OrderId | null;
  /** Bought units that came back later: they no longer count as sold. */
  returned: number;
};

export type ReserveRefusal = Refusal<
  | "sold_out"
  | "all_reserved"
  | "shopper_limit_reached"
  | "sku_not_found"
  | "drop_not_open"
  | "drop_closed"
  | "idempotency_key_reused"
  | "reservation_lapsed"
  | "unavailable"
  | "internal"
>;

export type ReserveAnswer = Result<Reservation, ReserveRefusal>;

/** `createdAtMs`: of the very row that is meant; null: whichever row has this id. */
export type GiveBackItem = {
  reservationId: ReservationId;
  shopperId: ShopperId;
  createdAtMs: number | null;
  /** As it was reserved: the ticket was counted here. */
  isFirstLine: boolean;
};

export type GiveBackAnswer = Result<null, Refusal<"reservation_taken" | "internal">>;

/**
 * One order's step on one reservation. `step` rises with each intent of the order: an older step that arrives late
 * does nothing, an equal one is a repeat.
 */
export type StockStep = { reservationId: ReservationId; orderId: OrderId; step: number };

export type PinItem = StockStep & { shopperId: ShopperId };

/** `late`: the order's units were given back, but its money arrived; takes free units again if there are any. */
export type CommitItem = StockStep & { late: boolean };

export type ReleaseItem = StockStep;

export type StepRefusal = Refusal<
  | "reservation_not_found"
  | "reservation_lapsed"
  | "reservation_taken"
  | "sold_out"
  | "request_in_progress"
  | "internal"
>;

export type StepAnswer = Result<Reservation, StepRefusal>;

/** How the units of a SKU change by other hands than shoppers'. `schema/stock.ts` says what each number means. */
export type StockChange =
  | { kind: "difference"; delta: number }
  | { kind: "count"; count: number; asOfMs: number }
  | { kind: "return"; orderId: OrderId; quantity: number; isResellable: boolean };

/** A repeat of the same id does nothing and gets the first outcome; with another change it is refused. */
export type AdjustItem = { adjustmentId: string; change: StockChange; reason: string };

export type AdjustRefusal = Refusal<
  | "stock_below_taken"
  | "return_exceeds_sold"
  | "idempotency_key_reused"
  | "invalid_request"
  | "sku_not_found"
  | "internal"
>;

/**
 * `stale`: a count taken before one that was applied already changes nothing. `delta`: units that the stock rose or fell by.
 * `short`: units that a count did not find although shoppers hold them; they cannot be taken away.
 */
export type Adjusted = { outcome: "applied" | "stale"; delta: number; short: number; level: SkuLevel };

export type AdjustAnswer = Result<Adjusted, AdjustRefusal>;

export type ConfigureAnswer = Result<SkuLevel, Refusal<"internal">>;

export type LedgerRow = {
  seq: number;
  atMs: number;
  kind: LedgerKind;
  reservationId: ReservationId | null;
  ticketId: TicketId | null;
  quantity: number;
  stock: number;
  available: number;
  reserved: number;
  sold: number;
  /** Of a correction: its id, and why. */
  adjustmentId: string | null;
  reason: string | null;
};

/** One page of what a SKU's object holds, by ledger sequence and reservation row order. */
export type StockAudit = {
  level: SkuLevel | null;
  ledger: LedgerRow[];
  nextLedger: number | null;
  reservations: Reservation[];
  nextReservation: number | null;
};
