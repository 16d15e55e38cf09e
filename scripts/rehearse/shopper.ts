import { setTimeout as sleep } from "node:timers/promises";
import { buy } from "./checkout.ts";
import { ENDPOINTS } from "./endpoints.ts";
import type { ShopperPlan } from "./plan.ts";
import { createRandom, type Random } from "./random.ts";
import { giveBack, reserve } from "./reserving.ts";
import { signIn } from "./signing-in.ts";
import { noteUnexpected } from "./traffic.ts";
import { waitForOffer } from "./waiting.ts";
import type { World } from "./world.ts";

/** One shopper who is at the door: who they are to the shop, and their own luck. */
export type Visitor = {
  plan: ShopperPlan;
  random: Random;
  shopperId: string;
  /** Renewed once its shopper has shown who it is. */
  session: string;
  address: string;
  /** Whoever has no unit by then goes home; both by the clock of `Patience`. */
  patienceEndsMs: number;
  /** Whoever waits for an order looks at it until then. */
  giveUpMs: number;
};

export type Ending =
  | "no_session"
  | "no_ticket"
  | "no_show"
  | "not_admitted"
  | "empty_handed"
  | "abandoned"
  | "given_back"
  | "not_placed"
  | "confirmed"
  | "canceled"
  | "taken_back"
  | "still_open";

const PASS_TRIES_MAX = 60;
const PAGE_LOOKS_EVERY_MS = 1_000;

/** One shopper's whole visit from the door on, through the public API alone. Never throws for what the shop answers. */
export async function shop(plan: ShopperPlan, world: World, seed: number): Promise<Ending> {
  const visitor = await enter(plan, world, seed);
  if (visitor === null) return "no_session";
  const ticket = await join(visitor, world);
  if (ticket === null) return "no_ticket";
  if (plan.dealings.signsInLate) await askUnknown(visitor, world, ticket);
  if (plan.habits.asksEarly) await askForPass(visitor, world, ticket);
  if (plan.visit === "no_show") return "no_show";
  const pass = await waitForTurn(visitor, world, ticket);
  if (pass === null) return "not_admitted";
  const held = (await reserve(visitor, world, pass)) ?? (await waitForOffer(visitor, world, pass));
  if (held === null) return "empty_handed";
  if (plan.visit === "abandon") return "abandoned";
  if (plan.visit === "give_back") return await giveBack(visitor, world, held);
  return await buy(visitor, world, held, pass);
}

async function enter(plan: ShopperPlan, world: World, seed: number): Promise<Visitor | null> {
  const { address } = plan;
  const request = { method: "POST", path: "/v1/sessions", address, body: {} } as const;
  const patienceEndsMs = Math.max(world.client.patience.nowMs(), world.opensAtMs) + world.patienceMs;
  const giveUpMs = patienceEndsMs + world.orderPatienceMs;
  const reply = await world.client.persist(ENDPOINTS.session, request, patienceEndsMs);
  if (!reply.ok) return null;
  const { shopperId, session } = reply.value;
  const random = createRandom(seed, `visit-${plan.index}`);
  const visitor = { plan, random, shopperId, session, address, patienceEndsMs, giveUpMs };
  if (plan.dealings.signsInLate) return visitor;
  return (await signIn(visitor, world)) ? visitor : null;
}

/** Asks without having shown who it is, and does so then. */
async function askUnknown(visitor: Visitor, world: World, ticket: Ticket): Promise<void> {
  const reply = await askForPass(visitor, world, ticket);
  const isAsExpected = !reply.ok && (reply.code === "identity_required" || reply.code === "unreachable");
  if (!isAsExpected)
    noteUnexpected(world.client.traffic, "pass: somebody unknown was not asked who they are");
  await signIn(visitor, world);
}

type Ticket = { ticket: string; ticketId: string; cohort: number };

async function join(visitor: Visitor, world: World): Promise<Ticket | null> {
  const request = {
    method: "POST",
    path: `/v1/drops/${world.document.id}/tickets`,
    address: visitor.address,
    session: visitor.session,
    key: `join-${visitor.plan.index}`,
    body: {},
  } as const;
  const ask = () => world.client.persist(ENDPOINTS.ticket, request, visitor.patienceEndsMs);
  const replies = await Promise.all(visitor.plan.habits.joinsTwice ? [ask(), ask()] : [ask()]);
  const tickets = replies.flatMap((reply) => (reply.ok ? [reply.value] : []));
  const [first] = tickets;
  if (first === undefined) return null;
  const { ticketId, cohort, cohortClosesAtMs } = first;
  if (tickets.some((other) => other.cohort !== cohort))
    noteUnexpected(world.client.traffic, "ticket: a repeat was given another place");
  world.answers.tickets.push({ shopperId: visitor.shopperId, ticketId, cohort, cohortClosesAtMs });
  return first;
}

/** One request for a pass; every pass is noted, for the audit recomputes whether it was due. */
async function askForPass(visitor: Visitor, world: World, { ticket, ticketId }: Ticket) {
  const request = {
    method: "POST",
    path: `/v1/drops/${world.document.id}/passes`,
    address: visitor.address,
    session: visitor.session,
    body: { ticket },
  } as const;
  const reply = await world.client.persist(ENDPOINTS.pass, request, visitor.patienceEndsMs);
  if (reply.ok) {
    const { cohort, rank, issuedAtMs } = reply.value;
    world.answers.passes.push({ ticketId, cohort, rank, issuedAtMs });
  }
  return reply;
}

async function waitForTurn(visitor: Visitor, world: World, ticket: Ticket): Promise<string | null> {
  for (let tries = 0; tries < PASS_TRIES_MAX; tries++) {
    const hasNews = await world.view.until(
      ({ watermark, phase }) =>
        (watermark.cohort >= ticket.cohort && world.view.isMyTurn(ticket) === true) ||
        phase === "sold_out" ||
        phase === "closed",
      visitor.patienceEndsMs,
    );
    // A page looks about once a second, and each of them at a moment of its own.
    await sleep(PAGE_LOOKS_EVERY_MS * visitor.random.next());
    if (!hasNews || world.client.patience.nowMs() > visitor.patienceEndsMs) return null;
    const isOver = world.view.latest?.phase === "sold_out" || world.view.latest?.phase === "closed";
    // Most believe the page when it says that all is gone; some try anyway.
    if (isOver && visitor.random.chance(0.8)) return null;
    const reply = await askForPass(visitor, world, ticket);
    if (reply.ok) return reply.value.pass;
    if (reply.code !== "not_admitted_yet") return null;
    await sleep(Math.min(reply.retryAfterMs ?? 1_000, 2_000) * (0.8 + 0.4 * visitor.random.next()));
  }
  return null;
}
