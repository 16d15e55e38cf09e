import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  admissionBudget,
  advance,
  cohortAt,
  cohortEndMs,
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

describe("the budget", () => {
  test("is the rate times the time since the last tick, and what was left", () => {
    expect(admissionBudget({ admitPerSecond: 20, carry: 0.5, sinceLastTickMs: 500 })).toBe(10.5);
  });

  test("saves up two ticks at most", () => {
    expect(admissionBudget({ admitPerSecond: 20, carry: 99, sinceLastTickMs: 3_600_000 })).toBe(40);
  });

  test("is never a debt: a clock that stepped back does not stop the line for as long", () => {
    expect(admissionBudget({ admitPerSecond: 20, carry: 0, sinceLastTickMs: -3_600_000 })).toBe(0);
  });
});

describe("the line's alarm", () => {
  const idle = {
    nowMs: 5_000,
    openCohortEndsMs: [],
    isLive: true,
    hasWaiting: false,
    lastTickMs: 4_500,
    hasUnfolded: false,
    hasUnconfigured: false,
  };
  test("is not set when nobody waits: an idle line costs nothing", () => {
    expect(nextAlarm(idle)).toBeNull();
    expect(nextAlarm({ ...idle, hasWaiting: true, isLive: false })).toBeNull();
  });

  test("is at the next tick while people wait, at a cohort's end, and soon for a SKU without terms", () => {
    expect(nextAlarm({ ...idle, hasWaiting: true })).toBe(4_500 + LIMITS.lineTickMs);
    expect(nextAlarm({ ...idle, hasUnfolded: true, isLive: false })).toBe(4_500 + LIMITS.lineTickMs);
    expect(nextAlarm({ ...idle, openCohortEndsMs: [5_200, 9_000] })).toBe(5_200);
    expect(nextAlarm({ ...idle, hasUnconfigured: true })).toBe(5_000 + LIMITS.lineTickMs);
    expect(nextAlarm({ ...idle, openCohortEndsMs: [1] })).toBe(5_000);
    // A clock that stepped back: the next tick is a tick away, not as far as the step.
    expect(nextAlarm({ ...idle, hasWaiting: true, lastTickMs: 99_000 })).toBe(5_000 + LIMITS.lineTickMs);
  });
});

test("one SKU pushes four times a second at most, a hundred SKUs a hundred times together", () => {
  expect(levelPushIntervalMs(1)).toBe(250);
  expect((1_000 / levelPushIntervalMs(100)) * 100).toBeLessThanOrEqual(100);
});
