import type { OrderAnswer } from "../../../schema/http.ts";
import type { AuditedOrder } from "../../../schema/rpc/orders.ts";
import type { Reservation } from "../../../schema/rpc/sku-stock.ts";
import type { Evidence, OrderGiven } from "./evidence.ts";
import { type Violation, violation } from "./violation.ts";

/** Every 2xx that a client got is still true: what was acknowledged exists as it was told, and stays so. */
export function auditAnswers(evidence: Pick<Evidence, "skus" | "orders" | "answers">): Violation[] {
  return [...auditReservations(evidence), ...auditPlaced(evidence), ...auditRepeats(evidence)];
}

function auditReservations({ skus, answers }: Pick<Evidence, "skus" | "answers">): Violation[] {
  const found: Violation[] = [];
  const baskets = basketsOf(skus);
  const returned = new Set(answers.givenBack.map(({ reservationId }) => reservationId));
  for (const { reservationId, isAcknowledged } of answers.givenBack) {
    const isTaken = baskets.get(reservationId)?.some(({ state }) => state !== "lapsed");
    if (isAcknowledged && isTaken)
      found.push(violation("acknowledgedLost", `${reservationId} was given back, but is taken`));
  }
  for (const { shopperId, answer } of answers.reservations) {
    const rows = baskets.get(answer.reservationId) ?? [];
    const [row] = rows;
    // Whoever asked to give it back may not have heard that it was done.
    if (row === undefined && returned.has(answer.reservationId)) continue;
    if (row === undefined) {
      found.push(
        violation("acknowledgedLost", `${answer.reservationId} was answered 201, but no object has it`),
      );
      continue;
    }
    const told = { ...answer, shopperId };
    const kept: typeof told = {
      reservationId: row.reservationId,
      lines: rows.map(lineOf),
      subtotalMinor: sumOf(rows) as (typeof told)["subtotalMinor"],
      currency: row.currency,
      expiresAtMs: Math.min(...rows.map(({ deadlineAtMs }) => deadlineAtMs)),
      shopperId: row.shopperId,
    };
    const differing = differences(told, kept);
    if (differing)
      found.push(
        violation("acknowledgedLost", `${answer.reservationId}: told one thing, kept another: ${differing}`),
      );
  }
  return found;
}

/** The rows of each basket, one a SKU, by SKU. */
export function basketsOf(skus: Evidence["skus"]): Map<string, Reservation[]> {
  const rows = skus.flatMap((sku) => sku.reservations);
  const bySku = rows.toSorted((one, other) => (one.skuId < other.skuId ? -1 : 1));
  return Map.groupBy(bySku, ({ reservationId }) => reservationId as string);
}

/** What a line must say: written here a second time, from the object's row alone. */
export function lineOf({ skuId, quantity, unitPriceMinor }: Reservation): OrderAnswer["lines"][number] {
  const total = (unitPriceMinor * quantity) as OrderAnswer["totalMinor"];
  return { skuId, quantity, unitPriceMinor, totalMinor: total };
}

export function sumOf(rows: Reservation[]): number {
  return rows.reduce((sum, row) => sum + row.unitPriceMinor * row.quantity, 0);
}

function auditPlaced({ orders, answers }: Pick<Evidence, "orders" | "answers">): Violation[] {
  const found = new Map<string, Violation>();
  const lose = (orderId: string, words: string) =>
    found.set(`${orderId} ${words}`, violation("acknowledgedLost", `${orderId} ${words}`));
  const rows = new Map<string, AuditedOrder>(orders.map((order) => [order.orderId, order]));
  const unwanted = new Set(
    answers.commands.flatMap(({ kind, orderId }) => (kind === "cancel" ? [orderId] : [])),
  );
  for (const { shopperId, reservationId, answer } of answers.orders) {
    const row = rows.get(answer.orderId);
    if (row === undefined) {
      lose(answer.orderId, "was answered 2xx, but no object has it");
      continue;
    }
    const differing = differences(
      { ...lasting(answer), shopperId, reservationId },
      { ...lasting(row), ...pick(row) },
    );
    if (differing) lose(answer.orderId, `was told one thing and kept another: ${differing}`);
    if (answer.status === "confirmed" && row.status !== "confirmed" && !unwanted.has(row.orderId)) {
      lose(answer.orderId, `was told confirmed, but is ${row.status}`);
    }
  }
  return [...found.values()];
}

const pick = ({ shopperId, reservationId }: AuditedOrder) => ({
  shopperId: shopperId as string,
  reservationId: reservationId as string,
});

/** What never changes about an order once it is acknowledged. */
function lasting(answer: OrderAnswer) {
  const { orderId, dropId, lines, subtotalMinor, charges, totalMinor, currency, placedAtMs } = answer;
  const bought = { lines, subtotalMinor, charges, totalMinor, currency };
  return { orderId, dropId, ...bought, consents: answer.consents, placedAtMs };
}

/** One shopper's repeats under one key got one answer. */
function auditRepeats({ answers }: Pick<Evidence, "answers">): Violation[] {
  const found: Violation[] = [];
  const compare = (name: string, first: object, other: object) => {
    const differing = differences(first as Record<string, unknown>, other as Record<string, unknown>);
    if (differing)
      found.push(violation("acknowledgedLost", `a repeat of ${name} was answered differently: ${differing}`));
  };
  const keyOf = ({ shopperId, key }: { shopperId: string; key: string | null }) => `${shopperId} ${key}`;
  for (const [, [first, ...others]] of Map.groupBy(answers.reservations, keyOf)) {
    if (first) for (const other of others) compare(first.answer.reservationId, first.answer, other.answer);
  }
  const placed = answers.orders.filter((given: OrderGiven) => given.key !== null);
  for (const [, [first, ...others]] of Map.groupBy(placed, keyOf)) {
    if (first)
      for (const other of others) compare(first.answer.orderId, lasting(first.answer), lasting(other.answer));
  }
  return found;
}

function differences(told: Record<string, unknown>, kept: Record<string, unknown>): string | null {
  const words = (value: unknown) => JSON.stringify(value) ?? "nothing";
  const names = Object.keys(told).filter((name) => words(told[name]) !== words(kept[name]));
  if (names.length === 0) return null;
  return names.map((name) => `${name} ${words(told[name])} / ${words(kept[name])}`).join(", ");
}
