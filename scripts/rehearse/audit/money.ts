import type { AuditedOrder } from "../../../schema/rpc/orders.ts";
import type { Evidence, GatewayEntry } from "./evidence.ts";
import { type Violation, violation } from "./violation.ts";

/** The gateway's books against the orders: one capture at most, of the right amount, and only for what was sold. */
export function auditMoney({ orders, gateway }: Pick<Evidence, "orders" | "gateway">): Violation[] {
  const found: Violation[] = [];
  const entriesOf = Map.groupBy(gateway, (entry) => entry.orderId);
  const known = new Set<string>(orders.map((order) => order.orderId));
  for (const [orderId, entries] of entriesOf) {
    if (!known.has(orderId) && sum(entries, "captured") > sum(entries, "refunded")) {
      found.push(violation("capturedWithoutOrder", `the gateway captured for ${orderId}, which is no order`));
    }
  }
  for (const order of orders) found.push(...auditPayment(order, entriesOf.get(order.orderId) ?? []));
  return found;
}

function auditPayment(order: AuditedOrder, entries: GatewayEntry[]): Violation[] {
  const found: Violation[] = [];
  const captures = entries.filter((entry) => entry.kind === "captured");
  for (const extra of captures.slice(1)) {
    found.push(violation("doubleCaptures", `${order.orderId} was captured again, as ${extra.paymentRef}`));
  }
  for (const { paymentRef } of entries.filter((entry) => entry.kind === "recaptured")) {
    found.push(
      violation("doubleCaptures", `${order.orderId}: a second capture of ${paymentRef} was asked for`),
    );
  }
  for (const { amountMinor } of captures) {
    if (amountMinor === order.totalMinor) continue;
    found.push(
      violation(
        "capturedWithoutOrder",
        `${order.orderId}: captured ${amountMinor}, ordered ${order.totalMinor}`,
      ),
    );
  }
  const kept = sum(entries, "captured") - sum(entries, "refunded");
  if (kept < 0) found.push(violation("integrity", `${order.orderId}: more was refunded than captured`));
  if (kept > 0 && order.status !== "confirmed") {
    found.push(
      violation("capturedWithoutOrder", `${order.orderId} is ${order.status}, but the gateway keeps ${kept}`),
    );
  }
  if (kept <= 0 && order.status === "confirmed" && order.refund !== "refunded") {
    found.push(
      violation("capturedWithoutOrder", `${order.orderId} is confirmed, but the gateway keeps nothing`),
    );
  }
  const refunded = captures.length > 0 && kept === 0;
  if (refunded !== (order.money === "refunded")) {
    found.push(
      violation(
        "integrity",
        `${order.orderId} says ${order.money}, the gateway ${refunded ? "" : "not "}refunded`,
      ),
    );
  }
  return [...found, ...auditRefunded(order, entries), ...auditAuthorizations(order, entries)];
}

/** What the shopper is told went back is what the gateway sent. */
function auditRefunded(
  { orderId, refund, refundedMinor, totalMinor }: AuditedOrder,
  entries: GatewayEntry[],
): Violation[] {
  const found: Violation[] = [];
  const sentMinor = sum(entries, "refunded");
  if (sentMinor !== refundedMinor)
    found.push(
      violation("integrity", `${orderId} says ${refundedMinor} went back, the gateway ${sentMinor}`),
    );
  const state = sentMinor === 0 ? "none" : sentMinor < totalMinor ? "partly_refunded" : "refunded";
  if (refund !== state) found.push(violation("integrity", `${orderId} says ${refund}, and is ${state}`));
  return found;
}

/** An authorization that nobody captured or voided keeps a shopper's money blocked for days. */
function auditAuthorizations(order: AuditedOrder, entries: GatewayEntry[]): Violation[] {
  const settled = new Set(
    entries.filter((entry) => entry.kind !== "authorized").map((entry) => entry.paymentRef),
  );
  return entries
    .filter((entry) => entry.kind === "authorized" && !settled.has(entry.paymentRef))
    .map((entry) =>
      violation("integrity", `${order.orderId} is ${order.status}, but ${entry.paymentRef} stays authorized`),
    );
}

function sum(entries: GatewayEntry[], kind: GatewayEntry["kind"]): number {
  return entries.reduce((total, entry) => total + (entry.kind === kind ? entry.amountMinor : 0), 0);
}
