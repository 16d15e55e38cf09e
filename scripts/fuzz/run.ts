import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import type { Progress } from "../rehearse/progress.ts";
import { createRandom } from "../rehearse/random.ts";
import { badRequests, goodRequests, mixedRequests } from "./arbitraries.ts";
import { type Api, readDocument } from "./document.ts";
import { type Breach, codeOf, isForbidden, judge, parse } from "./judge.ts";
import type { Plan } from "./plan.ts";
import { fill, type Reply, type Sent, Shop } from "./send.ts";
import { asCurl, shrink } from "./shrink.ts";
import { type Actor, State } from "./state.ts";
import { differences, type Watch } from "./watch.ts";

/** Shoppers that are there before the rest: more come by the fuzzer's own requests. */
const SHOPPERS_MAX = 40;
const REQUESTS_PER_SHOPPER = 100;
/** One batch of requests that move the state on, then one of bad ones around which the state is compared. */
const MIXED_BATCH_MAX = 2_000;
const BAD_BATCH_MAX = 400;
/** So that even a small run has its comparisons. */
const ROUNDS_LEAST = 2;
/** Plans made in one go: making is cheap, keeping all of them is not. */
const CHUNK = 200;
/** Good requests at first, in the document's order, so that there are tickets, baskets and orders to play with. */
const WARM_UP_SHARE = 0.3;
const WARM_UP_ROUNDS = 5;
/** Longer than a window of the line: those who joined in one round can be let in during the next. */
const ROUND_PAUSE_MS = 1_300;
const BREACHES_MAX = 20;

export type Found = { breach: Breach; times: number; request: string; answer: string };
export type Result = {
  ok: boolean;
  seed: number;
  requests: number;
  seconds: number;
  statuses: Record<string, Record<string, number>>;
  /** Operations that never answered with success, and so were tried from the outside only. */
  unreached: string[];
  comparisons: number;
  found: Found[];
  /** Requests that never came to an answer, and why. */
  failed: Record<string, number>;
};

type Play = {
  api: Api;
  shop: Shop;
  state: State;
  url: string;
  found: Map<Breach, Found & { sent: Sent; plan: Plan }>;
  statuses: Result["statuses"];
  failed: Result["failed"];
  sentCount: number;
};

type Input = {
  url: string;
  requests: number;
  seed: number;
  connections: number;
  seconds: number;
  watch: Watch | null;
  progress: Progress;
};

/** Plays requests made from the shop's own document until they or the time are used up, and tells what was not as declared. */
export async function fuzz({
  url,
  requests,
  seed,
  connections,
  seconds,
  watch,
  progress,
}: Input): Promise<Result> {
  const startedAt = performance.now();
  const elapsed = () => (performance.now() - startedAt) / 1_000;
  const api = readDocument(await (await fetch(`${url}/openapi.json`)).json());
  const shop = new Shop(url, connections);
  const play: Play = {
    api,
    shop,
    state: new State(),
    url,
    found: new Map(),
    statuses: {},
    failed: {},
    sentCount: 0,
  };
  const pick = createRandom(seed, "shoppers");
  const isOver = () => play.sentCount >= requests || elapsed() > seconds || play.found.size >= BREACHES_MAX;
  progress.show(
    () =>
      `${play.sentCount} of ${requests} requests, ${Math.round(elapsed())} s, ${play.found.size} breaches`,
  );

  let chunks = 0;
  async function batch(of: fc.Arbitrary<Plan>, count: number, quiet = false): Promise<void> {
    const until = play.sentCount + count;
    while (play.sentCount < until && !isOver()) {
      const size = Math.min(CHUNK, until - play.sentCount, requests - play.sentCount);
      const plans = fc.sample(of, {
        seed: seed + 1_000_003 * chunks++,
        numRuns: Math.max(1, size),
      });
      await inParallel(plans, connections, (plan) =>
        one(play, plan, actorOf(play.state, pick.next()), quiet),
      );
    }
  }

  let comparisons = 0;
  try {
    await warmUp({ play, requests, seed, connections });
    const left = requests - play.sentCount;
    const mixed = Math.min(MIXED_BATCH_MAX, Math.ceil((left * 0.6) / ROUNDS_LEAST));
    const bad = Math.min(BAD_BATCH_MAX, Math.ceil((left * 0.4) / ROUNDS_LEAST));
    while (!isOver()) {
      await batch(mixedRequests(api), mixed);
      if (watch === null || isOver()) continue;
      const before = await watch.settled();
      const known = play.sentCount;
      const accepted = acceptedWrites(play);
      await batch(badRequests(api), bad, true);
      if (before === undefined || acceptedWrites(play) !== accepted || play.sentCount === known) continue;
      const after = await watch.settled();
      comparisons += 1;
      const changed = after === undefined ? ["the state did not come to rest"] : differences(before, after);
      if (changed.length > 0)
        note(play, "refused requests changed the state", changed.slice(0, 10).join("; "));
    }
    for (const found of play.found.values()) await makeSmall(play, found);
  } finally {
    await shop.close();
  }
  return {
    ok: play.found.size === 0 && Object.keys(play.failed).length === 0,
    seed,
    requests: play.sentCount,
    seconds: elapsed(),
    statuses: play.statuses,
    unreached: api.operations
      .map(({ id }) => id)
      .filter((id) => !Object.keys(play.statuses[id] ?? {}).some((status) => status.startsWith("2"))),
    comparisons,
    found: [...play.found.values()].map(({ sent: _sent, plan: _plan, ...found }) => found),
    failed: play.failed,
  };
}

const actorOf = ({ actors }: State, at: number): Actor | null =>
  actors[Math.floor(at * actors.length)] ?? null;

/** `quiet`: only what the document itself forbids is sent. */
async function one(play: Play, plan: Plan, actor: Actor | null, quiet: boolean): Promise<void> {
  const { api, state } = play;
  const sent = fill(plan, state, actor, play.sentCount + 1);
  const operation = api.operations.find(({ id }) => id === plan.operation);
  if (quiet && (operation === undefined || !isForbidden(operation, plan, sent))) return;
  play.sentCount += 1;
  let reply: Reply;
  try {
    reply = await play.shop.send(sent);
  } catch (error) {
    const why = `${sent.method} ${plan.operation}: ${(error as Error).message}`;
    play.failed[why] = (play.failed[why] ?? 0) + 1;
    return;
  }
  play.statuses[plan.operation] ??= {};
  const counts = play.statuses[plan.operation] ?? {};
  const label = reply.status < 300 ? String(reply.status) : `${reply.status} ${codeOf(reply)}`;
  const counted = sent.method === methodOf(api, plan) ? label : `${sent.method}: ${label}`;
  counts[counted] = (counts[counted] ?? 0) + 1;
  if (reply.status < 300) state.learn(parse(reply.text), ownerOf(plan, api, actor), sent.within);
  const breach = judge(api, plan, sent, reply);
  if (breach === null) return;
  const known = play.found.get(breach);
  if (known !== undefined) known.times += 1;
  else
    play.found.set(breach, {
      breach,
      times: 1,
      request: asCurl(play.url, sent),
      answer: `${reply.status} ${reply.text.slice(0, 500)}`,
      sent,
      plan,
    });
}

type WarmUp = { play: Play; requests: number; seed: number; connections: number };

/** Each shopper goes through all operations as the document lists them, a few times over. */
async function warmUp({ play, requests, seed, connections }: WarmUp): Promise<void> {
  const { api, state } = play;
  const only = (operations: Api["operations"], numRuns: number, run: number) =>
    fc.sample(goodRequests({ ...api, operations }), { seed: seed + 7_919 * run, numRuns });
  const opening = api.operations.filter(({ id }) => id === "openSession");
  const shoppers = Math.min(SHOPPERS_MAX, Math.ceil(requests / REQUESTS_PER_SHOPPER) + 3);
  await inParallel(only(opening, shoppers, 0), connections, (plan) => one(play, plan, null, false));
  const most = requests * WARM_UP_SHARE;
  for (let round = 1; round <= WARM_UP_ROUNDS && play.sentCount < most; round++) {
    for (const [index, operation] of api.operations.entries()) {
      // What gives things back comes later: first there must be some.
      if (opening.includes(operation) || operation.method === "delete") continue;
      const plans = [...only([operation], state.actors.length, round * 1_000 + index).entries()];
      await inParallel(plans, connections, ([at, plan]) => one(play, plan, state.actors[at] ?? null, false));
    }
    await sleep(ROUND_PAUSE_MS);
  }
}

/** What anybody may ask for belongs to nobody. */
function ownerOf({ operation, session }: Plan, api: Api, actor: Actor | null): Actor | null {
  const isPersonal = api.operations.find(({ id }) => id === operation)?.needsSession ?? false;
  return isPersonal && (session === "own" || session === "cookie") ? actor : null;
}

const methodOf = (api: Api, plan: Plan) =>
  api.operations.find(({ id }) => id === plan.operation)?.method.toUpperCase();

/** How many requests that may change something were accepted: around a comparison there must be none. */
function acceptedWrites({ statuses }: Play): number {
  let accepted = 0;
  for (const counts of Object.values(statuses))
    for (const [label, count] of Object.entries(counts)) if (/(^|: )20[124]/.test(label)) accepted += count;
  return accepted;
}

function note(play: Play, breach: Breach, answer: string): void {
  const sent: Sent = { method: "GET", path: "/", headers: [], body: undefined, within: "" };
  play.found.set(breach, {
    breach,
    times: 1,
    request: "a batch of bad requests",
    answer,
    sent,
    plan: {} as Plan,
  });
}

async function makeSmall(play: Play, found: Found & { sent: Sent; plan: Plan }): Promise<void> {
  if (found.plan.operation === undefined) return;
  const smallest = await shrink(found.sent, async (sent) => {
    const reply = await play.shop.send(sent).catch(() => null);
    if (reply === null || judge(play.api, found.plan, sent, reply) !== found.breach) return false;
    found.answer = `${reply.status} ${reply.text.slice(0, 500)}`;
    return true;
  });
  found.request = asCurl(play.url, smallest);
}

async function inParallel<Item>(
  items: Item[],
  lanes: number,
  act: (item: Item) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < items.length) await act(items[next++] as Item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
