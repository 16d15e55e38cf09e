import { describe, expect, test } from "vitest";
import { publish, revealsAtMs, type Step } from "./line-record-forge.ts";
import { type Fraud, found, honest, like, stepsIn } from "./verify-line-world.ts";

/** Admission that is not in the order of the draw. */
const FRAUDS: Fraud[] = [
  [
    "the watermark goes back",
    () => {
      const parts = publish(honest);
      Object.assign(stepsIn(parts)[1] as Step, { cohort: 0, rank: 0.1, admitted: 410 });
      return parts;
    },
    // Going back lets in fewer people, and the last of the lobby too late for the unit it got.
    ["steps/admitted_wrong", "steps/step_order", "units/unit_past_the_line"],
  ],
  [
    "a step is left out",
    () => {
      const parts = publish(honest);
      stepsIn(parts).splice(0, 1);
      return parts;
    },
    ["steps/step_order"],
  ],
  [
    "the watermark passes a window whose seed is not out",
    () => {
      const world = like();
      world.steps.push({ step: 5, atMs: world.atMs - 1, cohort: 4, rank: 0.5, admitted: 4_112 });
      return publish(world);
    },
    ["steps/step_unrevealed"],
  ],
  [
    "the watermark passes a window before its seed was out",
    () => {
      const world = like();
      (world.steps[3] as Step).atMs = revealsAtMs(3) - 1_001;
      return publish(world);
    },
    ["steps/step_unrevealed"],
  ],
  [
    "more are let in than a step says",
    () => {
      const world = like();
      (world.steps[3] as Step).admitted -= 2;
      return publish(world);
    },
    ["steps/admitted_wrong"],
  ],
  [
    "a step is older than the one before",
    () => {
      const world = like();
      (world.steps[1] as Step).atMs = revealsAtMs(0) + 99;
      return publish(world);
    },
    ["steps/step_order"],
  ],
  [
    "a step is younger than the record, and so is the turn of whom it served",
    () => {
      const world = like();
      (world.steps[3] as Step).atMs = world.atMs + 1_001;
      return publish(world);
    },
    ["steps/step_order", "units/unit_past_the_line"],
  ],
  [
    "a page is no JSON",
    () => {
      const parts = publish(honest);
      parts.set("record/steps/0", Buffer.from("<html>"));
      return parts;
    },
    ["steps/malformed"],
  ],
];

describe("a fraud with the watermark is caught, and by the right finding:", () => {
  test.each(FRAUDS)("%s", async (_, forge, expected) => {
    expect(await found(forge())).toEqual({ status: "broken", findings: expected });
  });
});
