import type { AuditedAttempt } from "../../../schema/rpc/orders.ts";
import type { AttemptState } from "../../../schema/statuses.ts";
import type { AttemptRow, OrderRow } from "../../../schema/tables.ts";
import { fulfillmentOf } from "../after-sale.ts";
import { statusOf } from "../decide.ts";
import type { OrderRecord } from "../records.ts";

/** An order as D1 shows it. */
export function toOrderRow({
  orderId,
  request,
  facts,
  placedAtMs,
  updatedAtMs,
  version,
}: OrderRecord): OrderRow {
  return {
    orderId,
    dropId: request.dropId,
    shopperId: request.shopperId,
    reservationId: request.reservationId,
    status: statusOf(facts),
    cancelReason: facts.cancelReason,
    money: facts.money,
    lines: facts.lines,
    totalMinor: facts.totalMinor,
    currency: facts.currency,
    charges: facts.charges,
    refundedMinor: facts.refundedMinor,
    fulfillment: fulfillmentOf(facts),
    shipments: facts.shipments,
    shippingAddress: request.shippingAddress,
    termsVersion: request.termsVersion,
    email: request.email,
    gateway: request.gateway,
    paymentRef: facts.paymentRef,
    attention: facts.attention,
    placedAtMs,
    updatedAtMs,
    version,
  };
}

export function toAttemptRows({ orderId, version }: OrderRecord, attempts: AuditedAttempt[]): AttemptRow[] {
  return attempts.map((attempt) => ({ ...attempt, state: attempt.state as AttemptState, orderId, version }));
}
