import { describe, expect, test } from "vitest";
import { LOCAL_BEACON, QUICKNET } from "../../workers/edge/line/verify/beacons.ts";
import { type Witnessed, witnessWords } from "../../workers/edge/line/verify/witness.ts";
import { BEACON } from "./line-record-forge.ts";

describe("what is said of a root that was kept with its time", () => {
  const one = (cohort: number, aheadMs: number): Witnessed => ({
    cohort,
    seenAtMs: 1_000_000 - aheadMs,
    dueAtMs: 1_000_000,
  });

  test("has the time that was left, and does not praise the local stand-in", () => {
    expect(witnessWords([one(7, 1_240)], QUICKNET)[0]).toBe(
      "You were shown the root of window 7 1.2 s before its random round existed: nobody, also not the brand, could choose places in it.",
    );
    const standIn = witnessWords([one(7, 1_240)], LOCAL_BEACON).join(" ");
    expect(standIn).toContain("proves nothing");
    expect(standIn).not.toContain("could choose");
  });

  test("leaves out whoever runs a beacon that is not drand's quicknet", () => {
    expect(witnessWords([one(7, 1_240)], BEACON)[0]).toBe(
      "You were shown the root of window 7 1.2 s before its random round existed: nobody but whoever runs that beacon, which is not drand's quicknet, could choose places in it.",
    );
  });

  test("does not say 0.0 s of a root that came just in time", () => {
    expect(witnessWords([one(7, 1)], QUICKNET)[0]).toContain("window 7 less than 0.1 s before its");
    expect(witnessWords([one(7, 100)], QUICKNET)[0]).toContain("window 7 0.1 s before its");
  });

  test("is short for many windows", () => {
    const many = Array.from({ length: 600 }, (_, cohort) => one(cohort, 5));
    expect(witnessWords(many, BEACON)[0]).toContain("each of windows 0 to 599 before");
    const scattered = many.filter(({ cohort }) => cohort % 2 === 0);
    const [words = ""] = witnessWords(scattered, BEACON);
    expect(words).toContain("0, 2, 4, 6, 8, 10, 12, 14 and 292 others");
  });
});
