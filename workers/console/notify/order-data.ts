import type { OrderRow } from "../../../schema/tables.ts";

/** `data` of an order's events: what the brand's own systems need to act on it. The brand's endpoints get the contact. */
export function toOrderData(order: OrderRow) {
  const { orderId, dropId, status, cancelReason, money, lines, charges, totalMinor, currency } = order;
  const { refundedMinor, fulfillment, shipments, shippingAddress, termsVersion } = order;
  const { email, gateway, paymentRef, placedAtMs, updatedAtMs, version } = order;
  return {
    orderId,
    dropId,
    status,
    cancelReason,
    money,
    lines,
    charges,
    totalMinor,
    currency,
    refundedMinor,
    fulfillment,
    shipments,
    shippingAddress,
    termsVersion,
    contact: { email },
    gateway,
    paymentRef,
    placedAtMs,
    updatedAtMs,
    version,
  };
}
