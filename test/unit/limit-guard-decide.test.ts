import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ClaimRow,
  decideClaim,
  decideReturn,
  isLive,
  nextSweepMs,
} from "../../durable-objects/limit-guard/decide.ts";
import { DropId, limitShardOf } from "../../schema/ids.ts";
import type { LimitClaim, LimitReturn } from "../../schema/limit-guard.ts";
import { LIMITS } from "../../schema/limits.ts";

const NOW_MS = 1_000_000;
const claim = (over: Partial<LimitClaim> = {}): LimitClaim => ({
  identity: "session:shp_1",
  claimId: "a",
  step: 7,
  units: 1,
  max: 2,
  untilMs: NOW_MS + 1_000,
  ...over,
});
const back = (over: Partial<LimitReturn> = {}): LimitReturn => ({
  identity: "session:shp_1",
  claimId: "a",
  step: 7,
  countsUntilMs: null,
  ...over,
});
const row = (over: Partial<ClaimRow> = {}): ClaimRow => ({
  claimId: "a",
  units: 1,
  untilMs: null,
  step: 7,
  ...over,
});
const known = (rows: ClaimRow[], fence: number | null = null) => ({ rows, fence });
const overtakenBy = (step: number) => ({
  answer: { ok: false, refusal: { code: "request_in_progress", detail: "a later step was seen", step } },
  write: null,
});
const TAKEN = { answer: { ok: false, refusal: { code: "shopper_limit_reached" } }, write: null };

describe("a claim", () => {
  test("is granted up to the limit and refused one unit past it", () => {
    const rows = [row({ claimId: "b", units: 3 })];
    expect(decideClaim(known(rows), claim({ units: 2, max: 5 }), NOW_MS)).toEqual({
      answer: { ok: true, value: { units: 2 } },
      write: { claimId: "a", units: 2, untilMs: NOW_MS + 1_000, step: 7 },
    });
    expect(decideClaim(known(rows), claim({ units: 3, max: 5 }), NOW_MS)).toEqual(TAKEN);
  });

  test("counts until its deadline and not at it", () => {
    const rows = [row({ claimId: "b", units: 2, untilMs: NOW_MS })];
    expect(decideClaim(known(rows), claim(), NOW_MS - 1)).toEqual(TAKEN);
    expect(decideClaim(known(rows), claim(), NOW_MS).answer.ok).toBe(true);
  });

  test("that is repeated takes nothing more and is not refused, also when the limit was lowered since", () => {
    const rows = [row({ units: 2, untilMs: NOW_MS + 1_000 })];
    expect(decideClaim(known(rows), claim({ units: 2, max: 1 }), NOW_MS)).toEqual({
      answer: { ok: true, value: { units: 2 } },
      write: null,
    });
  });

  test("that is repeated puts its deadline off or loses it, and never brings it forward", () => {
    const rows = [row({ untilMs: NOW_MS + 500 })];
    expect(decideClaim(known(rows), claim(), NOW_MS).write?.untilMs).toBe(NOW_MS + 1_000);
    expect(decideClaim(known(rows), claim({ untilMs: null }), NOW_MS).write?.untilMs).toBeNull();
    expect(decideClaim(known(rows), claim({ untilMs: NOW_MS + 1 }), NOW_MS).write).toBeNull();
    expect(decideClaim(known([row()]), claim({ untilMs: NOW_MS + 1 }), NOW_MS).write).toBeNull();
  });

  test("of other units under the same id is decided anew at a later step, without its own earlier units", () => {
    const rows = [row({ units: 2 }), row({ claimId: "b", units: 1 })];
    expect(decideClaim(known(rows), claim({ step: 8, units: 4, max: 5 }), NOW_MS).write?.units).toBe(4);
    expect(decideClaim(known(rows), claim({ step: 8, units: 5, max: 5 }), NOW_MS)).toEqual(TAKEN);
    expect(decideClaim(known(rows), claim({ units: 1, max: 5 }), NOW_MS)).toEqual(overtakenBy(7));
  });

  test("of fewer units is made smaller, whatever the others came to under a higher limit", () => {
    const rows = [row({ units: 2 }), row({ claimId: "b", units: 3 })];
    expect(decideClaim(known(rows), claim({ step: 8, units: 1, max: 2 }), NOW_MS).write?.units).toBe(1);
  });

  test("that was overtaken by a later claim does nothing, and is told by which step", () => {
    for (const held of [row({ units: 2 }), row({ units: 2, untilMs: NOW_MS - 1 })]) {
      expect(decideClaim(known([held]), claim({ step: 6 }), NOW_MS)).toEqual(overtakenBy(7));
      expect(decideClaim(known([held]), claim({ units: 2 }), NOW_MS).answer.ok).toBe(true);
    }
  });

  test("that was overtaken by its give-back does nothing, at the give-back's own step too; a later one counts", () => {
    expect(decideClaim(known([], 7), claim({ step: 6, untilMs: null }), NOW_MS)).toEqual(overtakenBy(7));
    expect(decideClaim(known([], 7), claim({ untilMs: null }), NOW_MS)).toEqual(overtakenBy(7));
    expect(decideClaim(known([], 7), claim({ step: 8 }), NOW_MS).write).toMatchObject({ units: 1, step: 8 });
    const others = known([row({ claimId: "b", step: 9 })]);
    expect(decideClaim(others, claim(), NOW_MS).answer.ok).toBe(true);
  });

  test("never lets the live claims of an identity come to more than the limit, in any order of claims and returns", () => {
    const step = fc.record({
      claimId: fc.constantFrom("a", "b", "c", "d"),
      units: fc.integer({ min: 1, max: 4 }),
      lastsMs: fc.option(fc.integer({ min: 1, max: 50 }), { nil: null }),
      returns: fc.boolean(),
      waitsMs: fc.integer({ min: 0, max: 30 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 8 }), (steps, max) => {
        let nowMs = NOW_MS;
        const rows = new Map<string, ClaimRow>();
        for (const [step, { claimId, units, lastsMs, returns, waitsMs }] of steps.entries()) {
          nowMs += waitsMs;
          if (returns) {
            rows.delete(claimId);
            continue;
          }
          const untilMs = lastsMs === null ? null : nowMs + lastsMs;
          const { answer, write } = decideClaim(
            known([...rows.values()]),
            claim({ claimId, step, units, max, untilMs }),
            nowMs,
          );
          if (write !== null) rows.set(claimId, write);
          const live = [...rows.values()].filter((one) => isLive(one, nowMs));
          expect(live.reduce((sum, one) => sum + one.units, 0)).toBeLessThanOrEqual(max);
          if (answer.ok) expect(rows.get(claimId)?.units).toBe(units);
        }
      }),
    );
  });
});

describe("a give-back", () => {
  test("ends the claim, and fences one that is not there, for it may be on its way", () => {
    for (const rows of [[row()], [row({ step: 6 })], [row({ untilMs: NOW_MS })], []])
      expect(decideReturn(known(rows), back(), NOW_MS)).toEqual({
        answer: { ok: true, value: null },
        change: { row: null },
      });
  });

  test("that is repeated changes nothing", () => {
    expect(decideReturn(known([], 7), back(), NOW_MS)).toEqual({
      answer: { ok: true, value: null },
      change: null,
    });
  });

  test("that comes late leaves the later claim, or the later give-back, as it is, and is told so", () => {
    const { answer } = overtakenBy(8);
    expect(decideReturn(known([row({ step: 8 })]), back(), NOW_MS)).toEqual({ answer, change: null });
    expect(decideReturn(known([row({ step: 8 })], 3), back(), NOW_MS)).toEqual({ answer, change: null });
    expect(decideReturn(known([], 8), back(), NOW_MS)).toEqual({ answer, change: null });
  });

  test("may leave what is there until a deadline, and makes nothing of what is not", () => {
    const until = (countsUntilMs: number) => back({ step: 8, countsUntilMs });
    for (const held of [row(), row({ untilMs: NOW_MS + 9 })])
      expect(decideReturn(known([held]), until(NOW_MS + 1), NOW_MS).change).toEqual({
        row: row({ untilMs: NOW_MS + 1, step: 8 }),
      });
    expect(decideReturn(known([row()]), until(NOW_MS), NOW_MS).change).toEqual({ row: null });
    expect(decideReturn(known([]), until(NOW_MS + 1), NOW_MS).change).toEqual({ row: null });
    expect(decideReturn(known([row({ untilMs: NOW_MS })]), until(NOW_MS + 1), NOW_MS).change).toEqual({
      row: null,
    });
  });
});

test("claims and give-backs leave the same, in whatever order and however often they come, once the last has come", () => {
  const intent = fc.record({ isBack: fc.boolean(), units: fc.integer({ min: 1, max: 3 }) });
  fc.assert(
    fc.property(
      fc.array(intent, { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat({ max: 7 }), { maxLength: 20 }),
      fc.array(fc.nat({ max: 7 }), { maxLength: 20 }),
      (intents, before, after) => {
        let rows: ClaimRow[] = [];
        let fence: number | null = null;
        const arrive = (at: number) => {
          const { isBack, units } = intents[at] ?? { isBack: false, units: 0 };
          if (isBack) {
            const { change } = decideReturn(known(rows, fence), back({ step: at }), NOW_MS);
            if (change) [rows, fence] = [change.row ? [change.row] : [], at];
          } else if (units > 0) {
            const asked = claim({ step: at, units, max: 9, untilMs: null });
            const { write } = decideClaim(known(rows, fence), asked, NOW_MS);
            if (write) rows = [write];
          }
        };
        const last = intents.length - 1;
        for (const at of [...before, last, ...after]) arrive(at % intents.length);
        const { isBack, units } = intents[last] ?? { isBack: true, units: 0 };
        expect(rows.map((one) => one.units)).toEqual(isBack ? [] : [units]);
      },
    ),
  );
});

test("a sweep comes a while after the earliest deadline, and never when there is none", () => {
  expect(nextSweepMs(5_000, 1_000)).toBe(6_000);
  expect(nextSweepMs(null, 1_000)).toBeNull();
});

test("identities spread over all shards of a drop, each always to its own", () => {
  const dropId = DropId.parse("runner");
  const counts = Array.from({ length: LIMITS.limitShardCount }, () => 0);
  for (let number = 0; number < 4_000; number += 1) {
    const identity = `session:shp_${number.toString(16).padStart(32, "0")}`;
    const shard = limitShardOf(dropId, identity);
    expect(limitShardOf(dropId, identity)).toBe(shard);
    counts[shard] = (counts[shard] ?? 0) + 1;
  }
  for (const count of counts) expect(count).toBeGreaterThan(4_000 / LIMITS.limitShardCount / 2);
});
