import { createHash } from "node:crypto";
import type { Snapshot } from "../../schema/line.ts";
import type { JoinedPlace } from "../../schema/rpc/drop-queue.ts";
import { ticketIdOf } from "../../workers/edge/derive.ts";
import type { Progress } from "../rehearse/progress.ts";
import { createRandom } from "../rehearse/random.ts";
import { type ArrivalFigures, countArrivals } from "./arrivals.ts";
import { createCrowd } from "./crowd.ts";
import { type Calls, createIsolates } from "./isolates.ts";
import { createLineObject, type ObjectCalls } from "./line-object.ts";
import { OBJECT_TIMES, openDoor } from "./object-door.ts";
import type { Held } from "./object-storage.ts";
import type { Options } from "./options.ts";
import { compareOrder, type OrderFigures, type SecondOpinion } from "./order-check.ts";
import { type Plan, planCrowd, STAYS_AWAY, shopperIdOf } from "./plan.ts";
import { type PublicRecord, readPublicRecord } from "./public-record.ts";
import type { Joined, Signing, SigningFigures, TurnedUp } from "./signing.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { trackWaits, type WaitFigures } from "./waits.ts";

/** What a run found out, before anybody judges it. */
export type Measured = {
  shoppers: number;
  /** Answered with a place, in the log by the snapshot's count, and admitted by the end. */
  joined: number;
  logged: number;
  admitted: number;
  cohorts: number;
  steps: number;
  chunks: number;
  virtualMinutes: number;
  evictions: number;
  /** Over all of the public record: the same line has the same. */
  recordHash: string;
  held: Held;
  /** Held before anybody joined. */
  heldAtFirst: Held;
  object: ObjectCalls;
  /** Joins by what the crowd did at the time. */
  joins: { rush: Calls; lobby: Calls; start: Calls; trickle: Calls };
  arrivals: ArrivalFigures;
  waits: WaitFigures;
  order: OrderFigures;
  signing: SigningFigures;
};

export type SimulationDeps = {
  signing: Signing;
  secondOpinion: (record: PublicRecord) => Promise<SecondOpinion>;
  progress: Progress;
};

const ID_BYTES = 16;
/** Tokens that travel to the signing thread at once. */
const SIGNED_TOGETHER = 1_000;
/** The first half minute of the lobby, and the first of the sale, are rushes. */
const RUSH_MS = 30_000;
/** SKUs tell their level at most four times a second, all of a drop's together: see `levelPushMinIntervalMs`. */
const LEVELS_EVERY_MS = 1_000;
/** A line that does not end is broken: so long after the document's end nothing may be left. */
const OVERTIME_MS = 60_000;

/** Plays one line from its lobby to the last arrival, in virtual time, with the code of production. */
export async function simulate(options: Options, deps: SimulationDeps): Promise<Measured> {
  const { shoppers, seed } = options;
  const plan = planCrowd(options);
  const { document, lobbyOpensAtMs, opensAtMs, joinsAfterMs, comesAfterMs, isolateOf } = plan;
  const clock = new VirtualClock(lobbyOpensAtMs - 60_000);
  const object = createLineObject({ document, nowMs: clock.now, randomBytes: bytesFrom(seed) });
  await object.line().goOut();
  const heldAtFirst = object.held();
  const isolates = createIsolates<JoinedPlace>({
    clock,
    door: openDoor(clock, OBJECT_TIMES),
    dropId: document.id,
    count: options.isolates,
    join: object.join,
  });
  const ids = new Uint8Array(shoppers * ID_BYTES);
  const waits = trackWaits(shoppers, createRandom(seed, "asks").next);
  const crowd = createCrowd(shoppers, ids, waits);
  const arrivals = countArrivals(opensAtMs, document.line.admitPerSecond);
  const joined: Joined[] = [];
  const turnedUp: TurnedUp[] = [];
  let failure: unknown = null;
  let [sent, drawnThrough, levelsAtMs, lastAdmittedAtMs, evictions] = [0, -1, 0, opensAtMs, 0];
  const counts = { rush: null, lobby: null, start: null, trickle: null } as Record<string, Calls | null>;

  async function join(index: number): Promise<void> {
    const ticketId = ticketIdOf(document.id, shopperIdOf(seed, index));
    ids.set(Buffer.from(ticketId, "hex"), index * ID_BYTES);
    const answered = await isolates.submit(isolateOf[index] as number, ticketId);
    if (!answered.ok) throw new Error(`a join was answered ${answered.refusal.code}`);
    const { cohort, chunk } = answered.value;
    crowd.place(index, cohort);
    joined.push({ index, cohort, chunk, atMs: clock.now() });
  }

  /** Everybody reads this picture within its second: those drawn see their wait, those before the watermark are in. */
  function look(snapshot: Snapshot): void {
    for (let more = drawnThrough < snapshot.revealedThrough; more; ) {
      const closed = object.line().closedCohorts(drawnThrough);
      if (!closed.ok || closed.value.length === 0) break;
      for (const cohort of closed.value) {
        crowd.draw(cohort, snapshot);
        drawnThrough = cohort.cohort;
      }
      more = drawnThrough < snapshot.revealedThrough;
    }
    crowd.admit(snapshot, (index, rank) => {
      lastAdmittedAtMs = snapshot.atMs;
      const after = comesAfterMs[index] as number;
      if (after === STAYS_AWAY) return;
      arrivals.expect(snapshot.atMs + after);
      turnedUp.push({ index, rank, atMs: snapshot.atMs + after });
    });
    waits.ask(snapshot);
  }

  async function sign(least: number): Promise<void> {
    while (joined.length > least) await deps.signing.join(joined.splice(0, SIGNED_TOGETHER));
    // Whoever was just answered must have a ticket before a pass.
    if (turnedUp.length > least && joined.length > 0) await deps.signing.join(joined.splice(0));
    while (turnedUp.length > least) await deps.signing.turnUp(turnedUp.splice(0, SIGNED_TOGETHER));
  }

  deps.progress.show(() => {
    const minutes = Math.round((clock.now() - opensAtMs) / 60_000);
    return `minute ${minutes} of the sale: ${crowd.joined} joined, ${crowd.admitted} admitted`;
  });
  const evictAtMs = evictionTimes(options, plan);
  const endMs = Date.parse(document.closesAt) + OVERTIME_MS;
  const phases: [keyof Measured["joins"], number][] = [
    ["rush", lobbyOpensAtMs + RUSH_MS],
    ["lobby", opensAtMs],
    ["start", opensAtMs + RUSH_MS],
    ["trickle", Number.POSITIVE_INFINITY],
  ];
  while (clock.now() < endMs) {
    const joinsAtMs =
      sent < shoppers ? lobbyOpensAtMs + (joinsAfterMs[sent] as number) : Number.POSITIVE_INFINITY;
    const isOver = crowd.admitted === shoppers && arrivals.isOver();
    if (isOver) break;
    const pushAtMs = levelsAtMs === 0 ? opensAtMs : levelsAtMs + LEVELS_EVERY_MS;
    const nowMs = Math.min(joinsAtMs, clock.nextMs(), object.wakesAtMs(), pushAtMs);
    await clock.play(nowMs);
    while ((phases[0] as (typeof phases)[0])[1] <= nowMs)
      counts[(phases.shift() as (typeof phases)[0])[0]] = isolates.takeCalls();
    for (; sent < shoppers && lobbyOpensAtMs + (joinsAfterMs[sent] as number) <= nowMs; sent++)
      join(sent).catch((error) => {
        failure ??= error;
      });
    if (pushAtMs <= nowMs) {
      object.tellArrived(arrivals.until(nowMs));
      levelsAtMs = nowMs;
    }
    await clock.play(nowMs);
    if (await object.wake()) look(object.snapshot());
    for (; (evictAtMs[evictions] ?? Number.POSITIVE_INFINITY) <= nowMs; evictions++) object.evict();
    if (failure !== null) throw failure;
    await sign(SIGNED_TOGETHER);
  }
  await sign(0);
  counts.trickle = isolates.takeCalls();

  deps.progress.show(() => "the second implementation recomputes the order, and the last passes are signed");
  const held = object.held();
  const record = readPublicRecord(object.line(), object.published);
  const [second, signing] = await Promise.all([deps.secondOpinion(record), deps.signing.finish()]);
  return {
    shoppers,
    joined: crowd.joined,
    logged: object.snapshot().joined,
    admitted: crowd.admitted,
    cohorts: record.cohorts.length,
    steps: record.steps.length,
    chunks: record.chunks.reduce((count, chunks) => count + chunks.length, 0),
    virtualMinutes: Math.round((clock.now() - lobbyOpensAtMs) / 60_000),
    evictions,
    recordHash: createHash("sha256")
      .update(JSON.stringify({ ...record, chunks: [] }))
      .digest("hex"),
    held,
    heldAtFirst,
    object: object.calls,
    joins: counts as Measured["joins"],
    arrivals: arrivals.figures(lastAdmittedAtMs),
    waits: waits.figures(),
    order: compareOrder(crowd.admissions(), second, record),
    signing,
  };
}

/** Random moments between the first join and some minutes after the last. */
function evictionTimes({ evictions, seed, cohorts }: Options, { lobbyOpensAtMs, opensAtMs, document }: Plan) {
  const random = createRandom(seed, "evictions");
  const mostMs = opensAtMs + (cohorts + 1) * document.line.windowMs - lobbyOpensAtMs;
  return Array.from({ length: evictions }, () => lobbyOpensAtMs + random.between(0, mostMs)).sort(
    (a, b) => a - b,
  );
}

/** Bytes that follow from the seed: the same run draws the same chain and the same key. */
function bytesFrom(seed: number): (count: number) => Uint8Array {
  let drawn = 0;
  return (count) => {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at += 32) {
      const block = createHash("sha256").update(`${seed}/${drawn}`).digest();
      bytes.set(block.subarray(0, Math.min(32, count - at)), at);
      drawn += 1;
    }
    return bytes;
  };
}
