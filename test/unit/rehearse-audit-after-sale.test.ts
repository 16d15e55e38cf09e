import { describe } from "vitest";
import type { Evidence } from "../../scripts/rehearse/audit/evidence.ts";
import { answerOf, ledgerOf, orderId, soundEvidence } from "./rehearse-evidence.ts";
import { at, changeOrder, first, plantedIn } from "./rehearse-planted.ts";

/** The one order, of which a part went back, or that was shipped, as it was asked for. */
function partlyRefunded(): Evidence {
  const evidence = soundEvidence();
  changeOrder(evidence, { refund: "partly_refunded", refundedMinor: 900 as never });
  evidence.gateway.push({ orderId: orderId(1), kind: "refunded", paymentRef: "pay_1", amountMinor: 900 });
  evidence.answers.commands = [
    { orderId: orderId(1), isAcknowledged: true, kind: "refund", amountMinor: 900, unitsBack: 0 },
  ];
  return evidence;
}

function shipped(): Evidence {
  const evidence = soundEvidence();
  const parcel = { carrier: "Parcel", trackingNumber: "T-1", trackingUrl: null, atMs: at(6_000) };
  const shipments = [{ ...parcel, lines: [{ skuId: "runner" as never, quantity: 1 }] }];
  changeOrder(evidence, { shipments, fulfillment: "shipped" });
  evidence.answers.commands = [
    { orderId: orderId(1), isAcknowledged: true, kind: "ship", trackingNumber: "T-1" },
  ];
  return evidence;
}

/** Paid for, and taken back by its shopper. */
function takenBack(): Evidence {
  const evidence = soundEvidence();
  const confirmed = first(evidence.answers.orders);
  const order = changeOrder(evidence, {
    status: "canceled",
    cancelReason: "by_shopper",
    money: "refunded",
    refund: "refunded",
    refundedMinor: 9_900 as never,
  });
  evidence.answers.orders.push({
    ...confirmed,
    key: null,
    answer: { ...answerOf(order), status: "confirmed" },
  });
  const sku = first(evidence.skus);
  sku.ledger = ledgerOf(2, [
    ["reserve", 1, at(2_000)],
    ["reserve", 2, at(2_000)],
    ["commit", 1, at(4_000)],
    ["reverse", 1, at(5_000)],
    ["lapse", 2, at(12_000)],
  ]);
  first(sku.reservations).state = "released";
  sku.level = { skuId: "runner" as never, stock: 2, available: 2, reserved: 0, sold: 0 };
  evidence.gateway.push({ orderId: orderId(1), kind: "refunded", paymentRef: "pay_1", amountMinor: 9_900 });
  evidence.answers.commands = [{ orderId: orderId(1), isAcknowledged: true, kind: "cancel", by: "shopper" }];
  return evidence;
}

describe("orders after the sale", () => {
  plantedIn(partlyRefunded, [
    [
      "a refund that never reached the shopper",
      "integrity",
      /says 900 went back, the gateway 0/,
      ({ gateway }) => {
        gateway.pop();
      },
    ],
    [
      "a refund that was acknowledged and forgotten",
      "acknowledgedLost",
      /of 900 only 0 went back/,
      (evidence) => {
        changeOrder(evidence, {});
        evidence.gateway.pop();
      },
    ],
    [
      "a refund that nobody asked for",
      "integrity",
      /900 went back, asked for were 0/,
      ({ answers }) => {
        answers.commands = [];
      },
    ],
    [
      "more money back than was captured",
      "integrity",
      /more was refunded than captured/,
      ({ gateway }) => {
        Object.assign(gateway.at(-1) ?? {}, { amountMinor: 9_901 });
      },
    ],
    [
      "a unit that should have come back",
      "acknowledgedLost",
      /of 1 units only 0 came back/,
      ({ answers }) => Object.assign(first(answers.commands), { unitsBack: 1 }),
    ],
    [
      "a unit that came back unasked",
      "integrity",
      /1 units came back, asked for were 0/,
      ({ skus }) => Object.assign(first(first(skus).reservations), { returned: 1 }),
    ],
    [
      "an order that says it is refunded in whole",
      "integrity",
      /says refunded, and is partly_refunded/,
      (evidence) => changeOrder(evidence, { refund: "refunded", refundedMinor: 900 as never }),
    ],
    [
      "a refund that D1 does not know",
      "integrity",
      /refundedMinor is 900, in D1 0/,
      ({ orderRows }) => Object.assign(first(orderRows), { refundedMinor: 0 }),
    ],
  ]);

  plantedIn(shipped, [
    [
      "a shipment that was acknowledged and is not there",
      "acknowledgedLost",
      /the shipment T-1 is not there/,
      (evidence) => changeOrder(evidence, {}),
    ],
    [
      "a shipment that nobody asked for",
      "integrity",
      /nobody asked for this shipment T-1/,
      ({ answers }) => {
        answers.commands = [];
      },
    ],
    [
      "more units in parcels than were bought",
      "integrity",
      /2 of 1 runner were shipped/,
      ({ orders }) => Object.assign(first(first(first(orders).shipments).lines), { quantity: 2 }),
    ],
  ]);

  plantedIn(takenBack, [
    [
      "an order that was canceled and sold all the same",
      "acknowledgedLost",
      /was canceled, but is confirmed/,
      ({ orders }) => Object.assign(first(orders), { status: "confirmed", cancelReason: null }),
    ],
    [
      "an order that nobody asked to cancel",
      "integrity",
      /is canceled by the shopper, who never asked for it/,
      ({ answers }) => {
        answers.commands = [];
      },
    ],
    [
      "a confirmed order that was canceled by nobody's wish",
      "acknowledgedLost",
      /was told confirmed, but is canceled/,
      ({ answers }) => {
        answers.commands = [];
      },
    ],
    [
      "money kept of an order that was taken back",
      "capturedWithoutOrder",
      /is canceled, but the gateway keeps 9900/,
      ({ gateway }) => {
        gateway.pop();
      },
    ],
    [
      "units kept of an order that was taken back",
      "integrity",
      /is committed, but ord_0+1 is canceled/,
      ({ skus }) => Object.assign(first(first(skus).reservations), { state: "committed" }),
    ],
  ]);
});
