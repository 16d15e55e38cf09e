import { WorkerEntrypoint } from "cloudflare:workers";
import type { DropDocument } from "../../schema/drop-document.ts";
import { type DropId, type OrderId, type SkuId, shardOfOrder } from "../../schema/ids.ts";
import type { LocationHint } from "../../schema/places.ts";
import type { PreflightTarget } from "../../schema/preflight.ts";
import type { LineCommand } from "../../schema/rpc/drop-queue.ts";
import type { ConsoleApi } from "../../schema/rpc/entrypoints.ts";
import type { OrderCommand, OrderCommandAnswer } from "../../schema/rpc/order-commands.ts";
import type { AdjustItem } from "../../schema/rpc/sku-stock.ts";
import { registerDrop } from "../knocking/store.ts";
import { probeState, wakeObjects } from "../preflight/probe.ts";
import { stubs } from "../stubs.ts";
import { withRetry } from "./retry.ts";

/** What the brand's console may do. */
export class ForConsole extends WorkerEntrypoint<StateEnv> implements ConsoleApi {
  async publish(document: DropDocument, version: string) {
    // First, so that a drop whose publishing was cut short is knocked on and completed.
    await registerDrop(this.env.DB, { dropId: document.id, closesAtMs: Date.parse(document.closesAt) });
    // The objects are made by whoever calls them first, so where the crowd is must be said before anything else calls.
    const near = document.audience[0] ?? null;
    if (near !== null)
      await wakeObjects(this.env, { dropId: document.id, skuIds: document.skus.map(({ id }) => id), near });
    return withRetry(() => stubs.line(this.env, document.id).publish(document, version));
  }

  published(dropId: DropId, near: LocationHint | null) {
    return withRetry(() => stubs.line(this.env, dropId, near).published());
  }

  preflight(target: PreflightTarget) {
    return probeState(this.env, target);
  }

  stockAudit(dropId: DropId, skuId: SkuId, afterLedger: number, afterReservation: number) {
    return withRetry(() => stubs.sku(this.env, dropId, skuId).audit(afterLedger, afterReservation));
  }

  adjustStock(dropId: DropId, skuId: SkuId, items: AdjustItem[]) {
    return withRetry(() => stubs.sku(this.env, dropId, skuId).adjust(items));
  }

  ordersAudit(shard: number, afterOrderId: string | null) {
    return withRetry(() => stubs.orders(this.env, shard).audit(afterOrderId));
  }

  snapshot(dropId: DropId) {
    return withRetry(() => stubs.line(this.env, dropId).snapshot());
  }

  commandLine(dropId: DropId, command: LineCommand) {
    return withRetry(() => stubs.line(this.env, dropId).command(command));
  }

  async commandOrder(command: Omit<OrderCommand, "shopperId">): Promise<OrderCommandAnswer> {
    const shard = shardOfOrder(command.orderId);
    const [answer] = await withRetry(() =>
      stubs.orders(this.env, shard).command([{ ...command, shopperId: null }]),
    );
    if (!answer) throw new Error("the order gave no answer");
    return answer;
  }

  redrive(orderId: OrderId) {
    return withRetry(() => stubs.orders(this.env, shardOfOrder(orderId)).redrive(orderId));
  }
}
