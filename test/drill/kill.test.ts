import { expect, test } from "vitest";
import { defaultOptions } from "../../scripts/rehearse/options.ts";
import { silentProgress } from "../../scripts/rehearse/progress.ts";
import { rehearse } from "../../scripts/rehearse/rehearsal.ts";

const KILLS = 20;

test("20 × kill -9 in the middle of one crowd: nothing acknowledged is lost, nothing is captured twice", async () => {
  const options = defaultOptions({ shoppers: 400, stock: 240, seed: 13, kills: KILLS });
  const result = await rehearse(options, silentProgress);
  expect({ failures: result.failures, violations: result.violations }).toEqual({
    failures: [],
    violations: [],
  });
  expect(result.guarantees.acknowledgedLost).toBe(0);
  expect(result.guarantees.doubleCaptures).toBe(0);
  expect(result.figures.kills).toBe(KILLS);
  // A kill that nobody is there to feel proves nothing.
  expect(result.figures.killsWithShoppersHere).toBe(KILLS);
  expect(result.figures.unreachable).toBeGreaterThan(KILLS);
  expect(result.figures.purchases).toBeGreaterThan(50);
});
