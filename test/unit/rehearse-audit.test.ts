import { describe, expect, test } from "vitest";
import { audit } from "../../scripts/rehearse/audit/audit.ts";
import type { Evidence } from "../../scripts/rehearse/audit/evidence.ts";
import { rankOf } from "../../scripts/rehearse/audit/line.ts";
import type { Violation } from "../../scripts/rehearse/audit/violation.ts";
import {
  answerOf,
  ledgerOf,
  OPENS_AT_MS,
  orderId,
  orderOf,
  rank,
  reservationId,
  reservationOf,
  rowOf,
  shopperId,
  soundEvidence,
  ticketId,
} from "./rehearse-evidence.ts";

/** Plants something in sound evidence; the audit must count it, under this name, and say it in these words. */
type Planted = [
  claim: string,
  counted: Violation["guarantee"],
  words: RegExp,
  plant: (evidence: Evidence) => void,
];

const first = <Item>(list: Item[]): Item => {
  const [item] = list;
  if (item === undefined) throw new Error("the fabricated evidence is empty");
  return item;
};
const sku = (evidence: Evidence) => first(evidence.skus);
const at = (ms: number) => OPENS_AT_MS + ms;

/** The one order, canceled, with its unit given back. */
function cancelOrder(evidence: Evidence, money: "none" | "refunded"): void {
  const back = money === "refunded" ? { refund: money, refundedMinor: 9_900 as never } : {};
  const order = orderOf(1, { status: "canceled", cancelReason: "payment_declined", money, ...back });
  evidence.orders = [order];
  evidence.orderRows = [rowOf(order)];
  evidence.answers.orders = [];
  sku(evidence).ledger = ledgerOf(2, [
    ["reserve", 1, at(2_000)],
    ["reserve", 2, at(2_000)],
    ["release", 1, at(4_000)],
    ["lapse", 2, at(12_000)],
  ]);
  sku(evidence).level = { skuId: "runner" as never, stock: 2, available: 2, reserved: 0, sold: 0 };
  first(sku(evidence).reservations).state = "released";
}

/** The one order gets a cap beside its runner: sold, or gone. */
function addSecondLine(evidence: Evidence, state: "committed" | "lapsed"): void {
  const cap = reservationOf(1, { skuId: "cap" as never, state });
  const end = state === "committed" ? "commit" : "lapse";
  const sold = state === "committed" ? 1 : 0;
  evidence.document.skus.push({ ...first(evidence.document.skus), id: "cap" as never, stock: 1 });
  evidence.skus.push({
    skuId: "cap",
    level: { skuId: "cap" as never, stock: 1, available: 1 - sold, reserved: 0, sold },
    ledger: ledgerOf(1, [
      ["reserve", 1, at(2_000)],
      [end, 1, at(12_000)],
    ]),
    reservations: [cap],
  });
  const { ledgers } = evidence.proof.verdict.summary;
  ledgers.push({ ...first(ledgers), skuId: "cap" });
  const line = (skuId: string) => ({ skuId, quantity: 1, unitPriceMinor: 9_900, totalMinor: 9_900 });
  const lines = [line("cap"), line("runner")] as never[];
  const changes = { lines, subtotalMinor: 19_800 as never, totalMinor: 19_800 as never };
  const order = orderOf(1, changes);
  evidence.orders = [order];
  evidence.orderRows = [rowOf(order)];
  for (const entry of evidence.gateway) entry.amountMinor = 19_800;
  Object.assign(first(evidence.answers.orders).answer, { ...changes, lines: [...lines] });
  Object.assign(first(evidence.answers.reservations).answer, { lines: [...lines], subtotalMinor: 19_800 });
}

const PLANTED: Planted[] = [
  [
    "a unit too many sold, in one row of the ledger",
    "oversold",
    /ledger row 4 \(commit\): stock is 2, but/,
    (evidence) => {
      const row = sku(evidence).ledger[3];
      if (row) row.sold += 1;
    },
  ],
  [
    "a count below zero that still adds up",
    "oversold",
    /below zero/,
    (evidence) => Object.assign(sku(evidence).ledger.at(-1) ?? {}, { available: -1, sold: 3 }),
  ],
  [
    "a row that does not follow from the one before",
    "oversold",
    /available should be 1 after the row before, not 2/,
    (evidence) => Object.assign(sku(evidence).ledger[1] ?? {}, { available: 2, reserved: 0 }),
  ],
  [
    "a row missing in the ledger",
    "integrity",
    /expected row 3/,
    (evidence) => {
      sku(evidence).ledger.splice(2, 1);
    },
  ],
  [
    "a level that is not the ledger's last row",
    "oversold",
    /level says 2 available, its ledger 1/,
    (evidence) => Object.assign(sku(evidence).level ?? {}, { available: 2, sold: 0 }),
  ],
  [
    "stock that grew by itself",
    "oversold",
    /stock is 2, published were 1/,
    (evidence) => {
      first(evidence.document.skus).stock = 1;
    },
  ],
  [
    "sold units that no reservation accounts for",
    "oversold",
    /1 sold, but reservations add up to 0/,
    (evidence) => {
      first(sku(evidence).reservations).state = "pinned";
    },
  ],
  [
    "a reservation that was never taken from the stock",
    "oversold",
    /taken 0 times/,
    (evidence) => {
      sku(evidence).reservations.push(reservationOf(3, { state: "released", orderId: null }));
    },
  ],
  [
    "a reservation whose state the ledger contradicts",
    "integrity",
    /is released after a lapse/,
    (evidence) => Object.assign(sku(evidence).reservations[1] ?? {}, { state: "released" }),
  ],
  [
    "a reservation taken back before its deadline",
    "acknowledgedLost",
    /taken back 3000 ms before its deadline/,
    (evidence) => Object.assign(sku(evidence).ledger[4] ?? {}, { atMs: at(9_000) }),
  ],
  [
    "a reservation still held long after its deadline",
    "integrity",
    /still held after its deadline/,
    (evidence) => {
      sku(evidence).ledger.pop();
      Object.assign(sku(evidence).reservations[1] ?? {}, { state: "held" });
      sku(evidence).level = { skuId: "runner" as never, stock: 2, available: 0, reserved: 1, sold: 1 };
    },
  ],
  [
    "a shopper who held two units of a SKU limited to one",
    "limitBroken",
    /has 2 of 1 units at ledger row 3 \(reserve\)/,
    (evidence) => Object.assign(sku(evidence).reservations[1] ?? {}, { shopperId: shopperId(1) }),
  ],
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
    "a shopper who held more units over all SKUs than the drop allows",
    "limitBroken",
    /has 2 of 1 units over all SKUs/,
    (evidence) => {
      addSecondLine(evidence, "committed");
      evidence.document.limits.unitsPerShopper = 1;
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
    "a reservation that vanished without being given back",
    "oversold",
    /ledger names rsv_0+2, which is no reservation/,
    (evidence) => {
      sku(evidence).reservations.pop();
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
  [
    "a 201 for a reservation that no object has",
    "acknowledgedLost",
    /rsv_0{31}1 was answered 201, but no object has it/,
    (evidence) => {
      sku(evidence).reservations.shift();
    },
  ],
  [
    "a reservation kept at another price than was told",
    "acknowledgedLost",
    /"unitPriceMinor":9900.* \/ .*"unitPriceMinor":9800/,
    (evidence) => Object.assign(first(sku(evidence).reservations), { unitPriceMinor: 9_800 }),
  ],
  [
    "a reservation kept for another shopper",
    "acknowledgedLost",
    /told one thing, kept another: shopperId/,
    (evidence) => {
      first(evidence.answers.reservations).shopperId = shopperId(8);
    },
  ],
  [
    "a 202 for an order that no object has",
    "acknowledgedLost",
    /ord_0{33}9 was answered 2xx, but no object has it/,
    (evidence) => {
      const answer = answerOf(orderOf(9));
      evidence.answers.orders.push({
        shopperId: shopperId(9),
        key: "place-9",
        reservationId: reservationId(9),
        answer,
      });
    },
  ],
  [
    "an order told as confirmed that is canceled now",
    "acknowledgedLost",
    /was told confirmed, but is canceled/,
    (evidence) => {
      const { orders } = evidence.answers;
      cancelOrder(evidence, "refunded");
      evidence.answers.orders = orders;
    },
  ],
  [
    "an order told with another total",
    "acknowledgedLost",
    /totalMinor 100 \/ 9900/,
    (evidence) => Object.assign(first(evidence.answers.orders).answer, { totalMinor: 100 }),
  ],
  [
    "a repeat that made a second reservation",
    "acknowledgedLost",
    /a repeat of rsv_0{31}1 was answered differently/,
    (evidence) => {
      const [one, two] = evidence.answers.reservations;
      if (one && two) evidence.answers.reservations.push({ ...two, shopperId: one.shopperId, key: one.key });
    },
  ],
  [
    "a repeat that made a second order",
    "acknowledgedLost",
    /a repeat of ord_0{33}1 was answered differently/,
    (evidence) => {
      const given = first(evidence.answers.orders);
      evidence.answers.orders.push({ ...given, answer: { ...given.answer, orderId: orderId(2) as never } });
    },
  ],
  [
    "a pass issued before the watermark came by",
    "orderInversions",
    /the pass of ticket 0{31}1 came 700 ms before its turn \(step 1\)/,
    (evidence) => {
      first(evidence.answers.passes).issuedAtMs = at(800);
    },
  ],
  [
    "a pass beyond everything that was ever admitted",
    "orderInversions",
    /the watermark never passed rank/,
    (evidence) => Object.assign(evidence.record.steps[1] ?? {}, { rank: Math.min(rank(1), rank(2)) }),
  ],
  [
    "a pass with a rank that the seed does not give",
    "orderInversions",
    /claims rank 0\.5, the record says/,
    (evidence) => {
      first(evidence.answers.passes).rank = 0.5;
    },
  ],
  [
    "a pass for another cohort than the ticket's",
    "orderInversions",
    /is for cohort 0, the ticket for 1/,
    (evidence) => {
      first(evidence.answers.tickets).cohort = 1;
    },
  ],
  [
    "a pass for a cohort that the record does not know",
    "orderInversions",
    /cohort 0 is not in the record/,
    (evidence) => {
      evidence.record.cohorts = [];
    },
  ],
  [
    "a pass from before its cohort closed",
    "orderInversions",
    /came before its cohort closed/,
    (evidence) => {
      first(evidence.answers.passes).issuedAtMs = at(-200);
    },
  ],
  [
    "a unit reserved by somebody whose turn had not come",
    "orderInversions",
    /reservation rsv_0{31}1 came 1400 ms before its turn/,
    (evidence) => {
      first(sku(evidence).reservations).createdAtMs = at(100);
    },
  ],
  [
    "a unit reserved with a ticket that nobody was given",
    "orderInversions",
    /names a ticket that nobody was given/,
    (evidence) => {
      evidence.answers.tickets.pop();
    },
  ],
  [
    "a watermark that went back",
    "orderInversions",
    /step 2 goes back behind step 1/,
    (evidence) => {
      evidence.record.steps.push({ step: 2, atMs: at(2_500), cohort: 0, rank: 0.5, admitted: 2 });
    },
  ],
  [
    "a ticket that its cohort does not count",
    "acknowledgedLost",
    /cohort 0: 2 tickets were given, the record counts 1/,
    (evidence) => {
      first(evidence.record.cohorts).count = 1;
    },
  ],
  [
    "a ticket that no public log has",
    "acknowledgedLost",
    /ticket 0{31}1 of cohort 0 is in no log/,
    (evidence) => {
      evidence.proof.log = new Map();
    },
  ],
  [
    "a ticket that stands in another cohort's log",
    "acknowledgedLost",
    /ticket 0{31}2 of cohort 0 is in the log of cohort 3/,
    (evidence) => {
      evidence.proof.log = new Map([...evidence.proof.log, [ticketId(2), 3]]);
    },
  ],
  [
    "a public record that the verifier finds wrong",
    "orderInversions",
    /the public record: It goes back/,
    (evidence) => {
      evidence.proof.verdict.findings.push({ check: "steps", code: "step_order", words: "It goes back." });
    },
  ],
  [
    "a public ledger that the verifier finds wrong",
    "integrity",
    /the public record: Sums differ/,
    (evidence) => {
      evidence.proof.verdict.findings.push({ check: "ledgers", code: "ledger_sums", words: "Sums differ." });
    },
  ],
  [
    "a public record without a ledger",
    "integrity",
    /the public record: there is no ledger of runner/,
    (evidence) => {
      evidence.proof.verdict.summary.ledgers = [];
    },
  ],
  [
    "a public ledger without rows",
    "integrity",
    /the public record: there is no ledger of runner/,
    (evidence) => {
      for (const ledger of evidence.proof.verdict.summary.ledgers) ledger.rows = 0;
    },
  ],
  [
    "a public record that could not be read",
    "integrity",
    /the public record: record\/steps\/0 could not be read/,
    (evidence) => {
      const gaps = ["record/steps/0 could not be read"];
      evidence.proof.verdict.checks.push({ check: "steps", status: "incomplete", looked: 0, found: 0, gaps });
    },
  ],
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
];

describe("the audit", () => {
  test("finds nothing wrong with a basket that is an order's as a whole, or was given back and reserved anew", () => {
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

  test("finds nothing where nothing is wrong", () => {
    const { guarantees, integrityProblems, violations } = audit(soundEvidence());
    expect(violations).toEqual([]);
    expect(Object.values(guarantees)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(integrityProblems).toBe(0);
  });

  test.each(PLANTED)("counts %s", (_, counted, words, plant) => {
    const evidence = soundEvidence();
    plant(evidence);
    const verdict = audit(evidence);
    const count = counted === "integrity" ? verdict.integrityProblems : verdict.guarantees[counted];
    expect(count).toBeGreaterThanOrEqual(1);
    const found = verdict.violations
      .filter((entry) => entry.guarantee === counted)
      .map((entry) => entry.words);
    expect(found).toEqual(expect.arrayContaining([expect.stringMatching(words)]));
  });

  test("accepts a canceled order whose late money was refunded, and one whose unit was taken again", () => {
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

  test("accepts a pass and its step inside one request, and repeats that say the same", () => {
    const evidence = soundEvidence();
    first(evidence.answers.passes).issuedAtMs = at(1_450);
    evidence.answers.reservations.push({ ...first(evidence.answers.reservations) });
    evidence.answers.orders.push({ ...first(evidence.answers.orders) });
    expect(audit(evidence).violations).toEqual([]);
  });
});

test("a rank is the first 53 bits of the HMAC, in [0, 1)", () => {
  // openssl: HMAC-SHA256 with 32 zero bytes over 16 zero bytes begins with 853c7403937d8b62.
  expect(rankOf("00".repeat(32), "00".repeat(16))).toBe(Number(0x853c7403937d8b62n >> 11n) / 2 ** 53);
  expect(rankOf("5e".repeat(32), ticketId(1))).toBe(rank(1));
});
