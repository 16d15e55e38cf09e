import type { PublishedDrop } from "../../schema/drop-document.ts";
import type { DropsAnswer } from "../../schema/http.ts";
import { type DropId, shardOfDrop, shardOfOrder, type TicketId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Snapshot } from "../../schema/line.ts";
import { ok, type Result } from "../../schema/result.ts";
import type {
  JoinAnswer,
  JoinedPlace,
  KeyedReserveItem,
  OrderLookup,
  OrderQuery,
  PlaceAnswer,
  PlaceItem,
  Refusal,
  ReserveAnswer,
} from "../../schema/rpc.ts";
import { type Combiner, createCombiner } from "../combine.ts";
import { callState } from "./call-state.ts";
import { ClosedCohorts } from "./closed-cohorts.ts";
import type { Deps, Lifetime } from "./deps.ts";
import { Fresh } from "./fresh.ts";
import { createTokens, type Tokens } from "./tokens.ts";
import { TUNING } from "./tuning.ts";

/** One ticket's part of a `JoinAnswer`. */
type JoinedAlone = Result<JoinedPlace, Extract<JoinAnswer, { ok: false }>["refusal"]>;
type NoDrop = Refusal<"drop_not_found">;

/** What one isolate keeps between requests: hints that save calls, and the lanes in which requests travel together. */
export type Edge = Deps & {
  tokens: Tokens;
  snapshots: Fresh<Result<Snapshot, NoDrop>>;
  documents: Fresh<Result<PublishedDrop, NoDrop>>;
  dropList: Fresh<DropsAnswer["drops"]>;
  cohorts: ClosedCohorts;
  joins: Combiner<DropId, TicketId, JoinedAlone>;
  reserves: Combiner<number, KeyedReserveItem, ReserveAnswer>;
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
    cohorts: new ClosedCohorts(deps),
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
