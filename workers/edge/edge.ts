import type { CatalogIndex, Handle, ShownProduct } from "../../schema/catalog.ts";
import type { PublishedDrop } from "../../schema/drop-document.ts";
import type { DropsAnswer } from "../../schema/http.ts";
import { type DropId, type SkuId, shardOfDrop, shardOfOrder, type TicketId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { LedgerPage, RecordHead, Snapshot } from "../../schema/line.ts";
import type { Refusal } from "../../schema/refusals.ts";
import { ok, type Result } from "../../schema/result.ts";
import type {
  BasketAnswer,
  BasketGiveBackAnswer,
  BasketGiveBackItem,
  ChangeBasketAnswer,
  ChangeBasketItem,
  KeyedReserveItem,
} from "../../schema/rpc/baskets.ts";
import type { JoinAnswer, JoinedAlone } from "../../schema/rpc/drop-queue.ts";
import type { EdgeApi } from "../../schema/rpc/entrypoints.ts";
import type { OrderLookup, OrderQuery, PlaceAnswer, PlaceItem } from "../../schema/rpc/orders.ts";
import type {
  KeyedWaitItem,
  WaitAnswer,
  WaitingAnswer,
  WaitingQuery,
} from "../../schema/rpc/waiting-list.ts";
import { type Combiner, createCombiner } from "../combine.ts";
import { createJudge, type Judge } from "./bots/judge.ts";
import { callState } from "./call-state.ts";
import { freshIndex } from "./catalog/read-index.ts";
import { ClosedCohorts } from "./closed-cohorts.ts";
import type { Deps, Lifetime } from "./deps.ts";
import { Fresh } from "./fresh.ts";
import { RecordParts } from "./record/record-parts.ts";
import { createStreams, type Streams } from "./streams.ts";
import { createTokens, type Tokens } from "./tokens.ts";
import { TUNING } from "./tuning.ts";

/** One ticket's part of a `JoinAnswer`. */
type JoinedHere = JoinedAlone | Extract<JoinAnswer, { ok: false }>;
type Joiner = { ticketId: TicketId; isHeldApart: boolean };
type NoDrop = Refusal<"drop_not_found">;
type SkuOfDrop = { dropId: DropId; skuId: SkuId };
type ReserveScope = { shard: number; isOneLine: boolean };

/** What one isolate keeps between requests: hints that save calls, and the lanes in which requests travel together. */
export type Edge = Deps & {
  tokens: Tokens;
  snapshots: Fresh<Result<Snapshot, NoDrop>>;
  documents: Fresh<Result<PublishedDrop, NoDrop>>;
  dropList: Fresh<DropsAnswer["drops"]>;
  catalogIndex: Fresh<CatalogIndex>;
  products: Fresh<ShownProduct | null>;
  cohorts: ClosedCohorts;
  recordHeads: Fresh<Result<RecordHead, NoDrop>>;
  recordParts: RecordParts;
  ledgerPages: Fresh<LedgerPage | null>;
  streams: Streams;
  judge: Judge;
  joins: Combiner<DropId, Joiner, JoinedHere>;
  reserves: Combiner<ReserveScope, KeyedReserveItem, BasketAnswer>;
  givesBack: Combiner<number, BasketGiveBackItem, BasketGiveBackAnswer>;
  changes: Combiner<number, ChangeBasketItem, ChangeBasketAnswer>;
  waits: Combiner<number, KeyedWaitItem, WaitAnswer>;
  waiting: Combiner<SkuOfDrop, WaitingQuery, WaitingAnswer>;
  places: Combiner<number, PlaceItem, PlaceAnswer>;
  orders: Combiner<number, OrderQuery, OrderLookup>;
};

/** What a verb gets beside its input: the edge, and its request's lifetime. */
export type Act = { edge: Edge; lifetime: Lifetime };

export function createEdge(deps: Deps): Edge {
  const { clock } = deps;
  const recordParts = new RecordParts(deps);
  return {
    ...deps,
    tokens: createTokens(deps.sessionKeys, deps.ticketKeys, clock),
    snapshots: new Fresh({
      clock,
      ttlMs: LIMITS.snapshotTtlMs,
      load: (dropId) => callState(deps, "snapshot", () => deps.snapshot(dropId as DropId)),
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
    cohorts: new ClosedCohorts(deps, recordParts),
    recordHeads: new Fresh({
      clock,
      ttlMs: TUNING.recordMaxAgeSeconds * 1_000,
      load: (dropId) => callState(deps, "recordHead", (state) => state.recordHead(dropId as DropId)),
    }),
    recordParts,
    ledgerPages: new Fresh({
      clock,
      ttlMs: TUNING.recordPartTtlMs,
      load: (key) => {
        const { dropId, skuId, page } = JSON.parse(key) as SkuOfDrop & { page: number };
        return callState(deps, "ledgerPage", (state) => state.ledgerPage(dropId, skuId, page));
      },
    }),
    streams: createStreams(clock, {
      max: TUNING.streamsMax,
      shopperMax: TUNING.streamsPerShopperMax,
      lastMs: TUNING.streamMaxMs,
    }),
    judge: createJudge(clock),
    joins: createCombiner({
      clock,
      laneOf: (dropId) => dropId,
      batchMax: LIMITS.joinBatchMax,
      call: (dropId, joiners) => joinAll(deps, dropId, joiners),
    }),
    reserves: createCombiner({
      clock,
      laneOf: ({ shard, isOneLine }) => `${shard} ${isOneLine ? "one" : "several"}`,
      batchMax: LIMITS.batchItemsMax,
      call: ({ shard }, items) => callState(deps, "reserve", (state) => state.reserve(shard, items)),
    }),
    givesBack: byShard(deps, "giveBack", (state, shard, items) => state.giveBack(shard, items)),
    changes: byShard(deps, "changeBaskets", (state, shard, items) => state.changeBaskets(shard, items)),
    waits: byShard(deps, "wait", (state, shard, items) => state.wait(shard, items)),
    waiting: createCombiner({
      clock,
      laneOf: ({ dropId, skuId }) => `${dropId}/${skuId}`,
      batchMax: LIMITS.batchItemsMax,
      call: ({ dropId, skuId }, items) =>
        callState(deps, "showWaiting", (state) => state.showWaiting(dropId, skuId, items)),
    }),
    places: byShard(deps, "place", (state, shard, items) => state.place(shard, items)),
    orders: byShard(deps, "readOrders", (state, shard, items) => state.readOrders(shard, items)),
  };
}

/** Items that one shard of an object's kind answers, in the order in which they are given. */
function byShard<Item, Answer>(
  deps: Deps,
  what: string,
  call: (state: EdgeApi, shard: number, items: Item[]) => Promise<Answer[]>,
): Combiner<number, Item, Answer> {
  return createCombiner({
    clock: deps.clock,
    laneOf: String,
    batchMax: LIMITS.batchItemsMax,
    call: (shard, items) => callState(deps, what, (state) => call(state, shard, items)),
  });
}

/**
 * All reservations of a drop travel together, whatever their SKUs, but for baskets of several lines: those go from SKU to SKU,
 * and a batch is answered as a whole, so that one of them would hold up everybody's single unit.
 */
export function reserveInShard({ edge, lifetime }: Act, item: KeyedReserveItem) {
  const scope = { shard: shardOfDrop(item.dropId), isOneLine: item.lines.length === 1 };
  return edge.reserves.submit(scope, item, lifetime);
}

export function giveBackInShard({ edge, lifetime }: Act, item: BasketGiveBackItem) {
  return edge.givesBack.submit(shardOfDrop(item.dropId), item, lifetime);
}

export function changeInShard({ edge, lifetime }: Act, item: ChangeBasketItem) {
  return edge.changes.submit(shardOfDrop(item.dropId), item, lifetime);
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
async function joinAll(deps: Deps, dropId: DropId, joiners: Joiner[]) {
  const packed = new Uint8Array(Buffer.from(joiners.map(({ ticketId }) => ticketId).join(""), "hex"));
  const heldApart = new Uint8Array(joiners.map(({ isHeldApart }) => (isHeldApart ? 1 : 0)));
  const called = await callState(deps, "join", (state) => state.join(dropId, packed, heldApart));
  if (!called.ok) return called;
  const joined = called.value;
  return ok<JoinedHere[]>(joined.ok ? joined.value : joiners.map(() => joined));
}
