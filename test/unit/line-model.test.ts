import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isAdmitted, type Watermark } from "../../schema/line.ts";
import { DROP, LineWorld, OPENS_AT_MS, range, tickets } from "./line-world.ts";

const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const WINDOW_MS = 5_000;
const LOBBY_MS = 20_000;
const PATIENCE_MS = 60_000;

/** What a run is made of. `evict` and `fault` are what a lucky run leaves out. */
type Act =
  | { kind: "join"; people: number[]; bots: number[] }
  | { kind: "pass"; ms: number }
  | { kind: "together" }
  | { kind: "kv" | "beacon"; isAway: boolean }
  | { kind: "evict" }
  | { kind: "fault"; isCarriedOut: boolean };

const person = fc.integer({ min: 0, max: 300 });
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("join" as const),
      people: fc.array(person, { maxLength: 20 }),
      bots: fc.constant(range(0, 60)),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 7_000 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "together" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("kv" as const, "beacon" as const), isAway: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: "evict" as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("fault" as const), isCarriedOut: fc.boolean() }) },
);
const run = fc.record({
  acts: fc.array(act, { minLength: 5, maxLength: 60 }),
  beacon: fc.constantFrom("off", "drand"),
});

type Model = { cohortOf: Map<number, number>; logs: Map<number, number[]>; bots: Set<number> };

async function play(
  { acts, beacon }: { acts: readonly Act[]; beacon: string },
  { isUnlucky, hasFaults = false }: { isUnlucky: boolean; hasFaults?: boolean },
) {
  const world = new LineWorld();
  world.nowMs = OPENS_AT_MS - 600_000;
  world.publish({ line: { beacon, windowMs: WINDOW_MS, admitPerSecond: 3 } });
  world.nowMs = OPENS_AT_MS - LOBBY_MS;
  const model: Model = { cohortOf: new Map(), logs: new Map(), bots: new Set() };
  for (const one of acts) await take(world, model, one, { isUnlucky, hasFaults });
  world.isKvAway = false;
  world.isBeaconAway = false;
  const endMs = OPENS_AT_MS + 3_600_000;
  for (const atMs of [world.nowMs + 10_000, endMs, endMs + 10_000, endMs + 20_000]) {
    world.nowMs = atMs;
    await world.tick();
  }
  return { world, model };
}

async function take(
  world: LineWorld,
  model: Model,
  one: Act,
  { isUnlucky, hasFaults }: { isUnlucky: boolean; hasFaults: boolean },
): Promise<void> {
  switch (one.kind) {
    case "join": {
      const cohort = world.nowMs < OPENS_AT_MS ? 0 : 1 + Math.floor((world.nowMs - OPENS_AT_MS) / WINDOW_MS);
      const places = world.join(one.people, one.bots);
      for (const [index, who] of one.people.entries()) {
        if (!model.cohortOf.has(who)) {
          model.cohortOf.set(who, cohort);
          model.logs.set(cohort, [...(model.logs.get(cohort) ?? []), who]);
          if (one.bots.includes(who)) model.bots.add(who);
        }
        expect(places[index]).toMatchObject({
          cohort: model.cohortOf.get(who),
          chunk: 0,
          isHeldApart: model.bots.has(who),
        });
      }
      return;
    }
    case "pass":
      world.nowMs += one.ms;
      return world.tick();
    case "together":
      await Promise.all([world.line.alarm(), world.line.alarm(), world.line.goOut()]);
      return;
    case "kv":
      world.isKvAway = one.isAway;
      return;
    case "beacon":
      world.isBeaconAway = one.isAway;
      return;
    case "evict":
      if (isUnlucky) world.evict();
      return;
    case "fault":
      if (!hasFaults) return;
      // The process dies in its next call to the outside, before or after that was carried out.
      world.dieAtNextPut = one.isCarriedOut ? "after" : "before";
      world.nowMs += 1_000;
      await world.line.alarm();
      world.dieAtNextPut = null;
      world.evict();
      return world.tick();
  }
}

/** All that anybody can read, byte for byte. */
const publicRecord = (world: LineWorld) => ({
  kv: [...world.kv].sort(([a], [b]) => (a < b ? -1 : 1)),
  head: { ...world.head, atMs: 0 },
  cohorts: world.cohorts,
  steps: world.steps,
  snapshot: world.snapshot,
});

describe("a line that is evicted at random points", () => {
  test(
    "leaves the same public record, byte for byte, as one that never was",
    async () => {
      await fc.assert(
        fc.asyncProperty(run, async (script) => {
          const lucky = await play(script, { isUnlucky: false });
          const unlucky = await play(script, { isUnlucky: true });
          expect(publicRecord(unlucky.world)).toEqual(publicRecord(lucky.world));
        }),
        { numRuns: 40 },
      );
    },
    PATIENCE_MS,
  );
});

describe("whatever happens to it", () => {
  test(
    "every ticket has its first place, every root its log, every seed its link, and nobody passes before a seed",
    async () => {
      await fc.assert(
        fc.asyncProperty(run, async (script) => {
          const { world, model } = await play(script, { isUnlucky: true, hasFaults: true });
          const numbers = [...model.logs.keys()].sort((a, b) => a - b);
          const { cohorts, steps, head } = world;
          expect(cohorts.map(({ cohort }) => cohort)).toEqual(numbers);
          expect(head.heldApart).toBe(model.bots.size);
          let before = 0;
          for (const cohort of cohorts) {
            const people = model.logs.get(cohort.cohort) ?? [];
            expect(Buffer.from(world.log(cohort.cohort))).toEqual(Buffer.from(tickets(people)));
            expect(cohort).toMatchObject({ before, count: people.length });
            before += people.length;
            let link: string = cohort.link;
            for (const _ of range(0, cohort.cohort + 1)) link = sha(Buffer.from(link, "hex"));
            expect(link).toBe(head.commitment.anchor);
            expect(world.kv.get(`root/${DROP}/${cohort.cohort}`)).toBe(
              JSON.stringify(world.root(cohort.cohort)),
            );
            expect(cohort.revealedAtMs).toBeGreaterThanOrEqual(cohort.closedAtMs);
          }
          let last: Watermark = { cohort: -1, rank: 1 };
          for (const [index, step] of steps.entries()) {
            expect(step.step).toBe(index + 1);
            expect(isAdmitted(last, step)).toBe(true);
            const revealed = cohorts.find(({ cohort }) => cohort === step.cohort);
            expect(revealed?.revealedAtMs).toBeLessThanOrEqual(step.atMs);
            last = step;
          }
          expect(world.snapshot.joined).toBe(before);
        }),
        { numRuns: 60 },
      );
    },
    PATIENCE_MS,
  );

  test(
    "a root is in KV before its link can be seen, at each call to the outside",
    async () => {
      await fc.assert(
        fc.asyncProperty(run, async (script) => {
          const world = new LineWorld();
          const seen: string[] = [];
          world.onCall = () => {
            for (const { cohort } of world.cohorts)
              if (!world.kv.has(`root/${DROP}/${cohort}`)) seen.push(`link of ${cohort} without its root`);
          };
          world.publish({ line: { beacon: script.beacon, windowMs: WINDOW_MS } });
          world.nowMs = OPENS_AT_MS - LOBBY_MS;
          const model: Model = { cohortOf: new Map(), logs: new Map(), bots: new Set() };
          for (const one of script.acts) await take(world, model, one, { isUnlucky: true, hasFaults: true });
          expect(seen).toEqual([]);
        }),
        { numRuns: 30 },
      );
    },
    PATIENCE_MS,
  );
});
