import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Commitment } from "../../schema/line.ts";
import { readKept, writeKept } from "../../scripts/verify-line/kept.ts";
import { BOUNDS } from "../../workers/edge/line/verify/bounds.ts";
import { isInTime, witnessWords } from "../../workers/edge/line/verify/witness.ts";
import {
  BEACON,
  closesAtMs,
  honestWorld,
  newKey,
  type Parts,
  publish,
  signedRootOf,
  ticket,
  type World,
} from "./line-record-forge.ts";
import { cohortIn, head, type Options, rootIn, verify } from "./verify-line-world.ts";

/** A small line with the beacon on: windows 0, 1 and 3 are drawn, window 4 is closed. */
const line: World = { ...honestWorld(), steps: [], ledgers: new Map() };
for (const [cohort, ids] of line.logs) line.logs.set(cohort, ids.slice(0, 3));
const record = publish(line);
const dueAtMs = (cohort: number) =>
  BEACON.genesisAtMs + ((rootIn(record, cohort).beaconRound ?? 0) - 1) * BEACON.periodMs;
const nowMs = line.atMs + 60_000;

const keptAt = (cohort: number, seenAtMs: unknown, parts = record) => ({
  ...rootIn(parts, cohort),
  seenAtMs,
});

async function told(roots: readonly unknown[], parts: Parts = record, options: Options = {}) {
  const kept = { commitment: head(parts).commitment, roots };
  const verdict = await verify(parts, { kept, nowMs: () => nowMs, mode: "light", ...options });
  const check = verdict.checks.find((one) => one.check === "kept");
  return {
    status: verdict.status,
    codes: verdict.findings.map(({ check, code }) => `${check}/${code}`),
    gaps: check?.gaps ?? [],
    witnessed: verdict.witnessed,
    words: witnessWords(verdict.witnessed, verdict.summary.commitment?.beacon ?? null).join(" "),
  };
}

describe("a root that was kept with the time at which it was seen", () => {
  test("before its round was due, proves that nobody chose a place in its window", async () => {
    const seenAtMs = dueAtMs(3) - 1;
    const { status, gaps, witnessed, words } = await told([keptAt(3, seenAtMs)]);
    expect({ status, gaps }).toEqual({ status: "holds", gaps: [] });
    expect(witnessed).toEqual([{ cohort: 3, seenAtMs, dueAtMs: dueAtMs(3) }]);
    expect(words).toContain("You were shown the root of window 3");
    expect(words).toContain("could choose places in it");
    expect(words).toContain("Whether that clock was right only its owner can know");
  });

  test.each([0, 1, 60_000])("%s ms after its round was due, proves nothing and is no breach", async (ms) => {
    const { status, gaps, words } = await told([keptAt(3, dueAtMs(3) + ms)]);
    expect({ status, gaps }).toEqual({ status: "holds", gaps: [] });
    expect(words).toContain("too late to prove");
    expect(words).not.toContain("could choose");
  });

  test("is told window by window, whichever of them was seen in time", async () => {
    const { witnessed, words } = await told([
      keptAt(0, dueAtMs(0) - 900),
      keptAt(1, dueAtMs(1) + 5),
      keptAt(3, dueAtMs(3) - 900),
    ]);
    expect(witnessed.map((one) => [one.cohort, isInTime(one)])).toEqual([
      [0, true],
      [1, false],
      [3, true],
    ]);
    expect(words).toContain("each of windows 0, 3 before");
    expect(words).toContain("The root of window 1 was seen only after");
  });

  test("says nothing without a time, and nothing where nothing was kept", async () => {
    const nothing = { status: "holds", codes: [], gaps: [], witnessed: [], words: "" };
    expect(await told([rootIn(record, 3)])).toEqual(nothing);
    expect(await told([])).toEqual(nothing);
    expect(await told([], record, { kept: null })).toEqual(nothing);
  });

  test("says nothing in a line without a beacon, whatever the time is", async () => {
    const without = publish({ ...line, hasBeacon: false });
    for (const seenAtMs of [dueAtMs(3) - 1, "soon", null, -1])
      expect(await told([keptAt(3, seenAtMs, without)], without)).toMatchObject({
        status: "holds",
        gaps: [],
        witnessed: [],
        words: "",
      });
  });

  test("says nothing yet of a window whose seed is not out", async () => {
    const { status, gaps, witnessed } = await told([keptAt(4, closesAtMs(4) + 10)]);
    expect({ status, gaps, witnessed }).toEqual({ status: "holds", gaps: [], witnessed: [] });
  });

  test("was seen the first time when it was kept twice", async () => {
    const [early, late] = [keptAt(3, dueAtMs(3) - 700), keptAt(3, dueAtMs(3) + 700)];
    for (const roots of [
      [early, late],
      [late, early],
    ])
      expect((await told(roots)).witnessed).toMatchObject([{ seenAtMs: early.seenAtMs }]);
  });
});

describe("a time that cannot be", () => {
  test.each<[string, unknown]>([
    ["a text", String(dueAtMs(3) - 1)],
    ["NaN, which a file has as null", JSON.parse(JSON.stringify(Number.NaN))],
    ["negative", -1],
    ["a fraction", dueAtMs(3) - 0.5],
    ["huge", 1e300],
    ["a list", [dueAtMs(3) - 1]],
    ["an object", { valueOf: dueAtMs(3) - 1 }],
    ["from before its window closed", closesAtMs(3) - BOUNDS.clockToleranceMs - 1],
    ["still to come", nowMs + BOUNDS.clockToleranceMs + 1],
    ["the largest whole number", Number.MAX_SAFE_INTEGER],
  ])("(%s) proves nothing, and takes nothing from a record that holds", async (_, seenAtMs) => {
    const { status, codes, gaps, witnessed, words } = await told([keptAt(3, seenAtMs)]);
    expect({ status, codes, gaps }).toEqual({ status: "holds", codes: [], gaps: [] });
    expect(witnessed).toEqual([{ cohort: 3, wrong: expect.stringContaining("root of window 3 was seen") }]);
    expect(words).toContain("root of window 3 was seen");
    expect(words).toContain("proves nothing");
    expect(words).not.toContain("could choose");
  });

  test.each([
    ["just inside the grace before the close", closesAtMs(3) - BOUNDS.clockToleranceMs, true],
    ["just inside the grace ahead of this clock", nowMs + BOUNDS.clockToleranceMs, false],
  ])("is none %s", async (_, seenAtMs, inTime) => {
    const { gaps, witnessed } = await told([keptAt(3, seenAtMs)]);
    expect(gaps).toEqual([]);
    expect(witnessed.map(isInTime)).toEqual([inTime]);
  });

  test("does not take the others' proof away", async () => {
    const { status, witnessed } = await told([keptAt(1, "soon"), keptAt(3, dueAtMs(3) - 1)]);
    expect(status).toBe("holds");
    expect(witnessed.map((one) => [one.cohort, isInTime(one)])).toEqual([
      [1, false],
      [3, true],
    ]);
  });

  test("gives way to a good one of the same root, in whichever order they were kept", async () => {
    const roots = [keptAt(3, "soon"), keptAt(3, dueAtMs(3) - 1)];
    for (const some of [roots, roots.toReversed()])
      expect((await told(some)).witnessed).toEqual([
        { cohort: 3, seenAtMs: dueAtMs(3) - 1, dueAtMs: dueAtMs(3) },
      ]);
  });

  test("never crashes the check, whatever it is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything(), async (seenAtMs) => {
        const { codes, witnessed } = await told([keptAt(3, seenAtMs)]);
        expect(codes).toEqual([]);
        for (const one of witnessed)
          if ("seenAtMs" in one) expect(one.seenAtMs).toBeGreaterThanOrEqual(closesAtMs(3) - 1_000);
      }),
      { numRuns: 20 },
    );
  });
});

describe("a root with a good time that", () => {
  const inTime = dueAtMs(3) - 500;
  const more = { ...line, logs: new Map([...line.logs, [3, [ticket(-1), ticket(-2)]]]) };

  test("the line never signed is a gap and proves nothing", async () => {
    const forged = { ...keptAt(3, inTime), count: 7 };
    const { status, witnessed, gaps } = await told([forged]);
    expect({ status, witnessed }).toEqual({ status: "incomplete", witnessed: [] });
    expect(gaps).toEqual([expect.stringContaining("not signed")]);
  });

  test("is not the record's proves a breach and nothing else", async () => {
    const { codes, witnessed, words } = await told([{ ...signedRootOf(more, 3), seenAtMs: inTime }]);
    expect({ codes, witnessed, words }).toEqual({ codes: ["kept/two_roots"], witnessed: [], words: "" });
  });

  test("is one of two signed ones vouches for nothing, in whichever order they were kept", async () => {
    const other = { ...signedRootOf(more, 3), seenAtMs: inTime + 5_000 };
    for (const roots of [
      [keptAt(3, inTime), other],
      [other, keptAt(3, inTime)],
    ]) {
      const { status, codes, witnessed } = await told(roots);
      expect({ status, codes, witnessed }).toEqual({
        status: "broken",
        codes: ["kept/two_roots"],
        witnessed: [],
      });
    }
  });

  test("is one of two for a window that this look does not read is found all the same", async () => {
    const others = { ...line, logs: new Map([...line.logs, [4, [ticket(-3)]]]) };
    const { codes } = await told([keptAt(4, inTime), { ...signedRootOf(others, 4), seenAtMs: inTime }]);
    expect(codes).toEqual(["kept/two_roots"]);
  });

  test("is of a line that was started anew vouches for nothing", async () => {
    const anew = publish({ ...line, key: newKey() });
    const verdict = await verify(anew, {
      kept: { commitment: head(record).commitment, roots: [keptAt(3, inTime)] },
      nowMs: () => nowMs,
    });
    expect(verdict.status).toBe("broken");
    expect(verdict.witnessed).toEqual([]);
  });
});

describe("nobody is vouched for", () => {
  const kept = [keptAt(3, dueAtMs(3) - 1)];

  test("when the beacon is not one that is trusted: its rounds may be known beforehand", async () => {
    expect(await told(kept, record, { trustedBeacons: [] })).toMatchObject({
      status: "broken",
      witnessed: [],
    });
  });

  test("when the window's seed does not take its round", async () => {
    const parts = publish(line);
    cohortIn(parts, 3).beaconSignature = cohortIn(parts, 1).beaconSignature;
    expect(await told(kept, parts)).toMatchObject({ status: "broken", witnessed: [] });
  });

  test("when the window takes a round of the brand's choice, however late that is due", async () => {
    const chosen = { ...line, roundOf: (closedAtMs: number) => line.roundOf(closedAtMs) + 20 };
    const parts = publish(chosen);
    const { status, witnessed } = await told([keptAt(3, dueAtMs(3) + 5_000, parts)], parts);
    expect({ status, witnessed }).toEqual({ status: "broken", witnessed: [] });
  });

  test("when the rounds could not be checked here", async () => {
    const checkRounds = async () => {
      throw new Error("no curve");
    };
    expect(await told(kept, record, { checkRounds })).toMatchObject({ status: "incomplete", witnessed: [] });
  });
});

describe("a file that the command keeps", () => {
  const file = join(mkdtempSync(join(tmpdir(), "witness-")), "kept.json");
  const commitment = head(record).commitment as Commitment;
  const look = (seenAtMs: number, cohort = 3) => new Map([[cohort, { ...rootIn(record, cohort), seenAtMs }]]);

  test("has the time of a root that was seen before its round, and a later look leaves it", async () => {
    await writeKept(file, null, { commitment, roots: look(dueAtMs(3) - 700) });
    await writeKept(file, await readKept(file), { commitment, roots: look(dueAtMs(3) - 200) });
    const kept = await readKept(file);
    expect(kept?.roots).toEqual([keptAt(3, dueAtMs(3) - 700)]);
    expect((await told(kept?.roots ?? [])).witnessed.map(isInTime)).toEqual([true]);
  });

  test.each([
    ["after its round was due", dueAtMs(3)],
    ["by a clock that cannot be right", closesAtMs(3) - 60_000],
  ])("has no time of a root that was seen %s", async (_, seenAtMs) => {
    await writeKept(file, null, { commitment, roots: look(seenAtMs) });
    expect((await readKept(file))?.roots).toEqual([rootIn(record, 3)]);
  });
});
