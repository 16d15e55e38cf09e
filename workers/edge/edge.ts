import type { CatalogIndex, Handle, ShownProduct } from "../../schema/catalog.ts";
import type { PublishedDrop } from "../../schema/drop-document.ts";
import type { DropsAnswer } from "../../schema/http.ts";
import { type DropId, type SkuId, shardOfDrop, shardOfOrder, type TicketId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Snapshot } from "../../schema/line.ts";
import { ok, type Result } from "../../schema/result.ts";
import type {
  BasketAnswer,
  BasketGiveBackAnswer,
  BasketGiveBackItem,
  JoinAnswer,
  JoinedPlace,
  KeyedReserveItem,
  KeyedWaitItem,
  OrderLookup,
  OrderQuery,
  PlaceAnswer,
  PlaceItem,
  Refusal,
  WaitAnswer,
  WaitingAnswer,
  WaitingQuery,
} from "../../schema/rpc.ts";
import { type Combiner, createCombiner } from "../combine.ts";
import { callState } from "./call-state.ts";
import { freshIndex } from "./catalog/read-index.ts";
import { ClosedCohorts } from "./closed-cohorts.ts";
import type { Deps, Lifetime } from "./deps.ts";
import { Fresh } from "./fresh.ts";
import { createStreams, type Streams } from "./streams.ts";
import { createTokens, type Tokens } from "./tokens.ts";
import { TUNING } from "./tuning.ts";

/** One ticket's part of a `JoinAnswer`. */
type JoinedAlone = Result<JoinedPlace, Extract<JoinAnswer, { ok: false }>["refusal"]>;
type NoDrop = Refusal<"drop_not_found">;
type SkuOfDrop = { dropId: DropId; skuId: SkuId };

/** What one isolate keeps between requests: hints that save calls, and the lanes in which requests travel together. */
export type Edge = Deps & {
  tokens: Tokens;
  snapshots: Fresh<Result<Snapshot, NoDrop>>;
  documents: Fresh<Result<PublishedDrop, NoDrop>>;
  dropList: Fresh<DropsAnswer["drops"]>;
  catalogIndex: Fresh<CatalogIndex>;
  products: Fresh<ShownProduct | null>;
  cohorts: ClosedCohorts;
  streams: Streams;
  joins: Combiner<DropId, TicketId, JoinedAlone>;
  reserves: Combiner<number, KeyedReserveItem, BasketAnswer>;
  givesBack: Combiner<number, BasketGiveBackItem, BasketGiveBackAnswer>;
  waits: Combiner<number, KeyedWaitItem, WaitAnswer>;
  waiting: Combiner<SkuOfDrop, WaitingQuery, WaitingAnswer>;
  places: Combiner<number, PlaceItem, PlaceAnswer>;
  orders: Combiner<number, OrderQuery, OrderLookup>;
};

/** What a verb gets beside its input: the edge, and its request's lifetime. */
export type Act = { edge: Edge; lifetime: Lifetime };

export function createEdge(deps: Deps): Edge {
  const { clock } = deps;
  return {
    ...deps,
    tokens: createTokens(deps.sessionKeys, deps.ticketKeys, clock),
    snapshots: new Fresh({
      clock,
      ttlMs: LIMITS.snapshotTtlMs,
      load: (dropId) => callState(deps, "snapshot", (state) => state.snapshot(dropId as DropId)),
    }),
    documents: new Fresh({
      clock,
      ttlMs: LIMITS.documentTtlMs,
      load: (dropId) => callState(deps, "published", (state) => state.published(dropId as DropId)),
    }),
    dropList: new Fresh({
      clock,
      ttlMs: TUNING.dropListTtlMs,
      load: async () => ok(await deps.publishedDrops()),
    }),
    catalogIndex: freshIndex(deps),
    products: new Fresh({
      clock,
      ttlMs: TUNING.productTtlMs,
      load: async (handle) => ok(await deps.catalog.product(handle as Handle)),
    }),
    cohorts: new ClosedCohorts(deps),
    streams: createStreams(clock, {
      max: TUNING.streamsMax,
      shopperMax: TUNING.streamsPerShopperMax,
      lastMs: TUNING.streamMaxMs,
    }),
    joins: createCombiner({
      clock,
      laneOf: (dropId) => dropId,
      batchMax: LIMITS.joinBatchMax,
      call: (dropId, ticketIds) => joinAll(deps, dropId, ticketIds),
    }),
    reserves: createCombiner({
      clock,
      laneOf: (shard) => String(shard),
      batchMax: LIMITS.batchItemsMax,
      call: (shard, items) => callState(deps, "reserve", (state) => state.reserve(shard, items)),
    }),
    givesBack: createCombiner({
      clock,
      laneOf: (shard) => String(shard),
      batchMax: LIMITS.batchItemsMax,
      call: (shard, items) => callState(deps, "giveBack", (state) => state.giveBack(shard, items)),
    }),
    waits: createCombiner({
      clock,
      laneOf: (shard) => String(shard),
      batchMax: LIMITS.batchItemsMax,
      call: (shard, items) => callState(deps, "wait", (state) => state.wait(shard, items)),
    }),
    waiting: createCombiner({
      clock,
      laneOf: ({ dropId, skuId }) => `${dropId}/${skuId}`,
      batchMax: LIMITS.batchItemsMax,
      call: ({ dropId, skuId }, items) =>
        callState(deps, "showWaiting", (state) => state.showWaiting(dropId, skuId, items)),
    }),
    places: createCombiner({
      clock,
      laneOf: (shard) => String(shard),
      batchMax: LIMITS.batchItemsMax,
      call: (shard, items) => callState(deps, "place", (state) => state.place(shard, items)),
    }),
    orders: createCombiner({
      clock,
      laneOf: (shard) => String(shard),
      batchMax: LIMITS.batchItemsMax,
      call: (shard, items) => callState(deps, "readOrders", (state) => state.readOrders(shard, items)),
    }),
  };
}

/** All reservations of a drop travel together, whatever their SKUs. */
export function reserveInShard({ edge, lifetime }: Act, item: KeyedReserveItem) {
  return edge.reserves.submit(shardOfDrop(item.dropId), item, lifetime);
}

export function giveBackInShard({ edge, lifetime }: Act, item: BasketGiveBackItem) {
  return edge.givesBack.submit(shardOfDrop(item.dropId), item, lifetime);
}

export function waitInShard({ edge, lifetime }: Act, item: KeyedWaitItem) {
  return edge.waits.submit(shardOfDrop(item.dropId), item, lifetime);
}

/** Looks at one SKU's waiting list travel together. */
export function showWaitingOfSku({ edge, lifetime }: Act, sku: SkuOfDrop, query: WaitingQuery) {
  return edge.waiting.submit(sku, query, lifetime);
}

/** Orders of one coordinator's shard travel together. */
export function placeInShard({ edge, lifetime }: Act, item: PlaceItem) {
  return edge.places.submit(shardOfOrder(item.orderId), item, lifetime);
}

/** Looks at orders of one shard travel together too: a rush of polls is few calls. */
export function readInShard({ edge, lifetime }: Act, query: OrderQuery) {
  return edge.orders.submit(shardOfOrder(query.orderId), query, lifetime);
}

/** The queue answers with a place a ticket, or refuses them all alike. */
async function joinAll(deps: Deps, dropId: DropId, ticketIds: TicketId[]) {
  const packed = new Uint8Array(Buffer.from(ticketIds.join(""), "hex"));
  const called = await callState(deps, "join", (state) => state.join(dropId, packed));
  if (!called.ok) return called;
  const joined = called.value;
  return ok<JoinedAlone[]>(joined.ok ? joined.value.map((place) => ok(place)) : ticketIds.map(() => joined));
}
