import type { DeliveryId, EventId, MailId, OrderEventType } from "../../../schema/events.ts";
import type { OrderId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { EventRow, OrderMailRow } from "../../../schema/tables.ts";
import type { NotifyDeps } from "./deps.ts";
import { mailIdOf, orderEventId } from "./derive.ts";
import { type Happened, sinceTold, Told, worthAMail } from "./milestones.ts";
import { toOrderData } from "./order-data.ts";
import { bodyOf, type Listener, listenersFrom, toDeliveries } from "./outgoing.ts";
import type { Telling, UntoldOrder } from "./store.ts";

/**
 * Writes down what has come to be of these orders since they were last told of: an event and its deliveries for each
 * endpoint that listens, one mail, and that it was told; all in one transaction. A repeat finds nothing new, and two at
 * once derive the same ids. Messages follow once that is durable; should they be lost, the sweep sends them again.
 */
export async function tellOrders(orderIds: readonly OrderId[], deps: NotifyDeps): Promise<void> {
  const ids = [...new Set(orderIds)];
  for (let from = 0; from < ids.length; from += LIMITS.queueBatchMax) {
    await tellSome(ids.slice(from, from + LIMITS.queueBatchMax), deps);
  }
}

async function tellSome(orderIds: OrderId[], deps: NotifyDeps): Promise<void> {
  const untold = await deps.tellings.untold(orderIds);
  if (untold.length === 0) return;
  const listeners = listenersFrom(await deps.tellings.endpoints());
  const nowMs = deps.clock.now();
  const telling: Telling = { events: [], deliveries: [], mails: [], orders: [], levels: [] };
  for (const order of untold) tellOne(order, { telling, listeners, withMail: deps.mailer !== null, nowMs });
  await deps.tellings.tell(telling);
  await deps.queueDeliveries(telling.deliveries.map(({ deliveryId }) => deliveryId as DeliveryId));
  await deps.queueNotifications(
    telling.mails.map(({ mailId }) => ({ kind: "mail", mailId: mailId as MailId })),
  );
}

type Into = { telling: Telling; listeners: Listener[]; withMail: boolean; nowMs: number };

function tellOne(order: UntoldOrder, { telling, listeners, withMail, nowMs }: Into): void {
  const orderId = order.orderId as OrderId;
  const { happened, told } = sinceTold(Told.parse(JSON.parse(order.told)), order);
  for (const one of happened) {
    const eventId = orderEventId(orderId, one);
    const deliveries = toDeliveries(eventId, one.type, listeners, nowMs);
    if (deliveries.length === 0) continue;
    telling.events.push(toEvent(order, one.type, eventId));
    telling.deliveries.push(...deliveries);
  }
  const mail = withMail ? worthAMail(happened) : undefined;
  if (mail !== undefined) telling.mails.push(toMail(orderId, mail, nowMs));
  telling.orders.push({ orderId, version: order.version, told: JSON.stringify(told) });
}

function toEvent(order: UntoldOrder, type: OrderEventType, eventId: EventId): EventRow {
  const occurredAtMs = type === "order.placed" ? order.placedAtMs : order.updatedAtMs;
  const body = bodyOf(type, occurredAtMs, toOrderData(order));
  return { eventId, type, subject: order.orderId, body, occurredAtMs };
}

function toMail(orderId: OrderId, happened: Happened, nowMs: number): OrderMailRow {
  return {
    mailId: mailIdOf(orderEventId(orderId, happened)),
    orderId,
    type: happened.type,
    state: "pending",
    tries: 0,
    nextAtMs: nowMs,
    lastReason: null,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
}
