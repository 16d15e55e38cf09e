import { describe, expect, test } from "vitest";
import { audit } from "../../scripts/rehearse/audit/audit.ts";
import type { Evidence } from "../../scripts/rehearse/audit/evidence.ts";
import { soundEvidence } from "./rehearse-evidence.ts";
import { at, changeOrder, first, plantedIn, sent } from "./rehearse-planted.ts";

/** The one order with shipping, and tax on top: (9900 + 490) at 19 % is 1974.1. */
function charged(): Evidence {
  const evidence = soundEvidence();
  evidence.document.shipping = {
    regions: [
      {
        countries: ["DE"],
        label: "Parcel",
        amountMinor: 490 as never,
        taxRatePermyriad: 1_900,
        isTaxIncluded: false,
      },
    ],
  };
  evidence.document.terms = { version: "1", url: "https://shop.example.com/terms" };
  evidence.answers.sent = [sent(1, { termsVersion: "1" })];
  changeOrder(evidence, {
    charges: [
      { kind: "shipping", label: "Parcel", amountMinor: 490 as never, isIncluded: false },
      { kind: "tax", label: "Tax 19 %", amountMinor: 1_974 as never, isIncluded: false },
    ],
    totalMinor: 12_364 as never,
    consents: { termsVersion: "1", atMs: at(3_000) },
  });
  for (const entry of evidence.gateway) entry.amountMinor = 12_364;
  return evidence;
}

describe("charges and consents", () => {
  plantedIn(charged, [
    [
      "a tax that is off by one",
      "integrity",
      /is charged .*1975.* due is .*1974/,
      ({ orders }) => Object.assign(first(orders).charges[1] ?? {}, { amountMinor: 1_975 }),
    ],
    [
      "shipping to where nothing is shipped",
      "integrity",
      /to US is charged/,
      ({ answers }) => {
        first(answers.sent).country = "US";
      },
    ],
    [
      "a total without the charges",
      "integrity",
      /costs 9900, its lines 12364/,
      ({ orders }) => Object.assign(first(orders), { totalMinor: 9_900 }),
    ],
    [
      "a consent that nobody gave",
      "integrity",
      /records consent to 1, which nobody gave/,
      ({ answers }) => {
        first(answers.sent).termsVersion = null;
      },
    ],
    [
      "a consent that is not recorded",
      "integrity",
      /records consent to null, which nobody gave/,
      ({ orders }) => Object.assign(first(orders), { consents: null }),
    ],
  ]);

  test("half a minor unit of tax is rounded up, and included tax is a part of the price", () => {
    const evidence = charged();
    const table = evidence.document.shipping;
    if (table === null || !("regions" in table)) throw new Error("no table");
    // 10390 * 0.05 = 519.5.
    Object.assign(first(table.regions), { taxRatePermyriad: 500 });
    Object.assign(first(evidence.orders).charges[1] ?? {}, { amountMinor: 520 });
    const words = audit(evidence).violations.map((entry) => entry.words);
    expect(words.filter((one) => one.includes("due is"))).toEqual([]);
    Object.assign(first(table.regions), { taxRatePermyriad: 1_900, isTaxIncluded: true });
    // 10390 - 10390 / 1.19 = 1658.907.
    Object.assign(first(evidence.orders).charges[1] ?? {}, { amountMinor: 1_659, isIncluded: true });
    expect(audit(evidence).violations.filter((entry) => entry.words.includes("due is"))).toEqual([]);
  });
});
