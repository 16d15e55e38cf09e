import { describe, expect, test } from "vitest";
import { type ClosedCohort, closesAtMs, honestWorld, publish, revealsAtMs } from "./line-record-forge.ts";
import { cohortIn, type Fraud, found, head, honest } from "./verify-line-world.ts";

const withoutBeacon = honestWorld(false);

/** Windows that are left out, moved, miscounted, or dated as it suits. */
const FRAUDS: Fraud[] = [
  [
    "a window closed before its end",
    () => {
      const parts = publish(honest);
      Object.assign(parts.get("snapshot") as object, { windowMs: 5_001 });
      return parts;
    },
    ["cohorts/closed_early"],
  ],
  [
    "people are counted who never joined",
    () => {
      const parts = publish(honest);
      cohortIn(parts, 3).before += 2;
      return parts;
    },
    ["cohorts/before_wrong", "steps/admitted_wrong"],
  ],
  [
    "a whole window is left out",
    () => {
      const parts = publish(honest);
      const page = parts.get("record/cohorts/0") as { cohorts: ClosedCohort[] };
      page.cohorts = page.cohorts.filter(({ cohort }) => cohort !== 1);
      return parts;
    },
    ["cohorts/before_wrong", "steps/step_unrevealed"],
  ],
  [
    "the last revealed window is left out",
    () => {
      const parts = publish(honest);
      (parts.get("record/cohorts/0") as { cohorts: ClosedCohort[] }).cohorts.pop();
      return parts;
    },
    ["cohorts/missing", "steps/step_unrevealed", "units/unit_without_place"],
  ],
  [
    "windows stand in another order",
    () => {
      const parts = publish(honest);
      (parts.get("record/cohorts/0") as { cohorts: ClosedCohort[] }).cohorts.reverse();
      return parts;
    },
    ["cohorts/before_wrong", "cohorts/cohort_order"],
  ],
  [
    "fewer people are said to have joined than are in the log",
    () => {
      const parts = publish(honest);
      head(parts).joined = 4_112;
      return parts;
    },
    ["cohorts/joined_wrong"],
  ],
  [
    "one more is counted in a window's entry alone",
    () => {
      const parts = publish(honest);
      cohortIn(parts, 3).count += 1;
      return parts;
    },
    ["roots/root_unsigned", "roots/two_roots"],
  ],
  [
    "a link came out before that of an earlier window",
    () => {
      const parts = publish(honest);
      cohortIn(parts, 0).revealedAtMs = revealsAtMs(1) + 1;
      return parts;
    },
    ["cohorts/cohort_order", "steps/step_unrevealed"],
  ],
  [
    "without a beacon, links came out before their windows closed",
    () => {
      const parts = publish(withoutBeacon);
      for (const cohort of [0, 1, 3]) cohortIn(parts, cohort).revealedAtMs = closesAtMs(cohort) - 1;
      return parts;
    },
    ["cohorts/revealed_early"],
  ],
  [
    "a window stands twice in the record",
    () => {
      const parts = publish(honest);
      const { cohorts } = parts.get("record/cohorts/0") as { cohorts: ClosedCohort[] };
      cohorts.push(cohortIn(parts, 3));
      return parts;
    },
    ["cohorts/before_wrong", "cohorts/cohort_order"],
  ],
  [
    "a window is said to have closed after a later one",
    () => {
      const parts = publish(withoutBeacon);
      Object.assign(cohortIn(parts, 1), { closedAtMs: closesAtMs(3) + 1, revealedAtMs: revealsAtMs(3) });
      return parts;
    },
    // Its link came out before its people were let in, by its own word too.
    ["cohorts/cohort_order", "roots/root_unsigned", "roots/two_roots", "steps/step_unrevealed"],
  ],
  [
    "more are held apart than joined",
    () => {
      const parts = publish(honest);
      head(parts).heldApart = head(parts).joined + 1;
      return parts;
    },
    ["cohorts/joined_wrong"],
  ],
  [
    "a page of windows is another one",
    () => {
      const parts = publish(honest);
      Object.assign(parts.get("record/cohorts/0") as object, { page: 1 });
      return parts;
    },
    ["cohorts/cohort_order"],
  ],
  [
    "seeds are out of windows whose roots are not",
    () => {
      const parts = publish(honest);
      head(parts).rootedThrough = 1;
      return parts;
    },
    ["cohorts/cohort_order"],
  ],
];

describe("a fraud with the list of windows is caught, and by the right finding:", () => {
  test.each(FRAUDS)("%s", async (_, forge, expected) => {
    expect(await found(forge())).toEqual({ status: "broken", findings: expected });
  });
});
