import { expect, test } from "vitest";
import type { RecordPart } from "../../schema/rpc/drop-queue.ts";
import type { RecordSource } from "../../workers/edge/line/verify/read-record.ts";
import { verifyLine } from "../../workers/edge/line/verify/verify-line.ts";
import { BEACON, DROP, LineWorld, OPENS_AT_MS, range, signatureOf, tickets } from "./line-world.ts";

/** The record as the object itself answers it. */
const recordOf = ({ line }: LineWorld): RecordSource => {
  const encode = (body: unknown) => new TextEncoder().encode(JSON.stringify(body));
  return async (path) => {
    if (path === "snapshot" || path === "record") {
      const answer = path === "record" ? line.recordHead() : line.snapshot();
      return answer.ok ? encode(answer.value) : null;
    }
    const [, kind = "", first = "0", second = "0"] = path.split("/");
    const number = Number(first);
    const parts: Record<string, RecordPart> = {
      roots: { kind: "root", cohort: number },
      chunks: { kind: "chunk", cohort: number, chunk: Number(second) },
      cohorts: { kind: "cohorts", page: number },
      steps: { kind: "steps", page: number },
    };
    const part = parts[kind];
    const answer = part && line.recordPart(part);
    if (!answer?.ok || answer.value === null) return null;
    const { body } = answer.value;
    return typeof body === "string" ? new TextEncoder().encode(body) : body;
  };
};

const verify = (world: LineWorld, own: Parameters<typeof verifyLine>[0]["own"] = null) =>
  verifyLine({
    dropId: DROP,
    source: recordOf(world),
    mode: "full",
    // The world's beacon signs with hashes.
    checkRounds: async (_, rounds) =>
      rounds.map(({ round, signature }) => Buffer.from(signature).equals(Buffer.from(signatureOf(round)))),
    trustedBeacons: [BEACON],
    own: own ?? null,
    pause: async () => {},
  });

test.each([
  ["with a beacon", "drand"],
  ["without one", "off"],
])(
  "the record that the line itself makes holds at every moment, %s, and over evictions",
  async (_, beacon) => {
    const world = new LineWorld();
    world.publish({ line: { beacon, admitPerSecond: 400 } });
    world.join(range(0, 5_000));
    world.nowMs = OPENS_AT_MS - 1;
    for (let second = 0; second < 45; second += 1) {
      world.nowMs = OPENS_AT_MS + second * 1_000;
      if (second % 7 !== 3) world.join(range(10_000 + second * 20, 20));
      await world.tick();
      if (second % 10 === 9) world.evict();
      if (second % 5 !== 0) continue;
      const verdict = await verify(world);
      expect([second, verdict.status, verdict.findings]).toEqual([second, "holds", []]);
    }
    const [place] = world.join([3]);
    if (typeof place === "string" || place === undefined) throw new Error("no place");
    const ticketId = Buffer.from(tickets([3])).toString("hex");
    const verdict = await verify(world, { ticketId, cohort: place.cohort, chunk: place.chunk });
    expect(verdict).toMatchObject({
      status: "holds",
      own: { isInLog: true, isPlaceExact: true, people: 5_000 },
    });
    expect(verdict.own?.admittedAtMs).not.toBeNull();
    expect(verdict.summary.windows).toBeGreaterThan(5);
  },
  60_000,
);

test.each([
  ["with a beacon", "drand"],
  ["without one", "off"],
])(
  "a clock that steps back and forth makes no record that looks like fraud, and names no round that was out, %s",
  async (_, beacon) => {
    const world = new LineWorld();
    world.publish({ line: { beacon, admitPerSecond: 20 } });
    world.join(range(0, 1_000));
    world.nowMs = OPENS_AT_MS;
    const stepsMs = [0, 90_000, -90_000, 12_000, -3_000, 4_000, -60_000, -20_000, 0, 45_000, -45_000];
    for (const [turn, stepMs] of stepsMs.entries()) {
      const wereOut = Math.max(0, ...world.rounds);
      const closedBefore = world.snapshot.rootedThrough;
      world.nowMs += stepMs;
      for (let second = 0; second < 7; second += 1) {
        world.nowMs += 1_000;
        world.join(range(10_000 + turn * 700 + second * 100, 3));
        await world.tick();
        const verdict = await verify(world);
        expect([turn, second, verdict.status, verdict.findings]).toEqual([turn, second, "holds", []]);
      }
      if (turn % 3 === 2) world.evict();
      if (beacon === "drand")
        for (let cohort = closedBefore + 1; cohort <= world.snapshot.rootedThrough; cohort += 1)
          expect(world.root(cohort)?.beaconRound ?? Number.POSITIVE_INFINITY).toBeGreaterThan(wereOut);
    }
    expect(world.snapshot.revealedThrough).toBeGreaterThan(10);
    expect(world.logged).toEqual([]);
  },
  60_000,
);

test("the record holds when the choice of beacon was changed before the lobby opened", async () => {
  const world = new LineWorld();
  world.nowMs -= 2_000;
  world.publish({ line: { beacon: "off" } });
  world.nowMs += 1_000;
  world.publish({ line: { beacon: "drand" } }, "2".repeat(64));
  expect((await verify(world)).findings).toEqual([]);
});
