import { type DropId, objectNames, type SkuId } from "../schema/ids.ts";
import type { LocationHint } from "../schema/places.ts";
import type { DropQueue } from "./drop-queue/drop-queue.ts";
import type { LimitGuard } from "./limit-guard/limit-guard.ts";
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

/** A fresh stub at each call: one that saw a reset stays broken. `near`: where to make an object that does not exist yet. */
export const stubs = {
  sku: (env: StateEnv, dropId: DropId, skuId: SkuId, near?: LocationHint | null) =>
    env.SKU_STOCK.getByName(objectNames.sku(dropId, skuId), hinted(near)) as unknown as Remote<SkuStock>,
  line: (env: StateEnv, dropId: DropId, near?: LocationHint | null) =>
    env.DROP_QUEUE.getByName(objectNames.drop(dropId), hinted(near)) as unknown as Remote<DropQueue>,
  orders: (env: StateEnv, shard: number, near?: LocationHint | null) =>
    env.ORDER_COORDINATOR.getByName(
      objectNames.orders(shard),
      hinted(near),
    ) as unknown as Remote<OrderCoordinator>,
  limits: (env: StateEnv, dropId: DropId, shard: number, near?: LocationHint | null) =>
    env.LIMIT_GUARD.getByName(
      objectNames.limits(dropId, shard),
      hinted(near),
    ) as unknown as Remote<LimitGuard>,
  identities: (env: StateEnv, shard: number) =>
    env.LIMIT_GUARD.getByName(objectNames.identities(shard)) as unknown as Remote<LimitGuard>,
};

const hinted = (near: LocationHint | null | undefined) => (near ? { locationHint: near } : {});
