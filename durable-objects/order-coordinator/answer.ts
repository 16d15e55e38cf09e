import type { OrderAnswer } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Currency } from "../../schema/money.ts";
import type { AuditedAttempt, AuditedOrder } from "../../schema/rpc/orders.ts";
import type { OrderStatus } from "../../schema/statuses.ts";
import { fulfillmentOf, refundStateOf, whyNotCancel } from "./after-sale.ts";
import { sumMinor } from "./basket.ts";
import { isSettled, statusOf } from "./decide.ts";
import type { OrderRecord } from "./records.ts";

const POLL_MS: Record<OrderStatus, number> = {
  placing: LIMITS.orderPollMs,
  processing: LIMITS.orderPollMs,
  confirmed: LIMITS.orderPollMs,
  awaiting_payment: LIMITS.paymentPollMs,
  canceled: LIMITS.settlingPollMs,
};

/** What a shopper is told of an order. */
export function toAnswer(record: OrderRecord, nowMs: number): OrderAnswer {
  const { orderId, request, facts, placedAtMs, updatedAtMs } = record;
  const { cancelWindowMs, termsVersion } = request;
  const status = statusOf(facts);
  return {
    orderId,
    dropId: request.dropId,
    status,
    cancelReason: status === "canceled" ? facts.cancelReason : null,
    money: facts.money,
    lines: facts.lines,
    subtotalMinor: sumMinor(facts.lines),
    charges: facts.charges,
    totalMinor: facts.totalMinor,
    currency: facts.currency as Currency,
    refund: refundStateOf(facts),
    refundedMinor: facts.refundedMinor,
    fulfillment: fulfillmentOf(facts),
    shipments: facts.shipments,
    shippingAddress: request.shippingAddress,
    consents: termsVersion === null ? null : { termsVersion, atMs: placedAtMs },
    isCancelable: whyNotCancel(facts, { by: "shopper", cancelWindowMs, nowMs }) === null,
    paymentUrl: status === "awaiting_payment" ? facts.sessionUrl : null,
    placedAtMs,
    updatedAtMs,
    pollAfterMs: isSettled(facts) ? null : POLL_MS[status],
  };
}

/** What an operator sees of it: everything but the contact, the address and the token. */
export function toAudited(record: OrderRecord, attempts: AuditedAttempt[], nowMs: number): AuditedOrder {
  const { request, facts, version, projectedVersion } = record;
  return {
    ...toAnswer(record, nowMs),
    shippingAddress: null,
    shopperId: request.shopperId,
    reservationId: request.reservationId,
    version,
    projectedVersion,
    sessionRef: facts.sessionRef,
    paymentRef: facts.paymentRef,
    attention: facts.attention,
    attempts,
  };
}
