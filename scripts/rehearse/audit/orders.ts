import type { AuditedOrder, Reservation } from "../../../schema/rpc.ts";
import type { Evidence } from "./evidence.ts";
import { type Violation, violation } from "./violation.ts";

/** Orders against stock: a confirmed order has its sold units, and sold units have their confirmed order. */
export function auditOrders({ skus, orders }: Pick<Evidence, "skus" | "orders">): Violation[] {
  const found: Violation[] = [];
  const reservations = new Map<string, Reservation>();
  for (const sku of skus) for (const row of sku.reservations) reservations.set(row.reservationId, row);
  const orderById = new Map<string, AuditedOrder>(orders.map((order) => [order.orderId, order]));

  for (const order of orders) {
    const reservation = reservations.get(order.reservationId);
    if (order.status === "confirmed") {
      const isSold = reservation?.state === "committed" && reservation.orderId === order.orderId;
      if (!isSold) {
        const state = reservation === undefined ? "missing" : reservation.state;
        found.push(violation("oversold", `${order.orderId} is confirmed, but its reservation is ${state}`));
      }
      if (order.money !== "captured") {
        found.push(
          violation("capturedWithoutOrder", `${order.orderId} is confirmed, but its money is ${order.money}`),
        );
      }
    }
    if (
      reservation &&
      (reservation.shopperId !== order.shopperId || reservation.quantity !== order.quantity)
    ) {
      found.push(
        violation(
          "integrity",
          `${order.orderId} and ${reservation.reservationId} disagree on shopper or quantity`,
        ),
      );
    }
  }
  for (const reservation of reservations.values()) {
    const { state, orderId } = reservation;
    if (state !== "committed" && state !== "pinned") continue;
    const order = orderId === null ? undefined : orderById.get(orderId);
    if (order === undefined) {
      found.push(
        violation(
          "acknowledgedLost",
          `${reservation.reservationId} is ${state} for ${orderId}, which is no order`,
        ),
      );
    } else if (order.status === "canceled" || (state === "committed" && order.status !== "confirmed")) {
      found.push(
        violation(
          "integrity",
          `${reservation.reservationId} is ${state}, but ${order.orderId} is ${order.status}`,
        ),
      );
    }
  }
  return found;
}
