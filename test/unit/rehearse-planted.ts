import { expect, test } from "vitest";
import type { AuditedOrder } from "../../schema/rpc/orders.ts";
import { audit } from "../../scripts/rehearse/audit/audit.ts";
import type { Evidence, OrderSent } from "../../scripts/rehearse/audit/evidence.ts";
import type { Violation } from "../../scripts/rehearse/audit/violation.ts";
import {
  answerOf,
  ledgerOf,
  OPENS_AT_MS,
  orderOf,
  reservationId,
  reservationOf,
  rowOf,
} from "./rehearse-evidence.ts";

/** Plants something in evidence that is sound otherwise; the audit must count it, under this name, in these words. */
type Planted = [
  claim: string,
  counted: Violation["guarantee"],
  words: RegExp,
  plant: (evidence: Evidence) => void,
];

export const first = <Item>(list: Item[]): Item => {
  const [item] = list;
  if (item === undefined) throw new Error("the fabricated evidence is empty");
  return item;
};

export const sku = (evidence: Evidence) => first(evidence.skus);

export const at = (ms: number) => OPENS_AT_MS + ms;

function expectCounted(evidence: Evidence, [, counted, words, plant]: Planted): void {
  expect(audit(evidence).violations).toEqual([]);
  plant(evidence);
  const verdict = audit(evidence);
  const count = counted === "integrity" ? verdict.integrityProblems : verdict.guarantees[counted];
  expect(count).toBeGreaterThanOrEqual(1);
  const found = verdict.violations.filter((entry) => entry.guarantee === counted);
  expect(found.map((entry) => entry.words)).toEqual(expect.arrayContaining([expect.stringMatching(words)]));
}

/** Whatever is planted in what is sound otherwise is counted: a test for each. */
export function plantedIn(sound: () => Evidence, planted: Planted[]): void {
  test.each(planted)("counts %s", (...one) => {
    expectCounted(sound(), one);
  });
}

/** The one order, canceled, with its unit given back. */
export function cancelOrder(evidence: Evidence, money: "none" | "refunded"): void {
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
export function addSecondLine(evidence: Evidence, state: "committed" | "lapsed"): void {
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

/** Changes the one order everywhere that it is written down, as if it had been so from the start. */
export function changeOrder(evidence: Evidence, changes: Partial<AuditedOrder>): AuditedOrder {
  const order = orderOf(1, changes);
  evidence.orders = [order];
  evidence.orderRows = [rowOf(order)];
  first(evidence.answers.orders).answer = answerOf(order);
  return order;
}

export const sent = (n: number, changes: Partial<OrderSent> = {}): OrderSent => ({
  reservationId: reservationId(n),
  mailbox: `mailbox of ${n}`,
  house: `house of ${n}`,
  card: `card of ${n}`,
  country: "DE",
  termsVersion: null,
  ...changes,
});
