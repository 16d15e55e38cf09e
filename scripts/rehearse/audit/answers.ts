import type { OrderAnswer, ReservationAnswer } from "../../../schema/http.ts";
import type { AuditedOrder, Reservation } from "../../../schema/rpc.ts";
import type { Evidence, OrderGiven } from "./evidence.ts";
import { type Violation, violation } from "./violation.ts";

/** Every 2xx that a client got is still true: what was acknowledged exists as it was told, and stays so. */
export function auditAnswers(evidence: Pick<Evidence, "skus" | "orders" | "answers">): Violation[] {
  return [...auditReservations(evidence), ...auditPlaced(evidence), ...auditRepeats(evidence)];
}

function auditReservations({ skus, answers }: Pick<Evidence, "skus" | "answers">): Violation[] {
  const found: Violation[] = [];
  const rows = new Map<string, Reservation>();
  for (const sku of skus) for (const row of sku.reservations) rows.set(row.reservationId, row);
  for (const { shopperId, answer } of answers.reservations) {
    const row = rows.get(answer.reservationId);
    if (row === undefined) {
      found.push(
        violation("acknowledgedLost", `${answer.reservationId} was answered 201, but no object has it`),
      );
      continue;
    }
    const told = { ...answer, shopperId };
    const kept: typeof told = {
      reservationId: row.reservationId,
      skuId: row.skuId,
      quantity: row.quantity,
      unitPriceMinor: row.unitPriceMinor,
      totalMinor: (row.unitPriceMinor * row.quantity) as ReservationAnswer["totalMinor"],
      currency: row.currency,
      expiresAtMs: row.deadlineAtMs,
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

function auditPlaced({ orders, answers }: Pick<Evidence, "orders" | "answers">): Violation[] {
  const found = new Map<string, Violation>();
  const lose = (orderId: string, words: string) =>
    found.set(`${orderId} ${words}`, violation("acknowledgedLost", `${orderId} ${words}`));
  const rows = new Map<string, AuditedOrder>(orders.map((order) => [order.orderId, order]));
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
    if (answer.status === "confirmed" && row.status !== "confirmed") {
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
function lasting({ orderId, dropId, skuId, quantity, totalMinor, currency, placedAtMs }: OrderAnswer) {
  return { orderId, dropId, skuId, quantity, totalMinor, currency, placedAtMs };
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
  const names = Object.keys(told).filter((name) => told[name] !== kept[name]);
  if (names.length === 0) return null;
  return names.map((name) => `${name} ${String(told[name])} / ${String(kept[name])}`).join(", ");
}
