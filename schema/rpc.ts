import type { DropDocument, PublishedDrop } from "./drop-document.ts";
import type { OrderAnswer, PaymentMethod } from "./http.ts";
import type { DropId, Fingerprint, OrderId, ReservationId, ShopperId, SkuId, TicketId } from "./ids.ts";
import type { ClosedCohort, LineRecord, SkuLevel, Snapshot } from "./line.ts";
import type { PaymentMessage } from "./messages.ts";
import type { AmountMinor, Currency } from "./money.ts";
import type { RefusalCode } from "./refusals.ts";
import type { Result } from "./result.ts";
import type {
  CancelReason,
  GatewayName,
  LedgerKind,
  MoneyState,
  Operation,
  ReservationState,
} from "./statuses.ts";

/**
 * What crosses the RPC boundary to the `state` script. Stays compatible one version both ways: fields are added
 * as optional and removed one version after their last reader. Batches answer in the order they were asked.
 */

export type Refusal<Code extends RefusalCode = RefusalCode> = {
  code: Code;
  detail?: string;
  retryAfterMs?: number;
};

// SkuStock ------------------------------------------------------------------------------------------------------------

/** What a SKU's object needs of the published document. */
export type SkuTerms = {
  dropId: DropId;
  skuId: SkuId;
  version: string;
  /** Orders the versions: terms that were published earlier never replace later ones. */
  publishedAtMs: number;
  stock: number;
  unitPriceMinor: AmountMinor;
  currency: Currency;
  perShopper: number;
  reservationTtlMs: number;
  opensAtMs: number;
  closesAtMs: number;
  levelPushIntervalMs: number;
};

export type ReserveItem = {
  reservationId: ReservationId;
  fingerprint: Fingerprint;
  shopperId: ShopperId;
  ticketId: TicketId;
  quantity: number;
};

/** A reservation on its way to the SKU, by way of the coordinator that watches over its idempotency key. */
export type KeyedReserveItem = ReserveItem & { dropId: DropId; skuId: SkuId };

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

/** A correction of the stock by difference. A repeat of the same id does nothing. */
export type AdjustItem = { adjustmentId: string; delta: number };
export type AdjustRefusal = Refusal<"stock_below_taken" | "invalid_request" | "sku_not_found" | "internal">;
export type AdjustAnswer = Result<SkuLevel, AdjustRefusal>;

export type ConfigureAnswer = Result<SkuLevel, Refusal<"stock_below_taken" | "internal">>;

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
};

/** One page of what a SKU's object holds, by ledger sequence and reservation row order. */
export type StockAudit = {
  level: SkuLevel | null;
  ledger: LedgerRow[];
  nextLedger: number | null;
  reservations: Reservation[];
  nextReservation: number | null;
};

// DropQueue -----------------------------------------------------------------------------------------------------------

/** `ticketIds`: 16 bytes each, one after the other; places in the same order. A ticket has one place in a drop: its first. */
export type JoinedPlace = { cohort: number; cohortClosesAtMs: number };
export type JoinAnswer = Result<
  JoinedPlace[],
  Refusal<"drop_not_found" | "drop_not_open" | "drop_closed" | "unavailable">
>;

export type PublishAnswer = Result<PublishedDrop, Refusal<"drop_already_live" | "internal">>;

/** A SKU tells the line its level; an older `levelVersion` than the stored one is ignored. */
export type LevelPush = { level: SkuLevel; levelVersion: number; ticketsSeen: number };

// OrderCoordinator ----------------------------------------------------------------------------------------------------

export type PlaceItem = {
  orderId: OrderId;
  fingerprint: Fingerprint;
  shopperId: ShopperId;
  dropId: DropId;
  skuId: SkuId;
  reservationId: ReservationId;
  email: string;
  payment: PaymentMethod;
  /** Where the gateway sends the shopper back to. */
  returnUrl: string;
  gateway: GatewayName;
  paymentWindowMs: number;
  unknownHoldMs: number;
  commandResendMs: number;
};

export type PlaceRefusal = Refusal<
  | "reservation_not_found"
  | "reservation_lapsed"
  | "reservation_taken"
  | "request_in_progress"
  | "idempotency_key_reused"
  | "unavailable"
  | "internal"
>;
export type PlaceAnswer = Result<OrderAnswer, PlaceRefusal>;
export type OrderQuery = { orderId: OrderId; shopperId: ShopperId };
export type OrderLookup = Result<OrderAnswer, Refusal<"order_not_found">>;

/** A payment command that a consumer has begun and must report on. Amounts are exact minor units. */
export type BegunCommand = {
  orderId: OrderId;
  attempt: number;
  operation: Operation;
  /** `execute`: send it with `key`. `resolve`: it may have been sent; find out what became of it. */
  mode: "execute" | "resolve";
  gateway: GatewayName;
  /** `order:operation:attempt`, the gateway's idempotency key. */
  key: string;
  /** After this the gateway may have forgotten the key: nothing is re-sent, only looked up. */
  keyExpiresAtMs: number;
  amountMinor: AmountMinor;
  currency: Currency;
  token: string | null;
  returnUrl: string;
  /** When an unpaid session must end. */
  payByMs: number;
  sessionRef: string | null;
  paymentRef: string | null;
};

/** null: this message is stale or somebody else is at it; acknowledge and do nothing. */
export type BeginAnswer = BegunCommand | null;

export type Outcome =
  | { kind: "succeeded"; ref: string; url?: string }
  | { kind: "declined"; reason: string }
  /** Nobody knows yet. `retryAfterMs` when the gateway said when to look again. */
  | { kind: "unknown"; reason: string };

export type ReportItem = { orderId: OrderId; attempt: number; outcome: Outcome };

/** The follow-up command of the same order, already begun for the caller; null when there is none now. */
export type ReportAnswer = BegunCommand | null;

/** What a gateway's webhook says, once its signature is verified. A repeat changes nothing. */
export type GatewayEvent = {
  orderId: OrderId;
  kind: "authorized" | "captured" | "voided" | "refunded" | "session_expired";
  paymentRef: string | null;
  sessionRef: string | null;
  amountMinor: AmountMinor;
};

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

// Entry points: what each caller may do, and nothing else -----------------------------------------------------------------

export interface EdgeApi {
  join(dropId: DropId, ticketIds: Uint8Array): Promise<JoinAnswer>;
  snapshot(dropId: DropId): Promise<Result<Snapshot, Refusal<"drop_not_found">>>;
  published(dropId: DropId): Promise<Result<PublishedDrop, Refusal<"drop_not_found">>>;
  /** Closed cohorts after the given number, with their seeds: immutable. */
  closedCohorts(
    dropId: DropId,
    afterCohort: number,
  ): Promise<Result<ClosedCohort[], Refusal<"drop_not_found">>>;
  record(
    dropId: DropId,
    afterCohort: number,
    afterStep: number,
  ): Promise<Result<LineRecord, Refusal<"drop_not_found">>>;
  /** All items belong to the shard (`shardOfDrop`); their SKUs and drops may differ. */
  reserve(shard: number, items: KeyedReserveItem[]): Promise<ReserveAnswer[]>;
  /** All items belong to the shard. */
  place(shard: number, items: PlaceItem[]): Promise<PlaceAnswer[]>;
  /** All orders belong to the shard. Somebody else's order is `order_not_found`. */
  readOrders(shard: number, items: OrderQuery[]): Promise<OrderLookup[]>;
}

export interface PaymentsApi {
  begin(messages: PaymentMessage[]): Promise<BeginAnswer[]>;
  report(items: ReportItem[]): Promise<ReportAnswer[]>;
  /** true: taken in (or a harmless repeat); false: no such order. */
  gatewayEvents(events: GatewayEvent[]): Promise<boolean[]>;
}

export interface ConsoleApi {
  publish(document: DropDocument, version: string): Promise<PublishAnswer>;
  stockAudit(
    dropId: DropId,
    skuId: SkuId,
    afterLedger: number,
    afterReservation: number,
  ): Promise<StockAudit>;
  ordersAudit(shard: number, afterOrderId: string | null): Promise<OrdersAudit>;
  /** Makes a parked command due at once. False when the order has no open command. */
  redrive(orderId: OrderId): Promise<boolean>;
}

export type { CancelReason, MoneyState };
