import { type DropId, objectNames, type SkuId } from "../schema/ids.ts";
import type { DropQueue } from "./drop-queue/drop-queue.ts";
import type { OrderCoordinator } from "./order-coordinator/order-coordinator.ts";
import type { SkuStock } from "./sku-stock/sku-stock.ts";

/**
 * What an object answers over RPC, as it was written. The platform's own mapping of these types distributes over tagged
 * unions and adds disposal; all our answers are plain data, for which both are of no use.
 */
type Remote<Class> = {
  [Method in keyof Class as Class[Method] extends (...args: never[]) => Promise<unknown>
    ? Method
    : never]: Class[Method];
};

/** A fresh stub at each call: one that saw a reset stays broken. */
export const stubs = {
  sku: (env: StateEnv, dropId: DropId, skuId: SkuId) =>
    env.SKU_STOCK.getByName(objectNames.sku(dropId, skuId)) as unknown as Remote<SkuStock>,
  line: (env: StateEnv, dropId: DropId) =>
    env.DROP_QUEUE.getByName(objectNames.drop(dropId)) as unknown as Remote<DropQueue>,
  orders: (env: StateEnv, shard: number) =>
    env.ORDER_COORDINATOR.getByName(objectNames.orders(shard)) as unknown as Remote<OrderCoordinator>,
};
