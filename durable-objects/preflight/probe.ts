import { shardOfDrop } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { SkuLevel } from "../../schema/line.ts";
import type {
  BeaconProbe,
  ClockReading,
  ObjectProbe,
  PreflightTarget,
  StateReadiness,
} from "../../schema/preflight.ts";
import { beaconDeps } from "../drop-queue/beacon/fetch-round.ts";
import { beaconSettings } from "../drop-queue/beacon/settings.ts";
import { activeDrops } from "../knocking/store.ts";
import { stubs } from "../stubs.ts";
import { probeBeacon } from "./probe-beacon.ts";

/** One may be slow for a reason of its own; three seldom are. */
const READINGS = 3;

/**
 * Makes the objects of a drop where the crowd is, should they not exist yet, and wakes them: the platform heeds a location
 * hint at an object's first creation alone. Writes nothing; an object that does not answer is told and harms nothing.
 */
export function wakeObjects(
  env: StateEnv,
  target: Omit<PreflightTarget, "takesBeacon">,
): Promise<ObjectProbe[]> {
  const { dropId, skuIds, near } = target;
  const shards = Array.from({ length: LIMITS.limitShardCount }, (_, shard) => shard);
  return Promise.all([
    probe("line", () => stubs.line(env, dropId, near).clockMs()),
    probe("orders", () => stubs.orders(env, shardOfDrop(dropId), near).clockMs()),
    ...shards.map((shard) =>
      probe(`limits ${shard}`, () => stubs.limits(env, dropId, shard, near).clockMs()),
    ),
    ...skuIds.map((skuId) => {
      const ask = () => stubs.sku(env, dropId, skuId, near).clockMs();
      const level = async () => {
        const end = Number.MAX_SAFE_INTEGER;
        return (await stubs.sku(env, dropId, skuId).audit(end, end)).level;
      };
      return probe(`stock of ${skuId}`, ask, level);
    }),
  ]);
}

/** The objects, and what they lean on: D1 with its tables, the queue of payment commands, and the beacon. */
export async function probeState(env: StateEnv, target: PreflightTarget): Promise<StateReadiness> {
  const [objects, database, queue, beacon] = await Promise.all([
    wakeObjects(env, target),
    reasonAgainst(() => activeDrops(env.DB, Date.now())),
    reasonAgainst(() => env.PAYMENT_COMMANDS.metrics()),
    target.takesBeacon ? askBeacon(env, target) : null,
  ]);
  return { objects, database, queue, beacon };
}

async function askBeacon(env: StateEnv, { dropId, near }: PreflightTarget): Promise<BeaconProbe> {
  try {
    const { beacon, urls } = beaconSettings(env);
    const head = await stubs.line(env, dropId, near).recordHead();
    const bound = head.ok ? head.value.commitment.beacon : null;
    return await probeBeacon(beaconDeps(urls), bound ?? beacon);
  } catch (error) {
    return { isAsked: false, reason: reasonOf(error) };
  }
}

/** The first call may create the object and load it; of those after it the quickest says how far away it is. */
async function probe(
  object: string,
  ask: () => Promise<number>,
  readLevel?: () => Promise<SkuLevel | null>,
): Promise<ObjectProbe> {
  try {
    const wokenAtMs = Date.now();
    await ask();
    const wakeMs = Date.now() - wokenAtMs;
    let reading = await readClock(ask);
    for (let again = 1; again < READINGS; again += 1) {
      const next = await readClock(ask);
      if (next.heardAtMs - next.askedAtMs < reading.heardAtMs - reading.askedAtMs) reading = next;
    }
    const level = readLevel === undefined ? {} : { level: await readLevel() };
    return { object, isAwake: true, wakeMs, reading, ...level };
  } catch (error) {
    return { object, isAwake: false, reason: reasonOf(error) };
  }
}

async function readClock(ask: () => Promise<number>): Promise<ClockReading> {
  const askedAtMs = Date.now();
  const clockMs = await ask();
  return { askedAtMs, heardAtMs: Date.now(), clockMs };
}

async function reasonAgainst(ask: () => Promise<unknown>): Promise<string | null> {
  try {
    await ask();
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
