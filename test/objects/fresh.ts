import { env } from "cloudflare:workers";
import { afterEach, beforeEach, vi } from "vitest";
import type { DropQueue } from "../../durable-objects/drop-queue/drop-queue.ts";
import type { OrderCoordinator } from "../../durable-objects/order-coordinator/order-coordinator.ts";
import type { SkuStock } from "../../durable-objects/sku-stock/sku-stock.ts";
import { stubs } from "../../durable-objects/stubs.ts";
import { DropDocument } from "../../schema/drop-document.ts";
import { type DropId, objectNames, type SkuId } from "../../schema/ids.ts";
import type { SkuTerms } from "../../schema/rpc/sku-stock.ts";
import { OPENS_AT_MS, terms } from "../unit/sku-stock-fakes.ts";

let serial = 0;

/** A drop that no other test knows. */
export const freshDrop = () => `drop-${++serial}` as DropId;
export const SKU = "a-sku" as SkuId;

/**
 * The objects' clock stands where a test puts it. It lies far ahead of the machine's, so that no alarm fires by itself:
 * a test runs each one.
 */
export function useClock(startMs = OPENS_AT_MS): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: startMs });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });
}
export const setClock = (atMs: number) => vi.setSystemTime(atMs);
export const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

export const skuNamespaceStub = (dropId: DropId, skuId: SkuId = SKU) =>
  env.SKU_STOCK.getByName(objectNames.sku(dropId, skuId)) as unknown as DurableObjectStub<SkuStock>;
export const lineNamespaceStub = (dropId: DropId) =>
  env.DROP_QUEUE.getByName(objectNames.drop(dropId)) as unknown as DurableObjectStub<DropQueue>;
export const ordersNamespaceStub = (shard: number) =>
  env.ORDER_COORDINATOR.getByName(
    objectNames.orders(shard),
  ) as unknown as DurableObjectStub<OrderCoordinator>;

export const sku = (dropId: DropId, skuId: SkuId = SKU) => stubs.sku(env as StateEnv, dropId, skuId);
export const line = (dropId: DropId) => stubs.line(env as StateEnv, dropId);
export const orders = (shard: number) => stubs.orders(env as StateEnv, shard);

/** A configured SKU of a fresh drop. */
export async function freshSku(over: Partial<SkuTerms> = {}) {
  const dropId = freshDrop();
  const ours = terms({ dropId, skuId: SKU, ...over });
  await sku(dropId).configure(ours);
  return { dropId, terms: ours, rpc: () => sku(dropId), stub: () => skuNamespaceStub(dropId) };
}

export function document(dropId: DropId, over: Record<string, unknown> = {}): DropDocument {
  return DropDocument.parse({
    id: dropId,
    name: "A drop",
    currency: "EUR",
    lobbyOpensAt: new Date(OPENS_AT_MS - 600_000).toISOString(),
    opensAt: new Date(OPENS_AT_MS).toISOString(),
    closesAt: new Date(OPENS_AT_MS + 3_600_000).toISOString(),
    skus: [{ id: SKU, name: "One", stock: 5, priceMinor: 12_900 }],
    ...over,
  });
}
