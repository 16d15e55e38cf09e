import { expect, test } from "vitest";
import { saidActed, saidShown } from "../../scripts/drop/words.ts";
import { DROP, OPENS_AT, snapshotOf } from "./edge-samples.ts";

const waiting = (lateMs: number) =>
  snapshotOf({ waitsForBeacon: { cohort: 4, round: 77, dueAtMs: OPENS_AT - lateMs } });

test("a line that waits for its beacon says for which round, how late it is, and who asks its relays", () => {
  const words =
    /Window 4 and those after it wait for round 77 of the beacon, due 12 s ago: npm run preflight -- --drop /;
  expect(saidActed({ kind: "resume" }, waiting(12_000))).toMatch(words);
  expect(saidShown(DROP, { draft: null, published: null, line: waiting(12_000) })).toMatch(words);
});

test("one whose round is not due yet waits for nothing, and neither does one without a beacon", () => {
  for (const line of [waiting(-1), snapshotOf()])
    expect(saidActed({ kind: "resume" }, line)).not.toContain("beacon");
});

test("a drop whose storefront is not known is shown without its line", () => {
  const said = saidShown(DROP, { draft: null, published: null, line: null });
  expect(said).toBe(`${DROP} is not published.\nThere is no draft in KV.`);
});
