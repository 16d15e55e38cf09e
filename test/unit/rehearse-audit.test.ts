import { describe, expect, test } from "vitest";
import { audit } from "../../scripts/rehearse/audit/audit.ts";
import { orderOf, rowOf, soundEvidence } from "./rehearse-evidence.ts";
import { first, plantedIn } from "./rehearse-planted.ts";

describe("the audit", () => {
  test("finds nothing where nothing is wrong", () => {
    const { guarantees, integrityProblems, violations } = audit(soundEvidence());
    expect(violations).toEqual([]);
    expect(Object.values(guarantees)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(integrityProblems).toBe(0);
  });

  plantedIn(soundEvidence, [
    [
      "an order missing in D1",
      "integrity",
      /is missing in D1/,
      (evidence) => {
        evidence.orderRows = [];
      },
    ],
    [
      "an order that is older in D1",
      "integrity",
      /status is "confirmed", in D1 "processing"/,
      (evidence) => Object.assign(first(evidence.orderRows), { status: "processing", version: 3 }),
    ],
    [
      "an attempt that differs in D1",
      "integrity",
      /attempt 2 \(capture\) differs in D1/,
      (evidence) => Object.assign(evidence.attemptRows[1] ?? {}, { outcome: "declined" }),
    ],
    [
      "an order in D1 that no object has",
      "integrity",
      /is in D1, but in no object/,
      (evidence) => {
        evidence.orderRows.push(rowOf(orderOf(5)));
      },
    ],
    [
      "a SKU that was not looked at",
      "integrity",
      /runner was not audited/,
      (evidence) => {
        evidence.skus = [];
      },
    ],
  ]);
});
