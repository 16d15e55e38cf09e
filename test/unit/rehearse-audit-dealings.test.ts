import { describe, expect, test } from "vitest";
import type { AuditedOrder } from "../../schema/rpc.ts";
import { audit } from "../../scripts/rehearse/audit/audit.ts";
import type { Evidence, OrderSent, WaitingGiven } from "../../scripts/rehearse/audit/evidence.ts";
import type { Violation } from "../../scripts/rehearse/audit/violation.ts";
import {
  answerOf,
  ledgerOf,
  OPENS_AT_MS,
  orderId,
  orderOf,
  reservationId,
  reservationOf,
  rowOf,
  shopperId,
  soundEvidence,
} from "./rehearse-evidence.ts";

/** Plants something in evidence that is sound otherwise; the audit must count it, under this name, in these words. */
type Planted = [
  claim: string,
  counted: Violation["guarantee"],
  words: RegExp,
  plant: (evidence: Evidence) => void,
];

const at = (ms: number) => OPENS_AT_MS + ms;

function only<Item>(list: Item[]): Item {
  const [item] = list;
  if (item === undefined) throw new Error("the fabricated evidence is empty");
  return item;
}

function expectCounted(evidence: Evidence, [, counted, words, plant]: Planted): void {
  expect(audit(evidence).violations).toEqual([]);
  plant(evidence);
  const verdict = audit(evidence);
  const count = counted === "integrity" ? verdict.integrityProblems : verdict.guarantees[counted];
  expect(count).toBeGreaterThanOrEqual(1);
  const found = verdict.violations.filter((entry) => entry.guarantee === counted);
  expect(found.map((entry) => entry.words)).toEqual(expect.arrayContaining([expect.stringMatching(words)]));
}

function plantedIn(sound: () => Evidence, planted: Planted[]): void {
  test.each(planted)("counts %s", (...one) => {
    expectCounted(sound(), one);
  });
}

/** Changes the one order everywhere that it is written down, as if it had been so from the start. */
function changeOrder(evidence: Evidence, changes: Partial<AuditedOrder>): AuditedOrder {
  const order = orderOf(1, changes);
  evidence.orders = [order];
  evidence.orderRows = [rowOf(order)];
  only(evidence.answers.orders).answer = answerOf(order);
  return order;
}

const sent = (n: number, changes: Partial<OrderSent> = {}): OrderSent => ({
  reservationId: reservationId(n),
  mailbox: `mailbox of ${n}`,
  house: `house of ${n}`,
  card: `card of ${n}`,
  country: "DE",
  termsVersion: null,
  ...changes,
});

/** Shoppers 1 and 2 bought a unit each. */
function twoBought(): Evidence {
  const evidence = soundEvidence();
  const sku = only(evidence.skus);
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
    const sku = only(offered.skus);
    // The first unit lapses only after the second was offered, and before that is bought.
    sku.ledger = ledgerOf(2, [
      ["reserve", 1, at(2_000)],
      ["offer", 2, at(2_500)],
      ["lapse", 1, at(12_000)],
      ["commit", 2, at(13_000)],
    ]);
    sku.reservations[0] = reservationOf(1, { state: "lapsed", orderId: null });
    expect(audit(offered).guarantees.limitBroken).toBe(0);
    only(sku.ledger.slice(2)).kind = "reserve";
    expect(audit(offered).guarantees.limitBroken).toBe(1);
  });

  test("count only what is bought at one time", () => {
    const evidence = twoBought();
    for (const one of evidence.answers.sent) one.card = "card of 1";
    only(evidence.skus).ledger = ledgerOf(2, [
      ["reserve", 1, at(2_000)],
      ["reserve", 2, at(2_000)],
      ["commit", 1, at(3_000)],
      ["reverse", 1, at(4_000)],
      ["commit", 2, at(5_000)],
    ]);
    expect(audit(evidence).guarantees.limitBroken).toBe(0);
  });
});

/** Shopper 1 has the one unit until it lapses; 2 and then 3 wait, and 2 is offered it. */
function twoWait(): Evidence {
  const evidence = soundEvidence();
  const sku = only(evidence.skus);
  only(evidence.document.skus).stock = 1;
  sku.ledger = ledgerOf(1, [
    ["reserve", 1, at(2_000)],
    ["lapse", 1, at(12_000)],
    ["offer", 2, at(12_000)],
    ["lapse", 2, at(17_000)],
    ["offer", 3, at(17_000)],
    ["lapse", 3, at(22_000)],
  ]);
  const lapsed = { state: "lapsed", orderId: null } as const;
  sku.reservations = [
    reservationOf(1, lapsed),
    reservationOf(2, { ...lapsed, createdAtMs: at(12_000), deadlineAtMs: at(17_000) }),
    reservationOf(3, { ...lapsed, createdAtMs: at(17_000), deadlineAtMs: at(22_000) }),
  ];
  sku.level = { skuId: "runner" as never, stock: 1, available: 1, reserved: 0, sold: 0 };
  Object.assign(evidence, { orders: [], orderRows: [], attemptRows: [], gateway: [] });
  evidence.record.cohorts = evidence.record.cohorts.map((cohort) => ({ ...cohort, count: 3 }));
  evidence.proof.log = new Map([...evidence.proof.log, [reservationTicket(3), 0]]);
  const { answers } = evidence;
  answers.tickets.push({ ...only(answers.tickets), shopperId: shopperId(3), ticketId: reservationTicket(3) });
  answers.orders = [];
  answers.reservations = [only(answers.reservations)];
  answers.waiting = [waiting(2, 3_000), waiting(3, 4_000)];
  answers.offers = [{ reservationId: reservationId(2), skuId: "runner", expiresAtMs: at(17_000) }];
  return evidence;
}

const reservationTicket = (n: number) => reservationOf(n).ticketId as string;

const waiting = (n: number, askedMs: number): WaitingGiven => ({
  shopperId: shopperId(n),
  reservationId: reservationId(n),
  skuId: "runner",
  quantity: 1,
  askedAtMs: at(askedMs),
  answeredAtMs: at(askedMs + 100),
});

describe("a waiting list", () => {
  plantedIn(twoWait, [
    [
      "somebody who came later and was offered the unit first",
      "orderInversions",
      /rsv_0+3 waits for runner, and rsv_0+2, who came later, was offered it/,
      ({ answers }) => {
        answers.waiting = [waiting(2, 4_000), waiting(3, 3_000)];
      },
    ],
    [
      "an ordinary reservation past those who wait",
      "orderInversions",
      /rsv_0+3 waits for runner, and rsv_0+2 took it past the list/,
      (evidence) => {
        evidence.answers.waiting = [waiting(3, 3_000)];
        only(only(evidence.skus).ledger.slice(3)).kind = "reserve";
      },
    ],
    [
      "a free unit that nobody offers to whoever waits",
      "acknowledgedLost",
      /rsv_0+4 waits for runner, of which 1 are free/,
      ({ answers }) => {
        answers.waiting.push(waiting(4, 5_000));
      },
    ],
    [
      "an offer that stood shorter than was told",
      "acknowledgedLost",
      /rsv_0+2 was offered until \d+, kept is \d+/,
      ({ answers }) => {
        only(answers.offers).expiresAtMs += 1;
      },
    ],
  ]);

  test.each([
    [
      "gave the place up",
      ({ answers }: Evidence) =>
        answers.left.push({ reservationId: reservationId(3), askedAtMs: at(11_000) }),
    ],
    [
      "wants more than the other",
      ({ answers }: Evidence) => Object.assign(answers.waiting[1] ?? {}, { quantity: 2 }),
    ],
    [
      "came in the same instant as far as anybody knows",
      ({ answers }: Evidence) => Object.assign(answers.waiting[0] ?? {}, { askedAtMs: at(3_050) }),
    ],
    [
      "took the SKU in another session of the same customer",
      ({ answers }: Evidence) =>
        answers.parties.push(
          ...[1, 3].map((n) => ({ shopperId: shopperId(n), customer: "one with two sessions" })),
        ),
    ],
  ])("overtakes nobody who %s", (_, change) => {
    const evidence = twoWait();
    evidence.answers.waiting = [waiting(2, 4_000), waiting(3, 3_000)];
    change(evidence);
    expect(audit(evidence).guarantees.orderInversions).toBe(0);
  });
});

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
  const confirmed = only(evidence.answers.orders);
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
  const sku = only(evidence.skus);
  sku.ledger = ledgerOf(2, [
    ["reserve", 1, at(2_000)],
    ["reserve", 2, at(2_000)],
    ["commit", 1, at(4_000)],
    ["reverse", 1, at(5_000)],
    ["lapse", 2, at(12_000)],
  ]);
  only(sku.reservations).state = "released";
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
      ({ answers }) => Object.assign(only(answers.commands), { unitsBack: 1 }),
    ],
    [
      "a unit that came back unasked",
      "integrity",
      /1 units came back, asked for were 0/,
      ({ skus }) => Object.assign(only(only(skus).reservations), { returned: 1 }),
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
      ({ orderRows }) => Object.assign(only(orderRows), { refundedMinor: 0 }),
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
      ({ orders }) => Object.assign(only(only(only(orders).shipments).lines), { quantity: 2 }),
    ],
  ]);

  plantedIn(takenBack, [
    [
      "an order that was canceled and sold all the same",
      "acknowledgedLost",
      /was canceled, but is confirmed/,
      ({ orders }) => Object.assign(only(orders), { status: "confirmed", cancelReason: null }),
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
      ({ skus }) => Object.assign(only(only(skus).reservations), { state: "committed" }),
    ],
  ]);
});

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
      ({ orders }) => Object.assign(only(orders).charges[1] ?? {}, { amountMinor: 1_975 }),
    ],
    [
      "shipping to where nothing is shipped",
      "integrity",
      /to US is charged/,
      ({ answers }) => {
        only(answers.sent).country = "US";
      },
    ],
    [
      "a total without the charges",
      "integrity",
      /costs 9900, its lines 12364/,
      ({ orders }) => Object.assign(only(orders), { totalMinor: 9_900 }),
    ],
    [
      "a consent that nobody gave",
      "integrity",
      /records consent to 1, which nobody gave/,
      ({ answers }) => {
        only(answers.sent).termsVersion = null;
      },
    ],
    [
      "a consent that is not recorded",
      "integrity",
      /records consent to null, which nobody gave/,
      ({ orders }) => Object.assign(only(orders), { consents: null }),
    ],
  ]);

  test("half a minor unit of tax is rounded up, and included tax is a part of the price", () => {
    const evidence = charged();
    const table = evidence.document.shipping;
    if (table === null || !("regions" in table)) throw new Error("no table");
    // 10390 * 0.05 = 519.5.
    Object.assign(only(table.regions), { taxRatePermyriad: 500 });
    Object.assign(only(evidence.orders).charges[1] ?? {}, { amountMinor: 520 });
    const words = audit(evidence).violations.map((entry) => entry.words);
    expect(words.filter((one) => one.includes("due is"))).toEqual([]);
    Object.assign(only(table.regions), { taxRatePermyriad: 1_900, isTaxIncluded: true });
    // 10390 - 10390 / 1.19 = 1658.907.
    Object.assign(only(evidence.orders).charges[1] ?? {}, { amountMinor: 1_659, isIncluded: true });
    expect(audit(evidence).violations.filter((entry) => entry.words.includes("due is"))).toEqual([]);
  });
});
