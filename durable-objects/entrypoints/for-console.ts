import { WorkerEntrypoint } from "cloudflare:workers";
import type { DropDocument } from "../../schema/drop-document.ts";
import { type DropId, type OrderId, type SkuId, shardOfOrder } from "../../schema/ids.ts";
import type { ConsoleApi } from "../../schema/rpc.ts";
import { registerDrop } from "../knocking/store.ts";
import { stubs } from "../stubs.ts";
import { withRetry } from "./retry.ts";

/** What the brand's console may do. */
export class ForConsole extends WorkerEntrypoint<StateEnv> implements ConsoleApi {
  async publish(document: DropDocument, version: string) {
    // First, so that a drop whose publishing was cut short is knocked on and completed.
    await registerDrop(this.env.DB, { dropId: document.id, closesAtMs: Date.parse(document.closesAt) });
    return withRetry(() => stubs.line(this.env, document.id).publish(document, version));
  }

  stockAudit(dropId: DropId, skuId: SkuId, afterLedger: number, afterReservation: number) {
    return withRetry(() => stubs.sku(this.env, dropId, skuId).audit(afterLedger, afterReservation));
  }

  ordersAudit(shard: number, afterOrderId: string | null) {
    return withRetry(() => stubs.orders(this.env, shard).audit(afterOrderId));
  }

  redrive(orderId: OrderId) {
    return withRetry(() => stubs.orders(this.env, shardOfOrder(orderId)).redrive(orderId));
  }
}
