import type { DeliveryId, EventId, MailId, OrderEventType } from "../../../schema/events.ts";
import type { OrderId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { EventRow, OrderMailRow } from "../../../schema/tables.ts";
import type { NotifyDeps } from "./deps.ts";
import { mailIdOf, orderEventId } from "./derive.ts";
import { type Happened, sinceTold, Told, worthAMail } from "./milestones.ts";
import { toOrderData } from "./order-data.ts";
import { bodyOf, type Listener, listenersFrom, toDeliveries } from "./outgoing.ts";
import { nothingYet, pack } from "./pack.ts";
import type { Telling, UntoldOrder } from "./store.ts";

/**
 * Writes down what has come to be of these orders since they were last told of: an event and its deliveries for each
 * endpoint that listens, one mail, and that it was told; all in one transaction, and only if nobody told it since it was
 * read. A repeat finds nothing new. Messages follow once that is durable; should they be lost, the sweep sends them again.
 * Never throws: the answer is the orders that could not be told, each logged; the others are told all the same.
 */
export async function tellOrders(orderIds: readonly OrderId[], deps: NotifyDeps): Promise<OrderId[]> {
  const failed: OrderId[] = [];
  for (const some of slices([...new Set(orderIds)], LIMITS.queueBatchMax)) {
    const patience = { failuresLeft: LIMITS.tellFailuresMax };
    failed.push(...(await tellOrSplit(some, patience, deps)));
  }
  return failed;
}

type Patience = { failuresLeft: number };

/** What fails together is halved until the order that fails is alone; when too many do, it is not the orders. */
async function tellOrSplit(orderIds: OrderId[], patience: Patience, deps: NotifyDeps): Promise<OrderId[]> {
  if (patience.failuresLeft <= 0) return orderIds;
  try {
    return await tellSome(orderIds, deps);
  } catch (error) {
    if (orderIds.length > 1) {
      const failed: OrderId[] = [];
      for (const half of slices(orderIds, Math.ceil(orderIds.length / 2)))
        failed.push(...(await tellOrSplit(half, patience, deps)));
      return failed;
    }
    return await tellAlone(orderIds, { error, patience, deps });
  }
}

/** Once more, for the order that another told meanwhile: what is new since is told now. */
async function tellAlone(
  orderIds: OrderId[],
  { error, patience, deps }: { error: unknown; patience: Patience; deps: NotifyDeps },
): Promise<OrderId[]> {
  try {
    return await tellSome(orderIds, deps);
  } catch {
    patience.failuresLeft -= 1;
    logFailure(deps, orderIds[0], error);
    return orderIds;
  }
}

async function tellSome(orderIds: OrderId[], deps: NotifyDeps): Promise<OrderId[]> {
  const untold = await deps.tellings.untold(orderIds);
  if (untold.length === 0) return [];
  const listeners = listenersFrom(await deps.tellings.endpoints());
  const into = { listeners, withMail: deps.mailer !== null, nowMs: deps.clock.now() };
  const composed = untold.map((order) => tryToCompose(order, into, deps));
  for (const telling of pack(composed.filter((one) => one !== null))) await write(telling, deps);
  return untold.flatMap(({ orderId }, index) => (composed[index] === null ? [orderId as OrderId] : []));
}

async function write(telling: Telling, deps: NotifyDeps): Promise<void> {
  await deps.tellings.tell(telling);
  await deps.queueDeliveries(telling.deliveries.map(({ deliveryId }) => deliveryId as DeliveryId));
  await deps.queueNotifications(
    telling.mails.map(({ mailId }) => ({ kind: "mail", mailId: mailId as MailId })),
  );
}

type Into = { listeners: Listener[]; withMail: boolean; nowMs: number };

/** An order whose row makes no sense keeps nobody else waiting. */
function tryToCompose(order: UntoldOrder, into: Into, deps: NotifyDeps): Telling | null {
  try {
    return compose(order, into);
  } catch (error) {
    logFailure(deps, order.orderId, error);
    return null;
  }
}

function compose(order: UntoldOrder, { listeners, withMail, nowMs }: Into): Telling {
  const orderId = order.orderId as OrderId;
  const { happened, told } = sinceTold(Told.parse(JSON.parse(order.told)), order);
  const telling = nothingYet();
  for (const one of happened) {
    const eventId = orderEventId(orderId, one);
    const deliveries = toDeliveries(eventId, one.type, listeners, nowMs);
    if (deliveries.length === 0) continue;
    telling.events.push(toEvent(order, one.type, eventId));
    telling.deliveries.push(...deliveries);
  }
  const mail = withMail ? worthAMail(happened) : undefined;
  if (mail !== undefined) telling.mails.push(toMail(orderId, mail, nowMs));
  const { version, toldVersion: fromVersion } = order;
  telling.orders.push({ orderId, fromVersion, version, told: JSON.stringify(told) });
  return telling;
}

function slices<Item>(items: Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

function logFailure(deps: NotifyDeps, orderId: string | undefined, error: unknown): void {
  deps.log({ level: "error", event: "order_not_told", orderId, error: String(error) });
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
