import { setTimeout as sleep } from "node:timers/promises";
import type { ReservationAnswer } from "../../schema/http.ts";
import type { Snapshot } from "../../schema/line.ts";
import type { Reply } from "./client.ts";
import { ENDPOINTS } from "./endpoints.ts";
import type { Ending, Visitor } from "./shopper.ts";
import { noteUnexpected } from "./traffic.ts";
import type { World } from "./world.ts";

/** A reservation that the shopper was told is theirs. */
export type Held = { answer: ReservationAnswer; key: string; askedAtMs: number; round: number };

type Line = { skuId: string; quantity: number };
type Wish = { pass: string; lines: Line[]; key: string };

const TRIES_MAX = 12;
const ASK_AGAIN_MS = 2_000;

/**
 * Tries baskets of the SKUs in order of liking, smaller ones where some are gone; while all units are held by others, waits
 * for the picture to show a free one. `round` makes the keys of a second purchase different from the first one's.
 */
export async function reserve(visitor: Visitor, world: World, pass: string, round = 1): Promise<Held | null> {
  const gone = new Set<string>();
  const askedAtMs = Date.now();
  world.tally.firstReserveAtMs ??= askedAtMs;
  for (let tries = 0; tries < TRIES_MAX && world.client.patience.nowMs() < visitor.patienceEndsMs; tries++) {
    const skuIds = chooseSkus(visitor, world, gone, tries);
    if (skuIds.length === 0) return null;
    const key = `reserve-${visitor.plan.index}-${round}-${skuIds.join("-")}`;
    const lines = skuIds.map((skuId) => ({ skuId, quantity: quantityOf(visitor, world, skuId) }));
    const wish = { pass, lines, key };
    const clicks = visitor.plan.habits.doubleClicks && tries === 0 ? 2 : 1;
    const replies = await Promise.all(Array.from({ length: clicks }, () => askOnce(visitor, world, wish)));
    const taken = replies.find((reply) => reply.ok);
    if (taken?.ok) {
      const held = { answer: taken.value, key, askedAtMs, round };
      await actUp(visitor, world, wish);
      return held;
    }
    const [refused] = replies;
    if (refused === undefined || refused.ok) return null;
    if (refused.code === "sold_out") gone.add(refused.skuId ?? skuIds[0] ?? "");
    else if (refused.code === "all_reserved" && visitor.plan.dealings.waits !== "not") return null;
    else if (refused.code === "all_reserved")
      await waitForFreeUnit(visitor, world, { gone, retryAfterMs: refused.retryAfterMs });
    else return null;
  }
  return null;
}

/** Asks with the wish's key until there is an answer; a 201 is noted, for the audit looks for it later. */
export async function askOnce(visitor: Visitor, world: World, wish: Wish): Promise<Reply<ReservationAnswer>> {
  const { pass, lines, key } = wish;
  const request = {
    method: "POST",
    path: `/v1/drops/${world.document.id}/reservations`,
    address: visitor.address,
    session: visitor.session,
    key,
    body: { pass, lines },
  } as const;
  const reply = await world.client.persist(ENDPOINTS.reserve, request, visitor.giveUpMs);
  if (reply.ok) world.answers.reservations.push({ shopperId: visitor.shopperId, key, answer: reply.value });
  return reply;
}

/** Changes their mind, and says so. */
export async function giveBack(visitor: Visitor, world: World, held: Held): Promise<Ending> {
  const { reservationId } = held.answer;
  const request = {
    method: "DELETE",
    path: `/v1/drops/${world.document.id}/reservations/${reservationId}`,
    address: visitor.address,
    session: visitor.session,
  } as const;
  const reply = await world.client.persist(ENDPOINTS.giveBack, request, visitor.giveUpMs);
  world.answers.givenBack.push({ reservationId, isAcknowledged: reply.ok });
  return "given_back";
}

/** What shoppers do with a unit in hand that they should not: another body under the same key, more than their share. */
async function actUp(visitor: Visitor, world: World, wish: Wish): Promise<void> {
  const { habits } = visitor.plan;
  if (habits.changesBody) {
    const lines = wish.lines.map((line) => ({ ...line, quantity: line.quantity + 1 }));
    const reply = await askOnce(visitor, world, { ...wish, lines });
    if (reply.ok)
      noteUnexpected(world.client.traffic, "reserve: the same key with another body was carried out");
    else if (
      reply.code !== "idempotency_key_reused" &&
      reply.code !== "reservation_lapsed" &&
      reply.code !== "unreachable"
    ) {
      noteUnexpected(world.client.traffic, `reserve: the same key with another body was told ${reply.code}`);
    }
  }
  if (habits.isGreedy) {
    const lines = wish.lines.map(({ skuId }) => ({ skuId, quantity: perShopperOf(world, skuId) }));
    await askOnce(visitor, world, { ...wish, lines, key: `${wish.key}-more` });
  }
}

function chooseSkus(visitor: Visitor, world: World, gone: Set<string>, tries: number): string[] {
  const { liking, basketSize } = visitor.plan;
  const liked = liking.map((index) => world.document.skus[index]?.id ?? "").filter((id) => !gone.has(id));
  if (tries === 0) return liked.slice(0, basketSize);
  const free = freeSkus(world.view.latest);
  const there = liked.filter((id) => free.has(id));
  return (there.length > 0 ? there : liked.slice(0, 1)).slice(0, basketSize);
}

/** As long as the shop said, and then until the picture shows a free unit: whoever asked at each sign of one would only be in the way. */
async function waitForFreeUnit(
  visitor: Visitor,
  world: World,
  { gone, retryAfterMs }: { gone: Set<string>; retryAfterMs: number | null },
): Promise<void> {
  const seesOne = (snapshot: Snapshot) =>
    [...freeSkus(snapshot)].some((id) => !gone.has(id)) || snapshot.phase === "sold_out";
  await sleep((retryAfterMs ?? ASK_AGAIN_MS) * (0.5 + visitor.random.next()));
  await world.view.until(seesOne, visitor.patienceEndsMs);
  // Nobody reads the page in the same instant.
  await sleep(visitor.random.next() * 500);
}

function freeSkus(snapshot: Snapshot | null): Set<string> {
  return new Set(snapshot?.skus.filter((sku) => sku.available > 0).map((sku) => sku.skuId));
}

function quantityOf(visitor: Visitor, world: World, skuId: string): number {
  return visitor.plan.wantsTwo && perShopperOf(world, skuId) >= 2 ? 2 : 1;
}

function perShopperOf(world: World, skuId: string): number {
  return world.document.skus.find((sku) => sku.id === skuId)?.perShopper ?? 1;
}
