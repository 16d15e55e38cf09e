import { WorkerEntrypoint } from "cloudflare:workers";
import type { DropId, SkuId } from "../../schema/ids.ts";
import type { LimitClaim } from "../../schema/limit-guard.ts";
import type { BasketGiveBackItem, ChangeBasketItem, KeyedReserveItem } from "../../schema/rpc/baskets.ts";
import type { RecordPart } from "../../schema/rpc/drop-queue.ts";
import type { EdgeApi } from "../../schema/rpc/entrypoints.ts";
import type { CancelAnswer, CancelItem } from "../../schema/rpc/order-commands.ts";
import type { OrderQuery, PlaceItem } from "../../schema/rpc/orders.ts";
import type { KeyedWaitItem, WaitingQuery } from "../../schema/rpc/waiting-list.ts";
import { stubs } from "../stubs.ts";
import { withRetry } from "./retry.ts";

/** What the public Worker may do, and nothing else. */
export class ForEdge extends WorkerEntrypoint<StateEnv> implements EdgeApi {
  join(dropId: DropId, ticketIds: Uint8Array, heldApart: Uint8Array) {
    return withRetry(() => stubs.line(this.env, dropId).join(ticketIds, heldApart));
  }

  snapshot(dropId: DropId) {
    return withRetry(() => stubs.line(this.env, dropId).snapshot());
  }

  published(dropId: DropId) {
    return withRetry(() => stubs.line(this.env, dropId).published());
  }

  closedCohorts(dropId: DropId, afterCohort: number) {
    return withRetry(() => stubs.line(this.env, dropId).closedCohorts(afterCohort));
  }

  recordHead(dropId: DropId) {
    return withRetry(() => stubs.line(this.env, dropId).recordHead());
  }

  recordPart(dropId: DropId, part: RecordPart) {
    return withRetry(() => stubs.line(this.env, dropId).recordPart(part));
  }

  ledgerPage(dropId: DropId, skuId: SkuId, page: number) {
    return withRetry(() => stubs.sku(this.env, dropId, skuId).ledgerPage(page));
  }

  countIdentity(shard: number, items: LimitClaim[]) {
    return withRetry(() => stubs.identities(this.env, shard).claim(items));
  }

  reserve(shard: number, items: KeyedReserveItem[]) {
    return withRetry(() => stubs.orders(this.env, shard).reserve(items));
  }

  giveBack(shard: number, items: BasketGiveBackItem[]) {
    return withRetry(() => stubs.orders(this.env, shard).giveBack(items));
  }

  changeBaskets(shard: number, items: ChangeBasketItem[]) {
    return withRetry(() => stubs.orders(this.env, shard).changeBaskets(items));
  }

  wait(shard: number, items: KeyedWaitItem[]) {
    return withRetry(() => stubs.orders(this.env, shard).wait(items));
  }

  showWaiting(dropId: DropId, skuId: SkuId, items: WaitingQuery[]) {
    return withRetry(() => stubs.sku(this.env, dropId, skuId).showWaiting(items));
  }

  leaveWaiting(dropId: DropId, skuId: SkuId, items: WaitingQuery[]) {
    return withRetry(() => stubs.sku(this.env, dropId, skuId).leaveWaiting(items));
  }

  place(shard: number, items: PlaceItem[]) {
    return withRetry(() => stubs.orders(this.env, shard).place(items));
  }

  readOrders(shard: number, items: OrderQuery[]) {
    return withRetry(() => stubs.orders(this.env, shard).read(items));
  }

  async cancelOrders(shard: number, items: CancelItem[]): Promise<CancelAnswer[]> {
    const commands = items.map((item) => ({ ...item, act: { kind: "cancel", by: "shopper" } as const }));
    const answers = await withRetry(() => stubs.orders(this.env, shard).command(commands));
    return answers as CancelAnswer[];
  }
}
