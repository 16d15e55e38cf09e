import { setTimeout as sleep } from "node:timers/promises";
import type { OrderAnswer } from "../../schema/http.ts";
import { cancelAtOnce, dealAfterwards } from "./after-sale.ts";
import type { Reply } from "./client.ts";
import { addressOf, cardOf, partyOf } from "./dealings.ts";
import { ENDPOINTS } from "./endpoints.ts";
import { watch } from "./order-stream.ts";
import type { Payment } from "./plan.ts";
import { askOnce, type Held, reserve } from "./reserving.ts";
import type { Ending, Visitor } from "./shopper.ts";
import { noteUnexpected } from "./traffic.ts";
import type { World } from "./world.ts";

const POLL_LEAST_MS = 200;
const POLL_MOST_MS = 3_000;
/** People do not type faster. */
const TYPING_MS = 200;

type Order = { held: Held; payment: Payment; email: string; consents?: boolean };

/** Places the order, pays, and follows it to its end; some come again after a payment that failed. */
export async function buy(visitor: Visitor, world: World, held: Held, pass: string): Promise<Ending> {
  const { plan } = visitor;
  const ending = await buyOnce(visitor, world, { held, payment: plan.payment, email: plan.email });
  if (plan.habits.repeatsLater) {
    const lines = held.answer.lines.map(({ skuId, quantity }) => ({ skuId, quantity }));
    await askOnce(visitor, world, { pass, lines, key: held.key });
  }
  if (ending !== "canceled" || !plan.triesAgain) return ending;
  const again = await reserve(visitor, world, pass, held.round + 1);
  if (again === null) return ending;
  return await buyOnce(visitor, world, {
    held: again,
    payment: { kind: "token", token: "tok_ok" },
    email: plan.email,
  });
}

async function buyOnce(visitor: Visitor, world: World, order: Order): Promise<Ending> {
  const { habits } = visitor.plan;
  await sleep(visitor.random.next() * TYPING_MS);
  if (visitor.plan.dealings.forgetsConsent) await placeWithoutConsent(visitor, world, order);
  const clicks = habits.doubleClicks ? 2 : 1;
  const replies = await Promise.all(Array.from({ length: clicks }, () => place(visitor, world, order)));
  const placed = replies.find((reply) => reply.ok);
  if (!placed?.ok) return "not_placed";
  if (habits.changesBody) await placeWithOtherBody(visitor, world, order);

  const noted = (answer: OrderAnswer) =>
    note(visitor, world, { key: null, reservationId: order.held.answer.reservationId, answer });
  await cancelAtOnce(visitor, world, placed.value, noted);
  const last = await follow(visitor, world, order, placed.value);
  if (habits.repeatsLater) await place(visitor, world, order);
  if (last.status === "confirmed") {
    world.tally.confirmed += 1;
    world.tally.purchaseMs.push(Date.now() - order.held.askedAtMs);
    return await dealAfterwards(visitor, world, last, noted);
  }
  if (last.cancelReason === "by_shopper") return "taken_back";
  return last.status === "canceled" ? "canceled" : "still_open";
}

async function place(
  visitor: Visitor,
  world: World,
  { held, payment, email, consents = true }: Order,
): Promise<Reply<OrderAnswer>> {
  const { reservationId } = held.answer;
  const { plan } = visitor;
  const { terms, shipping } = world.document;
  const key = `place-${plan.index}-${held.round}`;
  const method =
    payment.kind === "token"
      ? { kind: "token", token: `${payment.token}#${cardOf(plan)}` }
      : { kind: "redirect" };
  const termsVersion = terms !== null && consents ? terms.version : null;
  const shippingAddress = shipping === null ? null : addressOf(plan);
  world.answers.sent.push({
    reservationId,
    mailbox: partyOf(plan, "mailbox"),
    house: partyOf(plan, "house"),
    card: partyOf(plan, "card"),
    country: shippingAddress?.country ?? "",
    termsVersion,
  });
  const request = {
    method: "POST",
    path: `/v1/drops/${world.document.id}/orders`,
    address: visitor.address,
    session: visitor.session,
    key,
    body: {
      reservationId,
      contact: { email },
      payment: method,
      ...(shippingAddress === null ? {} : { shippingAddress }),
      ...(termsVersion === null ? {} : { consents: { termsVersion } }),
    },
  } as const;
  const reply = await world.client.persist(ENDPOINTS.place, request, visitor.giveUpMs);
  if (reply.ok) note(visitor, world, { key, reservationId, answer: reply.value });
  return reply;
}

/** Made nothing, so the same key may order with consent afterwards. */
async function placeWithoutConsent(visitor: Visitor, world: World, order: Order): Promise<void> {
  const reply = await place(visitor, world, { ...order, consents: false });
  if (reply.ok) noteUnexpected(world.client.traffic, "place: an order without consent was carried out");
}

async function placeWithOtherBody(visitor: Visitor, world: World, order: Order): Promise<void> {
  const reply = await place(visitor, world, { ...order, email: `other-${order.email}` });
  if (reply.ok) noteUnexpected(world.client.traffic, "place: the same key with another body was carried out");
  else if (reply.code !== "idempotency_key_reused" && reply.code !== "unreachable") {
    noteUnexpected(world.client.traffic, `place: the same key with another body was told ${reply.code}`);
  }
}

/** Looks at the order as often as it asks to be, pays when there is somewhere to pay, until it is final or time is up. */
async function follow(
  visitor: Visitor,
  world: World,
  { held, payment }: Order,
  first: OrderAnswer,
): Promise<OrderAnswer> {
  let order = first;
  let hasPaid = false;
  const watches = visitor.plan.dealings.watches && payment.kind === "token";
  if (watches) order = (await watch(visitor, world, first.orderId)) ?? first;
  if (order !== first)
    note(visitor, world, { key: null, reservationId: held.answer.reservationId, answer: order });
  while (!isFinal(order) && world.client.patience.nowMs() < visitor.giveUpMs) {
    if (order.paymentUrl !== null && !hasPaid && payment.kind === "redirect") {
      hasPaid = true;
      await payAtPage(visitor, world, payment.atPage, order.paymentUrl);
    }
    await sleep(Math.min(POLL_MOST_MS, Math.max(POLL_LEAST_MS, order.pollAfterMs ?? POLL_MOST_MS)));
    const request = {
      method: "GET",
      path: `/v1/orders/${order.orderId}`,
      address: visitor.address,
      session: visitor.session,
    } as const;
    const reply = await world.client.persist(ENDPOINTS.order, request, visitor.giveUpMs);
    if (!reply.ok) continue;
    if (reply.value.updatedAtMs !== order.updatedAtMs || reply.value.status !== order.status) {
      note(visitor, world, { key: null, reservationId: held.answer.reservationId, answer: reply.value });
    }
    order = reply.value;
  }
  return order;
}

async function payAtPage(
  visitor: Visitor,
  world: World,
  atPage: Extract<Payment, { kind: "redirect" }>["atPage"],
  url: string,
): Promise<void> {
  if (atPage === "leaves") return;
  await sleep(visitor.random.next() * TYPING_MS);
  const card = cardOf(visitor.plan);
  if (atPage === "cancels") await world.pages.visit(url, "cancel", card);
  if (atPage === "declines_then_pays") await world.pages.visit(url, "decline", card);
  if (atPage !== "cancels") await world.pages.visit(url, "pay", card);
}

type Noted = { key: string | null; reservationId: string; answer: OrderAnswer };

function note(visitor: Visitor, world: World, noted: Noted): void {
  world.answers.orders.push({ shopperId: visitor.shopperId, ...noted });
}

/** What a shopper may take for the end: the money of a canceled order may still be on its way back. */
const isFinal = ({ status }: OrderAnswer) => status === "confirmed" || status === "canceled";
