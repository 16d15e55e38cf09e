import type { AuditedOrder } from "../../../schema/rpc/orders.ts";
import type { Reservation } from "../../../schema/rpc/sku-stock.ts";
import { basketsOf, lineOf, sumOf } from "./answers.ts";
import type { Evidence } from "./evidence.ts";
import { type Violation, violation } from "./violation.ts";

const isTaken = ({ state }: Reservation) => state === "pinned" || state === "committed";

/** Sold, or sold and come back to the last unit. */
const isBought = ({ state, returned, quantity }: Reservation) =>
  state === "committed" || (state === "released" && returned === quantity);

/** Orders against stock: a confirmed order has all its sold units, sold units have their confirmed order, none has a part. */
export function auditOrders({ skus, orders }: Pick<Evidence, "skus" | "orders">): Violation[] {
  const baskets = basketsOf(skus);
  const orderById = new Map<string, AuditedOrder>(orders.map((order) => [order.orderId, order]));
  return [
    ...orders.flatMap((order) => auditOrder(order, baskets.get(order.reservationId) ?? [])),
    ...[...baskets.values()].flatMap((rows) => [
      ...auditWhole(rows),
      ...rows.filter(isTaken).flatMap((row) => auditTaken(row, orderById)),
    ]),
  ];
}

function auditOrder(order: AuditedOrder, rows: Reservation[]): Violation[] {
  const found: Violation[] = [];
  if (order.status === "confirmed") {
    for (const { skuId } of order.lines) {
      const row = rows.find((one) => one.skuId === skuId);
      if (row !== undefined && isBought(row) && row.orderId === order.orderId) continue;
      const state = row === undefined ? "missing" : row.state;
      found.push(
        violation("oversold", `${order.orderId} is confirmed, but its reservation of ${skuId} is ${state}`),
      );
    }
    const isPaid = order.money === "captured" || (order.money === "refunded" && order.refund === "refunded");
    if (!isPaid) {
      found.push(
        violation("capturedWithoutOrder", `${order.orderId} is confirmed, but its money is ${order.money}`),
      );
    }
  }
  const isSame =
    JSON.stringify(order.lines) === JSON.stringify(rows.map(lineOf)) &&
    rows.every(({ shopperId }) => shopperId === order.shopperId);
  if (!isSame)
    found.push(
      violation("integrity", `${order.orderId} and ${order.reservationId} disagree on shopper or lines`),
    );
  const total =
    sumOf(rows) + order.charges.reduce((sum, one) => sum + (one.isIncluded ? 0 : one.amountMinor), 0);
  if (order.totalMinor !== total)
    found.push(violation("integrity", `${order.orderId} costs ${order.totalMinor}, its lines ${total}`));
  return found;
}

/** At rest no basket is in part an order's: all its lines are, or none. */
function auditWhole(rows: Reservation[]): Violation[] {
  const taken = rows.filter(isTaken).length;
  if (taken === 0 || taken === rows.length) return [];
  const states = rows.map(({ skuId, state }) => `${skuId} ${state}`).join(", ");
  return [violation("oversold", `${rows[0]?.reservationId} is taken in part: ${states}`)];
}

function auditTaken(
  { reservationId, state, orderId }: Reservation,
  orderById: Map<string, AuditedOrder>,
): Violation[] {
  const order = orderId === null ? undefined : orderById.get(orderId);
  if (order === undefined)
    return [violation("acknowledgedLost", `${reservationId} is ${state} for ${orderId}, which is no order`)];
  if (order.status !== "canceled" && (state !== "committed" || order.status === "confirmed")) return [];
  return [violation("integrity", `${reservationId} is ${state}, but ${order.orderId} is ${order.status}`)];
}
