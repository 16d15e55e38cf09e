import type { AuditedOrder } from "../../../schema/rpc/orders.ts";
import type { OrderRow } from "../../../schema/tables.ts";
import type { Evidence } from "./evidence.ts";
import { type Violation, violation } from "./violation.ts";

/** Columns that say the same thing in the object and in D1. */
const COLUMNS = [
  "dropId",
  "shopperId",
  "reservationId",
  "status",
  "cancelReason",
  "money",
  "lines",
  "totalMinor",
  "currency",
  "charges",
  "refundedMinor",
  "fulfillment",
  "shipments",
  "paymentRef",
  "attention",
  "placedAtMs",
  "updatedAtMs",
  "version",
] as const satisfies (keyof AuditedOrder & keyof OrderRow)[];

/** D1 against the objects: each order is there once, as it is, with all its attempts, and nothing else is. */
export function auditProjection(
  evidence: Pick<Evidence, "orders" | "orderRows" | "attemptRows">,
): Violation[] {
  const found: Violation[] = [];
  const differ = (words: string) => found.push(violation("integrity", words));
  const rows = new Map<string, OrderRow>(evidence.orderRows.map((row) => [row.orderId, row]));
  const attempts = new Map(evidence.attemptRows.map((row) => [`${row.orderId}:${row.attempt}`, row]));

  for (const order of evidence.orders) {
    const row = rows.get(order.orderId);
    rows.delete(order.orderId);
    if (row === undefined) {
      differ(`${order.orderId} is missing in D1`);
      continue;
    }
    for (const column of COLUMNS) {
      const [kept, shown] = [JSON.stringify(order[column]), JSON.stringify(row[column])];
      if (kept !== shown) differ(`${order.orderId}: ${column} is ${kept}, in D1 ${shown}`);
    }
    const agreed = order.consents?.termsVersion ?? null;
    if (agreed !== row.termsVersion) differ(`${order.orderId}: terms ${agreed}, in D1 ${row.termsVersion}`);
    for (const attempt of order.attempts) {
      const attemptRow = attempts.get(`${order.orderId}:${attempt.attempt}`);
      const isSame =
        attemptRow?.state === attempt.state &&
        attemptRow.outcome === attempt.outcome &&
        attemptRow.ref === attempt.ref;
      if (!isSame)
        differ(`${order.orderId}: attempt ${attempt.attempt} (${attempt.operation}) differs in D1`);
    }
  }
  for (const orderId of rows.keys()) differ(`${orderId} is in D1, but in no object`);
  return found;
}
