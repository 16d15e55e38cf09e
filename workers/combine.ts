import { LIMITS } from "../schema/limits.ts";
import type { Refusal } from "../schema/refusals.ts";
import { type Result, refuse } from "../schema/result.ts";

/**
 * Time as a Worker sees it. `after` returns the act that cancels; a timer belongs to the request that set it. `turn`
 * resolves after what has already reached this isolate has had its turn: at once in an idle one. A hint: nothing is wrong if
 * it comes early.
 */
export type Clock = {
  now(): number;
  after(ms: number, act: () => void): () => void;
  turn(): Promise<void>;
};

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
  // The runtime looks for due timers when it has nothing else left to run.
  turn: () => new Promise((resolve) => setTimeout(resolve, 0)),
};

/** What a request's context grants: work that goes on after its client has left. */
export type Lifetime = { waitUntil(work: Promise<unknown>): void };

/** Nobody knows what became of the item: it is to be sent again. */
export type Unavailable = Refusal<"unavailable">;

export const unavailable = (detail?: string): { ok: false; refusal: Unavailable } =>
  refuse({
    code: "unavailable",
    retryAfterMs: LIMITS.unavailableRetryMs,
    ...(detail === undefined ? {} : { detail }),
  });

/**
 * Requests that are in one isolate together travel in one call. The first to arrive in a lane leads: it calls with all that
 * arrived in the same turn, and whoever arrives while its call is under way goes with the next one. Nobody waits for a
 * fixed time: batches grow with the load alone.
 *
 * Promised: every submitted item gets exactly one outcome, `unavailable` at the latest after `combineFollowerMs`; a
 * call that fails fails its own batch alone; no client's going away harms another. Not promised: that an item answered
 * `unavailable` was not carried out. It must be safe to send twice.
 */
export type Combiner<Scope, Item, Answer> = {
  /** @throws what the call threw, for the whole batch: a broken invariant, not an outcome. */
  submit(scope: Scope, item: Item, lifetime: Lifetime): Promise<Answered<Answer>>;
};

export type Answered<Answer> = Result<Answer, Unavailable>;

type Options<Scope, Item, Answer> = {
  clock: Clock;
  /** Items of one lane may share a call. */
  laneOf: (scope: Scope) => string;
  /** Answers in the order of the items. */
  call: (scope: Scope, items: Item[]) => Promise<Answered<Answer[]>>;
  batchMax: number;
};

/** One participant's part: woken when it is asked to lead, when it has its outcome, or both. */
type Waiter<Item, Answer> = {
  item: Item;
  wake: () => void;
  isHeir: boolean;
  outcome: Answered<Answer> | { thrown: unknown } | undefined;
};

type Lane<Scope, Item, Answer> = {
  name: string;
  scope: Scope;
  waiting: Waiter<Item, Answer>[];
  /** Rises with each change of leader: one that was taken for dead finds itself replaced. */
  term: number;
  /** The leader's last sign of life. */
  signAtMs: number;
};

export function createCombiner<Scope, Item, Answer>(
  options: Options<Scope, Item, Answer>,
): Combiner<Scope, Item, Answer> {
  const { clock } = options;
  const lanes = new Map<string, Lane<Scope, Item, Answer>>();

  function submit(scope: Scope, item: Item, lifetime: Lifetime): Promise<Answered<Answer>> {
    const name = options.laneOf(scope);
    const known = lanes.get(name);
    const lane = known ?? { name, scope, waiting: [], term: 0, signAtMs: clock.now() };
    lanes.set(name, lane);
    const isLeaderless = known === undefined || clock.now() - lane.signAtMs > LIMITS.leaderSilentMs;
    // Also whoever finds no room: in a full lane whose leader died nobody else would. Its first turn lets the item in before it.
    if (isLeaderless) lifetime.waitUntil(lead(lane));
    if (lane.waiting.length >= LIMITS.laneWaitingMax)
      return Promise.resolve(unavailable("Too many are waiting here."));
    const answered = participate(lane, item, lifetime);
    // Each participant keeps its own context alive, so that a promoted one can lead after its client has left.
    lifetime.waitUntil(answered.catch(() => {}));
    return answered;
  }

  /** All that it waits for belongs to its own request: workerd may forget what was made in another's. */
  async function participate(
    lane: Lane<Scope, Item, Answer>,
    item: Item,
    lifetime: Lifetime,
  ): Promise<Answered<Answer>> {
    let woken = Promise.withResolvers<void>();
    const waiter: Waiter<Item, Answer> = { item, wake: woken.resolve, isHeir: false, outcome: undefined };
    lane.waiting.push(waiter);
    // A timer of one's own is also what keeps workerd from taking a waiting request for a hung one.
    const cancel = clock.after(LIMITS.combineFollowerMs, () => {
      const at = lane.waiting.indexOf(waiter);
      if (at >= 0) lane.waiting.splice(at, 1);
      settle(waiter, unavailable("No answer in time."));
    });
    for (;;) {
      await woken.promise;
      if (waiter.isHeir) {
        waiter.isHeir = false;
        woken = Promise.withResolvers<void>();
        waiter.wake = woken.resolve;
        lifetime.waitUntil(lead(lane));
      }
      const { outcome } = waiter;
      if (outcome === undefined) continue;
      cancel();
      if ("thrown" in outcome) throw outcome.thrown;
      return outcome;
    }
  }

  /** Never rejects. Ends with an empty lane, an heir, or a leader of a later term: never with somebody forgotten. */
  async function lead(lane: Lane<Scope, Item, Answer>): Promise<void> {
    const term = ++lane.term;
    const untilMs = clock.now() + LIMITS.combineLeadMs;
    while (lane.term === term) {
      lane.signAtMs = clock.now();
      await clock.turn();
      if (lane.term !== term) return;
      const heir = lane.waiting[0];
      if (heir === undefined) {
        if (lanes.get(lane.name) === lane) lanes.delete(lane.name);
        return;
      }
      if (clock.now() >= untilMs) return promote(heir);
      await carry(lane.scope, lane.waiting.splice(0, options.batchMax));
    }
  }

  async function carry(scope: Scope, batch: Waiter<Item, Answer>[]): Promise<void> {
    try {
      const answered = await options.call(
        scope,
        batch.map(({ item }) => item),
      );
      if (answered.ok && answered.value.length !== batch.length)
        throw new Error("a batch needs an answer an item");
      batch.forEach((waiter, at) => {
        settle(waiter, answered.ok ? { ok: true, value: answered.value[at] as Answer } : answered);
      });
    } catch (error) {
      for (const waiter of batch) settle(waiter, { thrown: error });
    }
  }

  return { submit };
}

/** The first outcome stands. */
function settle<Item, Answer>(
  waiter: Waiter<Item, Answer>,
  outcome: NonNullable<Waiter<Item, Answer>["outcome"]>,
): void {
  waiter.outcome ??= outcome;
  waiter.wake();
}

/** Asks it to lead, in its own request's context. */
function promote<Item, Answer>(waiter: Waiter<Item, Answer>): void {
  waiter.isHeir = true;
  waiter.wake();
}
