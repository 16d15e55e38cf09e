import { LIMITS } from "../../schema/limits.ts";
import { logError } from "../log.ts";
import { stubs } from "../stubs.ts";
import { activeDrops } from "./store.ts";

/**
 * The cron's whole job: an object whose alarm was lost (retries run out after minutes of trouble) has nobody to wake it,
 * so everything that may have work due is knocked on: every shard of orders whatever D1 says, for money may move long
 * after a drop. A knock does nothing that the alarm would not do.
 */
export async function knockOnAll(env: StateEnv, nowMs: number): Promise<void> {
  const shards = Array.from({ length: LIMITS.orderShardCount }, (_, shard) => shard);
  const dropIds = await activeDrops(env.DB, nowMs).catch((error) => {
    logError("active_drops_unknown", error);
    return [];
  });
  const knocks = await Promise.allSettled([
    ...shards.map((shard) => stubs.orders(env, shard).knock()),
    ...dropIds.map((dropId) => stubs.line(env, dropId).knock()),
  ]);
  for (const knock of knocks) if (knock.status === "rejected") logError("knock_failed", knock.reason);
}
