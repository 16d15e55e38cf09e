import { describe, expect, test } from "vitest";
import { audit } from "../../scripts/rehearse/audit/audit.ts";
import { ledgerOf, orderId, reservationId, soundEvidence } from "./rehearse-evidence.ts";
import { addSecondLine, at, cancelOrder, first, plantedIn, sku } from "./rehearse-planted.ts";

describe("orders and their money", () => {
  test("find nothing wrong with a basket that is an order's as a whole, or was given back and reserved anew", () => {
    const evidence = soundEvidence();
    addSecondLine(evidence, "committed");
    const cap = evidence.skus[1];
    if (cap) {
      cap.ledger = ledgerOf(1, [
        ["reserve", 2, at(1_000)],
        ["give_back", 2, at(1_000)],
        ["reserve", 1, at(2_000)],
        ["give_back", 1, at(2_000)],
        ["reserve", 1, at(2_000)],
        ["commit", 1, at(12_000)],
      ]);
    }
    expect(audit(evidence).violations).toEqual([]);
  });

  plantedIn(soundEvidence, [
    [
      "a confirmed order whose unit went back",
      "oversold",
      /is confirmed, but its reservation of runner is released/,
      (evidence) => {
        first(sku(evidence).reservations).state = "released";
      },
    ],
    [
      "a confirmed order of which one line's unit went back",
      "oversold",
      /is confirmed, but its reservation of cap is lapsed/,
      (evidence) => addSecondLine(evidence, "lapsed"),
    ],
    [
      "a basket that is an order's in part",
      "oversold",
      /is taken in part: cap lapsed, runner committed/,
      (evidence) => addSecondLine(evidence, "lapsed"),
    ],
    [
      "an order that was told other lines than are kept",
      "acknowledgedLost",
      /was told one thing and kept another: lines/,
      (evidence) => {
        addSecondLine(evidence, "committed");
        first(evidence.answers.orders).answer.lines.pop();
      },
    ],
    [
      "an order that costs more than its lines",
      "integrity",
      /costs 9901, its lines 9900/,
      (evidence) => {
        first(evidence.orders).totalMinor = 9_901 as never;
      },
    ],
    [
      "a basket that was given back, and is taken all the same",
      "acknowledgedLost",
      /was given back, but is taken/,
      (evidence) => {
        evidence.answers.givenBack = [{ reservationId: reservationId(1), isAcknowledged: true }];
      },
    ],
    [
      "a confirmed order whose money was never taken",
      "capturedWithoutOrder",
      /is confirmed, but the gateway keeps nothing/,
      (evidence) => {
        evidence.gateway.pop();
      },
    ],
    [
      "units sold for an order that does not exist",
      "acknowledgedLost",
      /which is no order/,
      (evidence) => {
        evidence.orders = [];
      },
    ],
    [
      "a second capture of one payment",
      "doubleCaptures",
      /was captured again, as pay_1/,
      (evidence) => {
        evidence.gateway.push({
          orderId: orderId(1),
          kind: "captured",
          paymentRef: "pay_1",
          amountMinor: 9_900,
        });
      },
    ],
    [
      "a second capture that the gateway refused",
      "doubleCaptures",
      /a second capture of pay_1 was asked for/,
      (evidence) => {
        evidence.gateway.push({
          orderId: orderId(1),
          kind: "recaptured",
          paymentRef: "pay_1",
          amountMinor: 9_900,
        });
      },
    ],
    [
      "a second capture under another payment, refunded since",
      "doubleCaptures",
      /was captured again, as pay_2/,
      (evidence) => {
        const entry = { orderId: orderId(1), paymentRef: "pay_2", amountMinor: 9_900 };
        evidence.gateway.push({ ...entry, kind: "captured" }, { ...entry, kind: "refunded" });
      },
    ],
    [
      "a capture of another amount",
      "capturedWithoutOrder",
      /captured 9901, ordered 9900/,
      (evidence) => Object.assign(evidence.gateway[1] ?? {}, { amountMinor: 9_901 }),
    ],
    [
      "money kept for a canceled order",
      "capturedWithoutOrder",
      /is canceled, but the gateway keeps 9900/,
      (evidence) => cancelOrder(evidence, "none"),
    ],
    [
      "money kept for no order at all",
      "capturedWithoutOrder",
      /captured for ord_0{33}9, which is no order/,
      (evidence) => {
        evidence.gateway.push({ orderId: orderId(9), kind: "captured", paymentRef: "pay_9", amountMinor: 1 });
      },
    ],
    [
      "an order that says refunded when nothing was",
      "integrity",
      /says refunded, the gateway not refunded/,
      (evidence) => {
        cancelOrder(evidence, "refunded");
      },
    ],
    [
      "an authorization that nobody voids",
      "integrity",
      /pay_7 stays authorized/,
      (evidence) => {
        evidence.gateway.push({
          orderId: orderId(1),
          kind: "authorized",
          paymentRef: "pay_7",
          amountMinor: 9_900,
        });
      },
    ],
  ]);

  test("may be canceled with late money that was refunded, and may get their unit whose unit was taken again", () => {
    const refunded = soundEvidence();
    cancelOrder(refunded, "refunded");
    refunded.gateway.push({ orderId: orderId(1), kind: "refunded", paymentRef: "pay_1", amountMinor: 9_900 });
    expect(audit(refunded).violations).toEqual([]);

    const late = soundEvidence();
    sku(late).ledger = ledgerOf(2, [
      ["reserve", 1, at(2_000)],
      ["reserve", 2, at(2_000)],
      ["release", 1, at(3_000)],
      ["late", 1, at(4_000)],
      ["lapse", 2, at(12_000)],
    ]);
    expect(audit(late).violations).toEqual([]);
  });
});
