import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ClaimRow, decideClaim, isLive, nextSweepMs } from "../../durable-objects/limit-guard/decide.ts";
import { DropId, limitShardOf } from "../../schema/ids.ts";
import type { LimitClaim } from "../../schema/limit-guard.ts";
import { LIMITS } from "../../schema/limits.ts";

const NOW_MS = 1_000_000;
const claim = (over: Partial<LimitClaim> = {}): LimitClaim => ({
  identity: "session:shp_1",
  claimId: "a",
  units: 1,
  max: 2,
  untilMs: NOW_MS + 1_000,
  ...over,
});
const row = (over: Partial<ClaimRow> = {}): ClaimRow => ({ claimId: "a", units: 1, untilMs: null, ...over });
const TAKEN = { answer: { ok: false, refusal: { code: "shopper_limit_reached" } }, write: null };

describe("a claim", () => {
  test("is granted up to the limit and refused one unit past it", () => {
    const rows = [row({ claimId: "b", units: 3 })];
    expect(decideClaim(rows, claim({ units: 2, max: 5 }), NOW_MS)).toEqual({
      answer: { ok: true, value: { units: 2 } },
      write: { claimId: "a", units: 2, untilMs: NOW_MS + 1_000 },
    });
    expect(decideClaim(rows, claim({ units: 3, max: 5 }), NOW_MS)).toEqual(TAKEN);
  });

  test("counts until its deadline and not at it", () => {
    const rows = [row({ claimId: "b", units: 2, untilMs: NOW_MS })];
    expect(decideClaim(rows, claim(), NOW_MS - 1)).toEqual(TAKEN);
    expect(decideClaim(rows, claim(), NOW_MS).answer.ok).toBe(true);
  });

  test("that is repeated takes nothing more and is not refused, also when the limit was lowered since", () => {
    const rows = [row({ units: 2, untilMs: NOW_MS + 1_000 })];
    expect(decideClaim(rows, claim({ units: 2, max: 1 }), NOW_MS)).toEqual({
      answer: { ok: true, value: { units: 2 } },
      write: null,
    });
  });

  test("that is repeated puts its deadline off or loses it, and never brings it forward", () => {
    const rows = [row({ untilMs: NOW_MS + 500 })];
    expect(decideClaim(rows, claim(), NOW_MS).write?.untilMs).toBe(NOW_MS + 1_000);
    expect(decideClaim(rows, claim({ untilMs: null }), NOW_MS).write?.untilMs).toBeNull();
    expect(decideClaim(rows, claim({ untilMs: NOW_MS + 1 }), NOW_MS).write).toBeNull();
    expect(decideClaim([row()], claim({ untilMs: NOW_MS + 1 }), NOW_MS).write).toBeNull();
  });

  test("of other units under the same id is decided anew, without its own earlier units", () => {
    const rows = [row({ units: 2 }), row({ claimId: "b", units: 1 })];
    expect(decideClaim(rows, claim({ units: 4, max: 5 }), NOW_MS).write?.units).toBe(4);
    expect(decideClaim(rows, claim({ units: 5, max: 5 }), NOW_MS)).toEqual(TAKEN);
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
        for (const { claimId, units, lastsMs, returns, waitsMs } of steps) {
          nowMs += waitsMs;
          if (returns) {
            rows.delete(claimId);
            continue;
          }
          const untilMs = lastsMs === null ? null : nowMs + lastsMs;
          const { answer, write } = decideClaim(
            [...rows.values()],
            claim({ claimId, units, max, untilMs }),
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
