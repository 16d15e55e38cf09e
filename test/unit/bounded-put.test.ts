import { expect, test } from "vitest";
import { boundedPut } from "../../workers/edge/bounded-put.ts";

test("keeps as many as it may, and forgets the one that was put longest ago", () => {
  const map = new Map<string, number>();
  for (const [at, key] of ["a", "b", "c", "a", "d"].entries()) boundedPut(map, key, at, 3);
  expect([...map]).toEqual([
    ["c", 2],
    ["a", 3],
    ["d", 4],
  ]);
});
