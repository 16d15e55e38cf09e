import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  advance,
  cohortAt,
  cohortEndMs,
  cohortsOf,
  isSoldOut,
  LINE_START,
  levelPushIntervalMs,
  nextAlarm,
  phaseAt,
  type Schedule,
} from "../../durable-objects/drop-queue/decide.ts";
import type { SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { isAdmitted } from "../../schema/line.ts";

const OPENS = 1_000_000;
const schedule: Schedule = {
  lobbyOpensAtMs: OPENS - 500,
  opensAtMs: OPENS,
  closesAtMs: OPENS + 60_000,
  windowMs: 5_000,
  endedAtMs: null,
};
const level = (stock: number, sold: number) => ({
  skuId: "a" as SkuId,
  stock,
  available: stock - sold,
  reserved: 0,
  sold,
});

describe("the phase of a drop", () => {
  test.each([
    [OPENS - 501, "announced"],
    [OPENS - 500, "lobby"],
    [OPENS - 1, "lobby"],
    [OPENS, "live"],
    [OPENS + 59_999, "live"],
    [OPENS + 60_000, "closed"],
  ])("at %i is %s", (atMs, phase) => {
    expect(phaseAt(schedule, false, atMs)).toBe(phase);
  });

  test("is sold out only while it is live", () => {
    expect(phaseAt(schedule, true, OPENS - 1)).toBe("lobby");
    expect(phaseAt(schedule, true, OPENS)).toBe("sold_out");
    expect(phaseAt(schedule, true, OPENS + 60_000)).toBe("closed");
  });

  test("is sold out only when every unit of every SKU is sold", () => {
    expect(isSoldOut([level(2, 2), level(1, 1)])).toBe(true);
    expect(isSoldOut([level(2, 2), level(1, 0)])).toBe(false);
    expect(isSoldOut([{ ...level(2, 1), available: 0, reserved: 1 }])).toBe(false);
  });
});

describe("a cohort", () => {
  test("begins and ends at exact milliseconds", () => {
    expect([OPENS - 1, OPENS, OPENS + 4_999, OPENS + 5_000].map((atMs) => cohortAt(schedule, atMs))).toEqual([
      0, 1, 1, 2,
    ]);
    expect([0, 1, 2].map((cohort) => cohortEndMs(schedule, cohort))).toEqual([
      OPENS,
      OPENS + 5_000,
      OPENS + 10_000,
    ]);
  });

  test("contains each moment before its end and after the end of the one before", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10 * OPENS }),
        fc.integer({ min: 1_000, max: 60_000 }),
        (atMs, windowMs) => {
          const ours = { ...schedule, windowMs };
          const cohort = cohortAt(ours, atMs);
          expect(atMs).toBeLessThan(cohortEndMs(ours, cohort));
          if (cohort > 0) expect(atMs).toBeGreaterThanOrEqual(cohortEndMs(ours, cohort - 1));
        },
      ),
    );
  });
});

const line = fc
  .array(fc.record({ gap: fc.integer({ min: 1, max: 3 }), count: fc.integer({ min: 1, max: 500 }) }), {
    maxLength: 8,
  })
  .map((steps) => {
    let cohort = -1;
    return steps.map(({ gap, count }) => {
      cohort += gap;
      return { cohort, count };
    });
  });

describe("the watermark", () => {
  test("admits the people of one cohort after the other, at the budget's pace", () => {
    const closed = [
      { cohort: 0, count: 10 },
      { cohort: 2, count: 4 },
    ];
    const first = advance(LINE_START, closed, 5);
    expect(first).toEqual({ watermark: { cohort: 0, rank: 0.5 }, admitted: 5, left: 0 });
    const second = advance(first.watermark, closed, 7);
    expect(second).toMatchObject({ watermark: { cohort: 2, rank: 0.5 }, left: 0 });
    expect(second.admitted).toBeCloseTo(7);
    expect(advance(second.watermark, closed, 100)).toMatchObject({
      watermark: { cohort: 2, rank: 1 },
      left: 98,
    });
  });

  test("does not move without people or without a budget", () => {
    expect(advance(LINE_START, [], 5)).toEqual({ watermark: LINE_START, admitted: 0, left: 5 });
    expect(advance(LINE_START, [{ cohort: 0, count: 3 }], 0)).toMatchObject({
      watermark: LINE_START,
      admitted: 0,
    });
  });

  test("never goes back, never admits more than the budget, and loses nobody", () => {
    fc.assert(
      fc.property(
        line,
        fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { maxLength: 30 }),
        (closed, budgets) => {
          let watermark = LINE_START;
          let admitted = 0;
          for (const budget of budgets) {
            const next = advance(watermark, closed, budget);
            expect(isAdmitted(watermark, next.watermark) || equal(watermark, next.watermark)).toBe(true);
            expect(next.admitted + next.left).toBeCloseTo(budget, 6);
            expect(next.left).toBeGreaterThanOrEqual(0);
            watermark = next.watermark;
            admitted += next.admitted;
          }
          const before = closed.reduce(
            (sum, { cohort, count }) =>
              sum +
              (cohort < watermark.cohort ? count : cohort === watermark.cohort ? count * watermark.rank : 0),
            0,
          );
          expect(before).toBeCloseTo(admitted, 5);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test("reaches everybody when the budget suffices, in whatever steps", () => {
    fc.assert(
      fc.property(line, fc.double({ min: 0.5, max: 50, noNaN: true }), (closed, budget) => {
        let watermark = LINE_START;
        let left = 0;
        for (let turn = 0; turn < 20_000 && left === 0; turn += 1)
          ({ watermark, left } = advance(watermark, closed, budget));
        for (const { cohort } of closed)
          expect(isAdmitted({ cohort, rank: 1 - 1e-12 }, watermark)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});

const equal = (a: { cohort: number; rank: number }, b: { cohort: number; rank: number }) =>
  a.cohort === b.cohort && a.rank === b.rank;

describe("the line's alarm", () => {
  const idle = {
    nowMs: 5_000,
    openCohortEndsMs: [],
    closesAtMs: null,
    isAdmitting: false,
    hasUnfolded: false,
    lastTickMs: 4_500,
    outsideDueMs: null,
  };
  test("is not set once a drop is over and everything is told", () => {
    expect(nextAlarm(idle)).toBeNull();
  });

  test("is at the end of a drop where nobody waits: an idle line costs nothing", () => {
    expect(nextAlarm({ ...idle, closesAtMs: 3_600_000 })).toBe(3_600_000);
  });

  test("is at the next tick while people wait, at a cohort's end, and when the outside can be tried", () => {
    const live = { ...idle, closesAtMs: 3_600_000 };
    expect(nextAlarm({ ...live, isAdmitting: true })).toBe(4_500 + LIMITS.lineTickMs);
    expect(nextAlarm({ ...live, hasUnfolded: true })).toBe(4_500 + LIMITS.lineTickMs);
    expect(nextAlarm({ ...live, openCohortEndsMs: [5_200, 9_000] })).toBe(5_200);
    expect(nextAlarm({ ...live, outsideDueMs: 5_900 })).toBe(5_900);
    expect(nextAlarm({ ...live, openCohortEndsMs: [1] })).toBe(5_000);
    // A clock that stepped back: the next tick is a tick away, not as far as the step.
    expect(nextAlarm({ ...live, isAdmitting: true, lastTickMs: 99_000 })).toBe(5_000 + LIMITS.lineTickMs);
  });
});

describe("the cohorts of a schedule", () => {
  test("are the lobby and a window for each part of the time that it is live", () => {
    expect(cohortsOf(schedule)).toBe(13);
    expect(cohortsOf({ ...schedule, closesAtMs: schedule.closesAtMs + 1 })).toBe(14);
    expect(cohortAt(schedule, schedule.closesAtMs - 1)).toBe(12);
  });

  test("end by hand at once, the last window too", () => {
    const ended = { ...schedule, endedAtMs: OPENS + 7_000, closesAtMs: OPENS + 7_000 };
    expect([0, 1, 2, 3].map((cohort) => cohortEndMs(ended, cohort) - OPENS)).toEqual([
      0, 5_000, 7_000, 7_000,
    ]);
  });
});

test("one SKU pushes four times a second at most, a hundred SKUs a hundred times together", () => {
  expect(levelPushIntervalMs(1)).toBe(250);
  expect((1_000 / levelPushIntervalMs(100)) * 100).toBeLessThanOrEqual(100);
});
