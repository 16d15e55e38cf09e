import { describe, expect, test } from "vitest";
import { audit } from "../../scripts/rehearse/audit/audit.ts";
import type { Evidence } from "../../scripts/rehearse/audit/evidence.ts";
import {
  ledgerOf,
  orderId,
  orderOf,
  reservationOf,
  rowOf,
  shopperId,
  soundEvidence,
} from "./rehearse-evidence.ts";
import { addSecondLine, at, first, plantedIn, sent } from "./rehearse-planted.ts";

/** Shoppers 1 and 2 bought a unit each. */
function twoBought(): Evidence {
  const evidence = soundEvidence();
  const sku = first(evidence.skus);
  sku.ledger = ledgerOf(2, [
    ["reserve", 1, at(2_000)],
    ["reserve", 2, at(2_000)],
    ["commit", 1, at(4_000)],
    ["commit", 2, at(5_000)],
  ]);
  sku.reservations = [reservationOf(1), reservationOf(2)];
  sku.level = { skuId: "runner" as never, stock: 2, available: 0, reserved: 0, sold: 2 };
  const second = orderOf(2);
  evidence.orders.push(second);
  evidence.orderRows.push(rowOf(second));
  evidence.attemptRows.push(
    ...evidence.attemptRows.map((row) => ({ ...row, orderId: second.orderId, ref: "pay_2" })),
  );
  evidence.gateway.push(
    ...evidence.gateway.map((entry) => ({ ...entry, orderId: orderId(2), paymentRef: "pay_2" })),
  );
  evidence.answers.parties = [1, 2].map((n) => ({ shopperId: shopperId(n), customer: `customer of ${n}` }));
  evidence.answers.sent = [sent(1), sent(2)];
  Object.assign(evidence.document.limits, {
    unitsPerShopper: 1,
    unitsPerMail: 1,
    unitsPerAddress: 1,
    unitsPerInstrument: 1,
  });
  return evidence;
}

describe("limits", () => {
  plantedIn(soundEvidence, [
    [
      "a shopper who held more units over all SKUs than the drop allows",
      "limitBroken",
      /has 2 of 1 units over all SKUs/,
      (evidence) => {
        addSecondLine(evidence, "committed");
        evidence.document.limits.unitsPerShopper = 1;
      },
    ],
  ]);

  plantedIn(twoBought, [
    [
      "one customer who bought with two sessions",
      "limitBroken",
      /customer of 1 has 2 of 1 units over all SKUs/,
      ({ answers }) => {
        for (const party of answers.parties) party.customer = "customer of 1";
      },
    ],
    [
      "one mailbox that bought twice",
      "limitBroken",
      /mailbox of 1 bought 2 of 1 units/,
      ({ answers }) => {
        for (const one of answers.sent) one.mailbox = "mailbox of 1";
      },
    ],
    [
      "one house that was bought for twice",
      "limitBroken",
      /house of 1 bought 2 of 1 units/,
      ({ answers }) => {
        for (const one of answers.sent) one.house = "house of 1";
      },
    ],
    [
      "one card that paid twice",
      "limitBroken",
      /card of 1 bought 2 of 1 units/,
      ({ answers }) => {
        for (const one of answers.sent) one.card = "card of 1";
      },
    ],
  ]);

  test("count an offer of a waiting list from when it is bought", () => {
    const offered = twoBought();
    for (const party of offered.answers.parties) party.customer = "customer of 1";
    for (const sku of offered.document.skus) sku.perShopper = 2;
    const sku = first(offered.skus);
    // The first unit lapses only after the second was offered, and before that is bought.
    sku.ledger = ledgerOf(2, [
      ["reserve", 1, at(2_000)],
      ["offer", 2, at(2_500)],
      ["lapse", 1, at(12_000)],
      ["commit", 2, at(13_000)],
    ]);
    sku.reservations[0] = reservationOf(1, { state: "lapsed", orderId: null });
    expect(audit(offered).guarantees.limitBroken).toBe(0);
    first(sku.ledger.slice(2)).kind = "reserve";
    expect(audit(offered).guarantees.limitBroken).toBe(1);
  });

  test("count only what is bought at one time", () => {
    const evidence = twoBought();
    for (const one of evidence.answers.sent) one.card = "card of 1";
    first(evidence.skus).ledger = ledgerOf(2, [
      ["reserve", 1, at(2_000)],
      ["reserve", 2, at(2_000)],
      ["commit", 1, at(3_000)],
      ["reverse", 1, at(4_000)],
      ["commit", 2, at(5_000)],
    ]);
    expect(audit(evidence).guarantees.limitBroken).toBe(0);
  });
});
