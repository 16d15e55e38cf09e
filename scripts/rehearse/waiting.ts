import { setTimeout as sleep } from "node:timers/promises";
import type { ReservationAnswer, WaitingEntryAnswer } from "../../schema/http.ts";
import type { Snapshot } from "../../schema/line.ts";
import { ENDPOINTS } from "./endpoints.ts";
import type { Held } from "./reserving.ts";
import type { Visitor } from "./shopper.ts";
import type { World } from "./world.ts";

/** An offer stands for a few seconds: more often than the shop asks for, so that it is not missed. */
const LOOK_EVERY_MS = 1_000;
/** Makes the keys of what is bought from an offer different from other purchases'. */
const ROUND = 3;
/** How many offers that others let lapse somebody has the patience for. */
const STAYS_OFFERS = 2;

/**
 * Somebody who found nothing waits for a unit of the SKU that they like best. Answers the offer as the basket that it is, or
 * null when there was none in their time, or they did not want it.
 */
export async function waitForOffer(visitor: Visitor, world: World, pass: string): Promise<Held | null> {
  const { waits } = visitor.plan.dealings;
  const { patience } = world.client;
  const skuId = skuWaitedFor(visitor, world);
  if (waits === "not" || skuId === null) return null;
  const key = `wait-${visitor.plan.index}-${skuId}`;
  const askedAtMs = Date.now();
  let entry = await take(visitor, world, { pass, skuId, key });
  if (entry === null) return null;
  const untilMs = Math.max(
    visitor.patienceEndsMs,
    patience.nowMs() + STAYS_OFFERS * world.document.waitingList.offerMs,
  );
  while (entry.state === "waiting" && patience.nowMs() < untilMs) {
    await sleep(LOOK_EVERY_MS * (0.5 + visitor.random.next()));
    entry = (await look(visitor, world, entry)) ?? entry;
  }
  if (entry.offer === null) {
    // Some only close the page, and are offered a unit that nobody takes.
    if (entry.state === "waiting" && waits !== "ignores") await leave(visitor, world, entry);
    return null;
  }
  const { reservationId, expiresAtMs } = entry.offer;
  world.answers.offers.push({ reservationId, skuId, expiresAtMs });
  if (waits === "leaves") await leave(visitor, world, entry);
  if (waits !== "takes") return null;
  return { answer: basketOf(world, entry, expiresAtMs), key, askedAtMs, round: ROUND };
}

type Wish = { pass: string; skuId: string; key: string };

async function take(
  visitor: Visitor,
  world: World,
  { pass, skuId, key }: Wish,
): Promise<WaitingEntryAnswer | null> {
  const { address, session, shopperId } = visitor;
  const path = `/v1/drops/${world.document.id}/waiting-list`;
  const request = { method: "POST", path, address, session, key, body: { pass, skuId } } as const;
  const askedAtMs = Date.now();
  const clicks = visitor.plan.habits.doubleClicks ? 2 : 1;
  const ask = () => world.client.persist(ENDPOINTS.wait, request, visitor.giveUpMs);
  const replies = await Promise.all(Array.from({ length: clicks }, ask));
  const taken = replies.find((reply) => reply.ok);
  if (!taken?.ok) return null;
  const { reservationId, quantity } = taken.value;
  const answeredAtMs = Date.now();
  world.answers.waiting.push({ shopperId, reservationId, skuId, quantity, askedAtMs, answeredAtMs });
  return taken.value;
}

async function look(visitor: Visitor, world: World, entry: WaitingEntryAnswer) {
  const request = { method: "GET", ...entryOf(visitor, world, entry) } as const;
  const reply = await world.client.persist(ENDPOINTS.waiting, request, visitor.patienceEndsMs);
  return reply.ok ? reply.value : null;
}

async function leave(visitor: Visitor, world: World, entry: WaitingEntryAnswer): Promise<void> {
  const { reservationId } = entry;
  const request = { method: "DELETE", ...entryOf(visitor, world, entry) } as const;
  world.answers.left.push({ reservationId, askedAtMs: Date.now() });
  const reply = await world.client.persist(ENDPOINTS.leave, request, visitor.giveUpMs);
  // Its unit, if it was offered one, is given back with it.
  const isAcknowledged = reply.ok && reply.value.state === "left";
  world.answers.givenBack.push({ reservationId, isAcknowledged });
}

function entryOf({ address, session }: Visitor, world: World, { reservationId, skuId }: WaitingEntryAnswer) {
  const path = `/v1/drops/${world.document.id}/waiting-list/${reservationId}?sku=${skuId}`;
  return { path, address, session };
}

/** The best liked of those of which some may come back. */
function skuWaitedFor(visitor: Visitor, world: World): string | null {
  const liked = visitor.plan.liking.map((index) => world.document.skus[index]?.id ?? "");
  return liked.find((skuId) => mayComeBack(world.view.latest, skuId)) ?? liked[0] ?? null;
}

function mayComeBack(snapshot: Snapshot | null, skuId: string): boolean {
  return snapshot?.skus.some((sku) => sku.skuId === skuId && sku.reserved > 0) ?? false;
}

/** What an offer comes to, by the published prices: nobody is told more than its id and its deadline. */
function basketOf(
  world: World,
  { reservationId, skuId, quantity }: WaitingEntryAnswer,
  expiresAtMs: number,
): ReservationAnswer {
  const sku = world.document.skus.find(({ id }) => id === skuId);
  if (sku === undefined) throw new Error(`${skuId} was offered, which is not in the drop`);
  const totalMinor = (sku.priceMinor * quantity) as ReservationAnswer["subtotalMinor"];
  return {
    reservationId,
    lines: [{ skuId, quantity, unitPriceMinor: sku.priceMinor, totalMinor }],
    subtotalMinor: totalMinor,
    currency: world.document.currency,
    expiresAtMs,
  };
}
