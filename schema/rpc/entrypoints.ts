import type { DropDocument, PublishedDrop } from "../drop-document.ts";
import type { DropId, OrderId, SkuId } from "../ids.ts";
import type { LimitClaim, LimitClaimAnswer } from "../limit-guard.ts";
import type { ClosedCohort, LedgerPage, RecordHead, Snapshot } from "../line.ts";
import type { PaymentMessage } from "../messages.ts";
import type { LocationHint } from "../places.ts";
import type { PreflightTarget, StateReadiness } from "../preflight.ts";
import type { Refusal } from "../refusals.ts";
import type { Result } from "../result.ts";
import type {
  BasketAnswer,
  BasketGiveBackAnswer,
  BasketGiveBackItem,
  ChangeBasketAnswer,
  ChangeBasketItem,
  KeyedReserveItem,
} from "./baskets.ts";
import type {
  JoinAnswer,
  LineCommand,
  LineCommandAnswer,
  PublishAnswer,
  RecordPart,
  RecordPartAnswer,
} from "./drop-queue.ts";
import type { CancelAnswer, CancelItem, OrderCommand, OrderCommandAnswer } from "./order-commands.ts";
import type { OrderLookup, OrderQuery, OrdersAudit, PlaceAnswer, PlaceItem } from "./orders.ts";
import type { BeginAnswer, GatewayEvent, ReportAnswer, ReportItem } from "./payments.ts";
import type { AdjustAnswer, AdjustItem, StockAudit } from "./sku-stock.ts";
import type { KeyedWaitItem, WaitAnswer, WaitingAnswer, WaitingQuery } from "./waiting-list.ts";

/**
 * What each caller of the `state` script may do, and nothing else. What crosses this boundary stays compatible one version
 * both ways: fields are added as optional and removed one version after their last reader. Batches answer in the order they
 * were asked.
 */

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
