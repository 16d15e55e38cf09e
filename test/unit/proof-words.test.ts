import { describe, expect, test } from "vitest";
import {
  ownWords,
  progressWords,
  resultWords,
  sizeWords,
  verdictWords,
} from "../../workers/edge/islands/proof/words.ts";
import type { OwnReport } from "../../workers/edge/line/verify/check-ticket.ts";
import type { Verdict } from "../../workers/edge/line/verify/verify-line.ts";

const report = { check: "chain" as const, looked: 1_200, found: 0, gaps: [] };
const verdict = (changes: Partial<Verdict>) =>
  ({
    status: "holds",
    checks: [],
    findings: [],
    summary: { windows: 600, inWindows: 812_331, steps: 1 },
    own: null,
    ...changes,
  }) as unknown as Verdict;
const own: OwnReport = {
  ticketId: "a".repeat(32),
  cohort: 3,
  isInLog: true,
  rank: 0.5,
  place: 4_100,
  isPlaceExact: true,
  people: 9,
  admittedAtMs: null,
  units: null,
};

describe("what a check is called", () => {
  test("is right only when it was looked at", () => {
    expect(resultWords({ ...report, status: "holds" })).toBe("Holds (1,200 looked at).");
    expect(resultWords({ ...report, status: "broken", found: 1 })).toBe("Broken: 1 fault found.");
    const gap = { ...report, status: "incomplete" as const, gaps: ["It was stopped"] };
    expect(resultWords(gap)).toBe("Could not be checked whole. It was stopped");
    expect(resultWords({ ...report, status: "skipped" })).toBe("Not part of this check.");
    expect(progressWords({ check: "log", done: 312, total: 600 })).toMatch(/: 312 of 600\.$/);
  });

  test("of the whole is as good as its worst part", () => {
    expect(verdictWords(verdict({}), "full")).toEqual([
      "Everything that was checked holds.",
      "600 windows with 812,331 tickets, 1 step of admission.",
    ]);
    expect(verdictWords(verdict({}), "light")).toHaveLength(3);
    expect(verdictWords(verdict({ status: "incomplete" }), "full")[0]).toContain("not everything");
    const checks = [{ ...report, status: "broken" as const, found: 3 }];
    expect(verdictWords(verdict({ status: "broken", checks }), "full")[0]).toBe(
      "The record is broken: 1 check failed.",
    );
  });
});

describe("what is said of one's own ticket", () => {
  test("is its place, exact or about, and whether its turn has come", () => {
    expect(ownWords(own).join(" ")).toContain(
      "with 8 others. 4,100 tickets stood before it in the whole line. Its turn has not come yet.",
    );
    expect(ownWords({ ...own, isPlaceExact: false })[1]).toMatch(/^About 4,100 tickets/);
    expect(ownWords({ ...own, place: 0 })[1]).toMatch(/^Nobody stood/);
    expect(ownWords({ ...own, admittedAtMs: Date.parse("2027-03-01T10:00:08Z") })[2]).toBe(
      "Its turn came at 1 March 2027 at 10:00:08 UTC.",
    );
  });

  test("is not more than is known", () => {
    expect(ownWords({ ...own, isInLog: null })).toHaveLength(1);
    expect(ownWords({ ...own, isInLog: false })[0]).toContain("is not in the list");
    expect(ownWords({ ...own, rank: null, place: null })[1]).toContain("not out yet");
  });

  test("names the units that it holds, so that its holder sees one that somebody else took", () => {
    expect(ownWords({ ...own, units: { "runner-42": 2, socks: 0 } }).at(-1)).toBe("It holds 2 of runner-42.");
    expect(ownWords({ ...own, units: { socks: 0 } }).at(-1)).toBe("It holds no unit.");
  });
});

test("the full check says beforehand how much it loads", () => {
  expect(sizeWords(1_000, 0)).toContain("less than a megabyte");
  expect(sizeWords(1_000_000, 40_000)).toContain("about 24 MB");
});
