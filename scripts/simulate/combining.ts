import type { DropId, TicketId } from "../../schema/ids.ts";
import { ok } from "../../schema/result.ts";
import { createRandom } from "../rehearse/random.ts";
import { type Calls, createIsolates, SHORTEST_TRIP_MS } from "./isolates.ts";
import { type DoorTimes, OBJECT_TIMES, openDoor } from "./object-door.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** One crowd through so many isolates: what it costs in calls to DropQueue. */
export type Load = Calls & {
  series: string;
  /** As many come as the calls can carry at least: more of them make batches, not calls. */
  isFull: boolean;
  shoppers: number;
  isolates: number;
  /** Joins that were answered with something else than a place. */
  shed: number;
  /** From the first join to the last answer. */
  tookMs: number;
  /** The most calls that so many isolates can make in that time, one after the other. */
  callsMax: number;
};

const TICKET = "00".repeat(16) as TicketId;

/** Joins spread evenly over a time. Who is in the line plays no part here, so the object answers without one. */
export async function combineLoad(asked: {
  series: string;
  isFull: boolean;
  shoppers: number;
  isolates: number;
  spanMs: number;
  seed: number;
  times?: DoorTimes;
}): Promise<Load> {
  const { series, isFull, shoppers, isolates: count, spanMs, seed, times = OBJECT_TIMES } = asked;
  const clock = new VirtualClock(0);
  const random = createRandom(seed, `${series} ${shoppers} ${count}`);
  const isolates = createIsolates<null>({
    clock,
    door: openDoor(clock, times),
    dropId: "simulated" as DropId,
    count,
    join: (packed) => ok(Array.from({ length: packed.byteLength / 16 }, () => null)),
  });
  const atMs = Uint32Array.from({ length: shoppers }, () => random.between(0, spanMs - 1)).sort();
  let [next, answered, shed, tookMs] = [0, 0, 0, 0];
  while (answered < shoppers) {
    const nowMs = Math.min(atMs[next] ?? Number.POSITIVE_INFINITY, clock.nextMs());
    if (nowMs === Number.POSITIVE_INFINITY) throw new Error("somebody was never answered");
    await clock.play(Math.min(nowMs, clock.nextMs()));
    for (; atMs[next] === nowMs; next++) {
      void isolates.submit(random.between(0, count - 1), TICKET).then((one) => {
        if (!one.ok) shed += 1;
        answered += 1;
        tookMs = clock.now();
      });
    }
    await clock.play(nowMs);
  }
  const calls = isolates.takeCalls();
  const callsMax = count * Math.ceil(1 + tookMs / (SHORTEST_TRIP_MS + times.durableMs));
  return { ...calls, series, isFull, shoppers, isolates: count, shed, tookMs, callsMax };
}

const RUSH_MS = 5_000;
const SHORT_RUSH_MS = 2_500;
const TRICKLE_MS = 40_000;
/** A smaller fleet gets a slower object, so that together they keep it as busy as this many would. */
const FLEET = 2_000;
/** An object that answers at once: what is left is one call an isolate and trip. */
const FAST_OBJECT: DoorTimes = { callMs: 0.01, itemMs: 0, durableMs: 5 };

/** Crowds that differ in people, or in isolates, and in nothing else. */
export async function combineLoads({ isolates, seed }: { isolates: number; seed: number }): Promise<Load[]> {
  const few = Math.max(1, Math.floor(isolates / 4));
  const slow = { ...OBJECT_TIMES, callMs: OBJECT_TIMES.callMs * Math.max(1, FLEET / (4 * few)) };
  const asked = [
    ...[1, 4].map((times) => ({
      series: "rush",
      isFull: true,
      isolates: 4 * few,
      people: 25 * times,
      spanMs: RUSH_MS,
      times: slow,
    })),
    ...[1, 4, 16].map((times) => ({
      series: "trickle",
      // A few a second for each isolate: each is its own call until the object has no time for more.
      isFull: times > 1,
      isolates: 4 * few,
      people: 10 * times,
      spanMs: TRICKLE_MS,
      times: slow,
    })),
    ...[1, 4].map((times) => ({
      series: "rush, fast object",
      isFull: false,
      isolates: few * times,
      people: 150,
      spanMs: SHORT_RUSH_MS,
      times: FAST_OBJECT,
    })),
  ];
  const loads: Load[] = [];
  for (const { people, ...load } of asked)
    loads.push(await combineLoad({ ...load, shoppers: people * 4 * few, seed }));
  return loads;
}
