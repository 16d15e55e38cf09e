import type { ClosedCohort, CohortPage, Snapshot } from "../../../../schema/line.ts";
import { mayClaim, type Standing, standingOf, type Ticket } from "../../line/arithmetic.ts";
import { askAgainAfterMs, lookForRootAfterMs } from "../../line/asking.ts";

/** `failures`: how many looks in a row have heard nothing since this snapshot. */
export type Seen = {
  ticket: Ticket;
  standing: Standing;
  snapshot: Snapshot;
  nowMs: number;
  failures: number;
};

export type FollowDeps = {
  ticket: { dropId: string; ticketId: string; cohort: number };
  /** The server's time when it made the page: a moment ago. A snapshot can be two seconds old. */
  madeAtMs: number;
  /** JSON below `/v1/drops/<drop>/`; null: it is not there. Rejects when it is not to be had. */
  read(path: string): Promise<unknown>;
  /** `line/rank.ts`. */
  rankIn(seed: string, ticketId: string): Promise<number>;
  /** Counts on while the page lives; where it starts does not matter. */
  elapsedMs(): number;
  random(): number;
  after(ms: number, act: () => void): () => void;
  /** Called after each look, and between looks whenever words may have changed. */
  show(seen: Seen): void;
  /** Nothing was heard for so many looks in a row. */
  showSilence(failures: number): void;
  /** Called when its cohort's root is out or can be, some times over, and never holds anything up. */
  keepRoot(): void;
  /** The ticket's turn has come. */
  moveOn(seen: Seen): void;
};

/** `schema/limits.ts` has it too; a page's script takes no more of it than this. */
const COHORTS_PER_PAGE = 100;
const FAILURE_MIN_MS = 2_000;
const FAILURE_MAX_MS = 60_000;

/**
 * Follows one ticket by the public snapshot, which is the same for everybody and cached: looks, computes, tells, and looks again
 * when the answer could have changed. Time is the server's: the page's or the newest snapshot's, counted on from when it came. A
 * timer of its own looks for the cohort's root once, as soon as it can be out.
 */
export function follow(deps: FollowDeps) {
  const { ticketId, cohort } = deps.ticket;
  let ranked: Ticket["ranked"] = null;
  let snapshot: Snapshot | undefined;
  let serverAheadMs = deps.madeAtMs - deps.elapsedMs();
  let changed = { what: "", sinceMs: 0 };
  let failures = 0;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let cancel = () => {};
  let cancelRootLook = () => {};
  let wasRootLookedFor = false;
  /** Drawn once: the look for the root stays where it is when a new snapshot tells the same start. */
  const rootJitter = deps.random();
  let isLooking = false;
  let isLeaving = false;

  function seen(picture: Snapshot): Seen {
    const nowMs = deps.elapsedMs() + serverAheadMs;
    const ticket = { cohort, ranked };
    return { ticket, standing: standingOf(ticket, picture, nowMs), snapshot: picture, nowMs, failures };
  }

  async function look(): Promise<void> {
    if (isLooking || isLeaving) return;
    isLooking = true;
    cancel();
    lookedAtMs = deps.elapsedMs();
    try {
      await readAll();
      failures = 0;
      if (snapshot !== undefined) tell(seen(snapshot));
    } catch {
      deps.showSilence(++failures);
      const most = Math.min(FAILURE_MAX_MS, FAILURE_MIN_MS * 2 ** failures);
      next(FAILURE_MIN_MS + deps.random() * (most - FAILURE_MIN_MS));
    } finally {
      isLooking = false;
    }
  }

  async function readAll(): Promise<void> {
    const read = (await deps.read("snapshot")) as Snapshot;
    if (snapshot === undefined || read.atMs >= snapshot.atMs) snapshot = read;
    serverAheadMs = Math.max(serverAheadMs, read.atMs - deps.elapsedMs());
    if (cohort <= snapshot.rootedThrough) deps.keepRoot();
    lookForRoot(snapshot);
    if (ranked === null && cohort <= snapshot.revealedThrough) ranked = await readOwn();
    const { phase, isPaused, isStandbyOpen, watermark } = snapshot;
    const what = JSON.stringify([phase, isPaused, isStandbyOpen, watermark, ranked !== null]);
    if (what !== changed.what) changed = { what, sinceMs: deps.elapsedMs() };
  }

  function lookForRoot(picture: Snapshot): void {
    cancelRootLook();
    if (wasRootLookedFor) return;
    const nowMs = deps.elapsedMs() + serverAheadMs;
    const afterMs = lookForRootAfterMs(cohort, picture, { nowMs, jitter: rootJitter });
    if (afterMs === null) return;
    cancelRootLook = deps.after(afterMs, () => {
      wasRootLookedFor = true;
      deps.keepRoot();
    });
  }

  async function readOwn(): Promise<Ticket["ranked"]> {
    const page = (await deps.read(
      `record/cohorts/${Math.floor(cohort / COHORTS_PER_PAGE)}`,
    )) as CohortPage | null;
    const own: ClosedCohort | undefined = page?.cohorts.find((one) => one.cohort === cohort);
    if (own === undefined) return null;
    return { rank: await deps.rankIn(own.seed, ticketId), count: own.count, before: own.before };
  }

  function tell(now: Seen): void {
    deps.show(now);
    if (mayClaim(now.standing)) {
      isLeaving = true;
      deps.moveOn(now);
      return;
    }
    const asked = {
      nowMs: now.nowMs,
      unchangedMs: deps.elapsedMs() - changed.sinceMs,
      jitter: deps.random(),
    };
    const after = askAgainAfterMs(now.standing, asked);
    if (after !== null) next(after);
  }

  function next(ms: number): void {
    cancel();
    cancel = deps.after(ms, () => void look());
  }

  return {
    look,
    /** The page is looked at again, or the network is back: what it says should not be old. */
    lookIfOlderThan(ms: number): void {
      if (deps.elapsedMs() - lookedAtMs >= ms) void look();
    },
    /** Words that count down. */
    refresh(): void {
      if (snapshot !== undefined && !isLeaving) deps.show(seen(snapshot));
    },
  };
}
