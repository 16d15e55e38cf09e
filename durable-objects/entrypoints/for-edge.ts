import { WorkerEntrypoint } from "cloudflare:workers";
import type { DropId } from "../../schema/ids.ts";
import type { EdgeApi, KeyedReserveItem, OrderQuery, PlaceItem } from "../../schema/rpc.ts";
import { stubs } from "../stubs.ts";
import { withRetry } from "./retry.ts";

/** What the public Worker may do, and nothing else. */
export class ForEdge extends WorkerEntrypoint<StateEnv> implements EdgeApi {
  join(dropId: DropId, ticketIds: Uint8Array) {
    return withRetry(() => stubs.line(this.env, dropId).join(ticketIds));
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

  record(dropId: DropId, afterCohort: number, afterStep: number) {
    return withRetry(() => stubs.line(this.env, dropId).record(afterCohort, afterStep));
  }

  reserve(shard: number, items: KeyedReserveItem[]) {
    return withRetry(() => stubs.orders(this.env, shard).reserve(items));
  }

  place(shard: number, items: PlaceItem[]) {
    return withRetry(() => stubs.orders(this.env, shard).place(items));
  }

  readOrders(shard: number, items: OrderQuery[]) {
    return withRetry(() => stubs.orders(this.env, shard).read(items));
  }
}
