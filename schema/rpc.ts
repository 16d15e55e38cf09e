import type { DropDocument, PublishedDrop, ShippingRegion } from "./drop-document.ts";
import type {
  BasketLine,
  OrderAnswer,
  OrderCharge,
  PaymentMethod,
  PricedLine,
  ShippingAddress,
} from "./http.ts";
import type { DropId, Fingerprint, OrderId, ReservationId, ShopperId, SkuId, TicketId } from "./ids.ts";
import type { LimitClaim, LimitClaimAnswer } from "./limit-guard.ts";
import type {
  ClosedCohort,
  LedgerHead,
  LedgerPage,
  LineAct,
  RecordHead,
  SkuLevel,
  Snapshot,
} from "./line.ts";
import type { PaymentMessage } from "./messages.ts";
import type { AmountMinor, Currency } from "./money.ts";
import type { LocationHint } from "./places.ts";
import type { PreflightTarget, StateReadiness } from "./preflight.ts";
import type { RefusalCode } from "./refusals.ts";
import type { Result } from "./result.ts";
import type {
  CancelReason,
  GatewayName,
  LedgerKind,
  MoneyState,
  Operation,
  ReservationState,
  WaitingState,
} from "./statuses.ts";

/**
 * What crosses the RPC boundary to the `state` script. Stays compatible one version both ways: fields are added
 * as optional and removed one version after their last reader. Batches answer in the order they were asked.
 */

export type Refusal<Code extends RefusalCode = RefusalCode> = {
  code: Code;
  detail?: string;
  retryAfterMs?: number;
  /** Which line of a basket was refused. */
  skuId?: SkuId;
};

// SkuStock ------------------------------------------------------------------------------------------------------------

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

/** A basket on its way to its SKUs, by way of the coordinator that watches over its idempotency key. */
export type KeyedReserveItem = {
  reservationId: ReservationId;
  fingerprint: Fingerprint;
  dropId: DropId;
  shopperId: ShopperId;
  ticketId: TicketId;
  /** 1 to `basketLinesMax`, each of another SKU, in any order. */
  lines: BasketLine[];
  /** Whose units these are, at the strength that the drop declares. Every limit counts by it. */
  identity: string;
  /** Units of all SKUs that one identity may hold or have bought; null: only each SKU's own limit. */
  unitsPerShopper: number | null;
  /** The document's: a claim on a limit ends a little after it. */
  reservationTtlMs: number;
  /** Nothing new is taken now; a repeat gets its first answer. */
  isPaused?: boolean;
};

/** A basket as its SKUs' objects hold it: `lines` by SKU id. It lapses with the first of its lines. */
export type Basket = {
  reservationId: ReservationId;
  lines: PricedLine[];
  subtotalMinor: AmountMinor;
  currency: Currency;
  deadlineAtMs: number;
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

/** `skuId` names the line that was refused, where it was one line. */
export type BasketRefusal =
  | ReserveRefusal
  | Refusal<"reservation_given_back" | "basket_total_too_large" | "drop_paused">;
export type BasketAnswer = Result<Basket, BasketRefusal>;

/** `createdAtMs`: of the very row that is meant; null: whichever row has this id. */
export type GiveBackItem = {
  reservationId: ReservationId;
  shopperId: ShopperId;
  createdAtMs: number | null;
  /** As it was reserved: the ticket was counted here. */
  isFirstLine: boolean;
};
export type GiveBackAnswer = Result<null, Refusal<"reservation_taken" | "internal">>;

export type BasketGiveBackItem = { reservationId: ReservationId; dropId: DropId; shopperId: ShopperId };
export type BasketGiveBackAnswer = Result<
  null,
  Refusal<"reservation_not_found" | "reservation_taken" | "unavailable">
>;

/** A basket in the place of another. `againAs`: under which id that one's lines are taken again, should this be refused. */
export type ChangeBasketItem = KeyedReserveItem & { replaces: ReservationId; againAs: ReservationId };
export type ChangedBasket =
  | { kind: "changed"; basket: Basket }
  /** What is held instead: the old lines again, since the change was refused, or what an earlier change took. */
  | { kind: "kept"; basket: Basket; refusal: BasketRefusal | null }
  /** Refused, and the old lines went to somebody else meanwhile. */
  | { kind: "lost"; refusal: BasketRefusal };
export type ChangeBasketAnswer = Result<
  ChangedBasket,
  Refusal<
    | "reservation_not_found"
    | "reservation_taken"
    | "reservation_given_back"
    | "idempotency_key_reused"
    | "drop_paused"
    | "unavailable"
  >
>;

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

/** An entry of a waiting list on its way to its SKU, under the id that its offer's reservation will have. */
export type WaitItem = Omit<ReserveItem, "isFirstLine">;
export type KeyedWaitItem = WaitItem & { dropId: DropId; skuId: SkuId } & Pick<
    KeyedReserveItem,
    "unitsPerShopper" | "isPaused"
  >;
export type WaitingQuery = { reservationId: ReservationId; shopperId: ShopperId };

/** `ahead`: people who wait before it, null once it waits no longer. `offerEndsAtMs`: while it is offered. */
export type WaitingEntry = {
  reservationId: ReservationId;
  skuId: SkuId;
  quantity: number;
  state: WaitingState;
  ahead: number | null;
  offerEndsAtMs: number | null;
};
export type WaitRefusal = Refusal<
  | "waiting_list_closed"
  | "waiting_list_full"
  | "already_waiting"
  | "shopper_limit_reached"
  | "sku_not_found"
  | "drop_not_open"
  | "drop_closed"
  | "drop_paused"
  | "idempotency_key_reused"
  | "unavailable"
  | "internal"
>;
export type WaitAnswer = Result<WaitingEntry, WaitRefusal>;
export type WaitingAnswer = Result<WaitingEntry, Refusal<"waiting_entry_not_found">>;

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

// DropQueue -----------------------------------------------------------------------------------------------------------

/**
 * `ticketIds`: 16 bytes each, one after the other; places in the same order. A ticket has one place in a drop: its first.
 * `chunk`: which chunk of its cohort's log has it. `isHeldApart`: as it was judged when it joined first.
 */
export type JoinedPlace = { cohort: number; chunk: number; isHeldApart: boolean; cohortClosesAtMs: number };
/** Refused one by one when the line is full or its chain is used up: whoever is in it already still gets the place. */
export type JoinedAlone = Result<JoinedPlace, Refusal<"drop_closed" | "unavailable">>;
export type JoinAnswer = Result<JoinedAlone[], Refusal<"drop_not_found" | "drop_not_open" | "drop_closed">>;

export type PublishAnswer = Result<
  PublishedDrop,
  Refusal<"drop_already_live" | "invalid_request" | "internal">
>;

/** What an operator does to a line by hand. A repeat of the same id changes nothing. */
export type LineCommand = { commandId: string; act: LineAct };
export type LineCommandAnswer = Result<
  Snapshot,
  Refusal<"drop_not_found" | "drop_closed" | "idempotency_key_reused" | "invalid_request">
>;

/** Parts of the public record that never change once they are there; null: not yet, or nobody was in it. */
export type RecordPart =
  | { kind: "root"; cohort: number }
  | { kind: "chunk"; cohort: number; chunk: number }
  | { kind: "cohorts"; page: number }
  | { kind: "steps"; page: number };
/** JSON of the part's shape in `schema/line.ts`; a chunk is its raw bytes. `isFinal`: it never changes again. */
export type RecordPartAnswer = Result<
  { body: string | Uint8Array; isFinal: boolean } | null,
  Refusal<"drop_not_found">
>;

/** What a coordinator's shard knows of how a drop's payments go: commands that no consumer has begun, and the oldest one's wait. */
export type PaymentsBacklog = { waiting: number; oldestWaitMs: number };

/** A SKU tells the line its level; an older `levelVersion` than the stored one is ignored. */
export type LevelPush = {
  level: SkuLevel;
  levelVersion: number;
  /** Tickets that took units here first: over the SKUs of a drop each counts once, so that their sum is who turned up. */
  ticketsSeen: number;
  ledger: Pick<LedgerHead, "rows" | "hash">;
};

// OrderCoordinator ----------------------------------------------------------------------------------------------------

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

/** What is asked of an order after it was placed. `commandId` names it: its repeat changes nothing and gets the order as it stands. */
export type OrderAct =
  | { kind: "cancel"; by: "shopper" }
  /** `restock`: false when units that were paid for are no longer there to be sold. */
  | { kind: "cancel"; by: "brand"; restock: boolean; reason: string }
  /** Null: all that is left of the amount. `lines`: what comes back, for sale again with `restock`. */
  | {
      kind: "refund";
      amountMinor: number | null;
      lines: BasketLine[];
      restock: boolean;
      reason: string;
    }
  /** Bought units that are back; moves no money. The drop must be the order's. */
  | { kind: "return"; dropId: DropId; line: BasketLine; isResellable: boolean; reason: string }
  /** Null: all units that were not shipped yet. */
  | {
      kind: "ship";
      carrier: string;
      trackingNumber: string;
      trackingUrl: string | null;
      lines: BasketLine[] | null;
    };
export type OrderCommand = {
  orderId: OrderId;
  commandId: string;
  fingerprint: Fingerprint;
  /** Whose order it must be; null: the brand asks. */
  shopperId: ShopperId | null;
  act: OrderAct;
};
export type OrderActRefusal = Refusal<
  | "order_canceled"
  | "order_shipped"
  | "cancel_window_over"
  | "order_not_confirmed"
  | "refund_in_progress"
  | "refund_exceeds_captured"
  | "return_exceeds_sold"
  | "shipment_exceeds_order"
  | "request_in_progress"
>;
export type OrderCommandRefusal =
  | OrderActRefusal
  | Refusal<"order_not_found" | "idempotency_key_reused" | "too_many_commands">;
/** A shopper's own: the only command that the edge may give. */
export type CancelItem = Omit<OrderCommand, "act" | "shopperId"> & { shopperId: ShopperId };
export type CancelAnswer = Result<
  OrderAnswer,
  Refusal<
    | "order_not_found"
    | "order_canceled"
    | "order_shipped"
    | "cancel_window_over"
    | "request_in_progress"
    | "too_many_commands"
    | "idempotency_key_reused"
  >
>;
export type OrderCommandAnswer = Result<OrderAnswer, OrderCommandRefusal>;

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
  /** What had gone back before this: a refund is done once the gateway has sent back both. */
  refundedMinor: AmountMinor;
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
  /** `instrument`: the gateway's name for what was paid with, the same for the same card; for an authorization, if it tells. */
  | { kind: "succeeded"; ref: string; url?: string; instrument?: string }
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
  currency: Currency;
  /** Of an authorization, if the gateway tells. */
  instrument?: string;
  /** Of a refund: all that has gone back of the payment by now. */
  refundedMinor?: number;
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
  /** `heldApart`: one byte a ticket, 1 for whom the edge takes for a bot. Counts only at a ticket's first join. */
  join(dropId: DropId, ticketIds: Uint8Array, heldApart: Uint8Array): Promise<JoinAnswer>;
  snapshot(dropId: DropId): Promise<Result<Snapshot, Refusal<"drop_not_found">>>;
  published(dropId: DropId): Promise<Result<PublishedDrop, Refusal<"drop_not_found">>>;
  /** Cohorts whose seeds are out, after the given number: immutable. */
  closedCohorts(
    dropId: DropId,
    afterCohort: number,
  ): Promise<Result<ClosedCohort[], Refusal<"drop_not_found">>>;
  /** The head of the public record as it stands. */
  recordHead(dropId: DropId): Promise<Result<RecordHead, Refusal<"drop_not_found">>>;
  /** For what KV does not have (yet). */
  recordPart(dropId: DropId, part: RecordPart): Promise<RecordPartAnswer>;
  /** A page of a SKU's ledger as the public sees it; null: there is no such page. */
  ledgerPage(dropId: DropId, skuId: SkuId, page: number): Promise<LedgerPage | null>;
  /** Bounds mails and tries of codes. All items belong to the shard (`identityShardOf`). */
  countIdentity(shard: number, items: LimitClaim[]): Promise<LimitClaimAnswer[]>;
  /** All items belong to the shard (`shardOfDrop`); their SKUs and drops may differ. */
  reserve(shard: number, items: KeyedReserveItem[]): Promise<BasketAnswer[]>;
  /** All items belong to the shard. Gives back baskets that no order holds; a repeat is harmless. */
  giveBack(shard: number, items: BasketGiveBackItem[]): Promise<BasketGiveBackAnswer[]>;
  /** All items belong to the shard. Takes baskets in the place of others; however often it is asked, one follows each. */
  changeBaskets(shard: number, items: ChangeBasketItem[]): Promise<ChangeBasketAnswer[]>;
  /** All items belong to the shard; their SKUs and drops may differ. */
  wait(shard: number, items: KeyedWaitItem[]): Promise<WaitAnswer[]>;
  /** How entries of one SKU's waiting list stand. Somebody else's is `waiting_entry_not_found`. */
  showWaiting(dropId: DropId, skuId: SkuId, items: WaitingQuery[]): Promise<WaitingAnswer[]>;
  /** Takes entries off the list; an offer's unit goes to the next. One that an order has is left as it is. */
  leaveWaiting(dropId: DropId, skuId: SkuId, items: WaitingQuery[]): Promise<WaitingAnswer[]>;
  /** All items belong to the shard. */
  place(shard: number, items: PlaceItem[]): Promise<PlaceAnswer[]>;
  /** All orders belong to the shard. Somebody else's order is `order_not_found`. */
  readOrders(shard: number, items: OrderQuery[]): Promise<OrderLookup[]>;
  /** Cancels orders for their own shoppers. All belong to the shard; a repeat is harmless. */
  cancelOrders(shard: number, items: CancelItem[]): Promise<CancelAnswer[]>;
}

export interface PaymentsApi {
  begin(messages: PaymentMessage[]): Promise<BeginAnswer[]>;
  report(items: ReportItem[]): Promise<ReportAnswer[]>;
  /** true: taken in (or a harmless repeat); false: no such order. */
  gatewayEvents(events: GatewayEvent[]): Promise<boolean[]>;
}

export interface ConsoleApi {
  publish(document: DropDocument, version: string): Promise<PublishAnswer>;
  /** `near`: where the line's object is to be made, should this be the first call to it. */
  published(
    dropId: DropId,
    near: LocationHint | null,
  ): Promise<Result<PublishedDrop, Refusal<"drop_not_found">>>;
  /** Makes and wakes a drop's objects, and looks at what they lean on. */
  preflight(target: PreflightTarget): Promise<StateReadiness>;
  stockAudit(
    dropId: DropId,
    skuId: SkuId,
    afterLedger: number,
    afterReservation: number,
  ): Promise<StockAudit>;
  adjustStock(dropId: DropId, skuId: SkuId, items: AdjustItem[]): Promise<AdjustAnswer[]>;
  ordersAudit(shard: number, afterOrderId: string | null): Promise<OrdersAudit>;
  snapshot(dropId: DropId): Promise<Result<Snapshot, Refusal<"drop_not_found">>>;
  /** Pauses, resumes, opens, ends, paces a line, or says something to those who wait. */
  commandLine(dropId: DropId, command: LineCommand): Promise<LineCommandAnswer>;
  /** Asks something of an order for the brand. A repeat is harmless. */
  commandOrder(command: Omit<OrderCommand, "shopperId">): Promise<OrderCommandAnswer>;
  /** Makes a parked command due at once. False when the order has no open command. */
  redrive(orderId: OrderId): Promise<boolean>;
}

export type { CancelReason, MoneyState };
