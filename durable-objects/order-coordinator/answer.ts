import type { OrderAnswer } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Currency } from "../../schema/money.ts";
import type { AuditedAttempt, AuditedOrder } from "../../schema/rpc.ts";
import type { OrderStatus } from "../../schema/statuses.ts";
import { isSettled, statusOf } from "./decide.ts";
import type { OrderRecord } from "./store.ts";

const POLL_MS: Record<OrderStatus, number> = {
  placing: LIMITS.orderPollMs,
  processing: LIMITS.orderPollMs,
  confirmed: LIMITS.orderPollMs,
  awaiting_payment: LIMITS.paymentPollMs,
  canceled: LIMITS.settlingPollMs,
};

/** What a shopper is told of an order. */
export function toAnswer({ orderId, request, facts, placedAtMs, updatedAtMs }: OrderRecord): OrderAnswer {
  const status = statusOf(facts);
  return {
    orderId,
    dropId: request.dropId,
    status,
    cancelReason: status === "canceled" ? facts.cancelReason : null,
    money: facts.money,
    skuId: request.skuId,
    quantity: facts.quantity,
    totalMinor: facts.totalMinor,
    currency: facts.currency as Currency,
    paymentUrl: status === "awaiting_payment" ? facts.sessionUrl : null,
    placedAtMs,
    updatedAtMs,
    pollAfterMs: isSettled(facts) ? null : POLL_MS[status],
  };
}

/** What an operator sees of it: everything but the contact and the token. */
export function toAudited(record: OrderRecord, attempts: AuditedAttempt[]): AuditedOrder {
  const { request, facts, version, projectedVersion } = record;
  return {
    ...toAnswer(record),
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
