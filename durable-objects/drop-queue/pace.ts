import { LIMITS } from "../../schema/limits.ts";
import type { PaymentsBacklog } from "../../schema/rpc/payments.ts";

/**
 * How fast a line moves: as many people as are to arrive a second, more for those who will not turn up, never more than the
 * free units could serve, and fewer while payments lag behind. A few numbers of state, the same size for any crowd.
 */
export type Pace = {
  /** The last tick. */
  atMs: number;
  /** People that could have been released and were not there to be: two ticks' worth at most. */
  carry: number;
  /** People released so far who, if everybody turned up, would have come by now: they follow their release with a lag. */
  underway: number;
  /** Of the recent past, forgotten gradually: who should have come, if everybody did, and who came. */
  recentDue: number;
  recentArrived: number;
  /** Arrivals as last counted. */
  arrived: number;
  /** Released, not yet arrived and still expected, less those taken for no-shows: each may want a unit. */
  expected: number;
  /** The part of the pace that the payments' backlog leaves, in (0, 1]. */
  backlogShare: number;
  /** For the snapshot: the part of those released who do not turn up; and people a second that may be released, smoothed. */
  noShowShare: number;
  pacePerSecond: number;
};

export type PaceNow = {
  nowMs: number;
  /** People who are to arrive a second. */
  admitPerSecond: number;
  /** How long a place can be claimed: whoever lets that go by stands by, and no unit is kept for him. */
  claimWindowMs: number;
  /** Tickets that took units so far, over all SKUs; and units that anybody may still take. */
  arrived: number;
  free: number;
  /** null: not known just now; what it was goes on. */
  backlog: PaymentsBacklog | null;
  /** Live and not paused. */
  isOpen: boolean;
};

/** Before anybody was released. Also where a line begins again that has lost its pace: it relearns it within minutes. */
export function startPace(nowMs: number, arrived: number): Pace {
  return {
    atMs: nowMs,
    carry: 0,
    underway: 0,
    recentDue: 0,
    recentArrived: 0,
    arrived,
    expected: 0,
    backlogShare: 1,
    noShowShare: 0,
    pacePerSecond: 0,
  };
}

/**
 * One tick: what has come since the last one is counted, and `release` is how many people may be let in now, a real number.
 * To be called at each tick and at each pause and resumption; then `afterRelease` with how many were. Whatever the gap between
 * two calls, `release` is at most two ticks' worth: a pause is no stampede later.
 */
export function nextPace(before: Pace, now: PaceNow): { pace: Pace; release: number } {
  // A clock that stepped back earns nothing, rather than a debt that the line would have to stand still for.
  const elapsedMs = Math.max(0, now.nowMs - before.atMs);
  const atMs = now.nowMs;
  if (!now.isOpen) return { pace: { ...whileShut(before, now), atMs }, release: 0 };

  const measured = measure(before, now, elapsedMs);
  const backlogShare = easedBacklogShare(before.backlogShare, now, elapsedMs);
  const showShare = 1 - measured.noShowShare;
  const perSecond = (now.admitPerSecond * backlogShare) / showShare;
  const most = (perSecond * 2 * LIMITS.lineTickMs) / 1_000;
  const earned = (perSecond * Math.min(elapsedMs, 2 * LIMITS.lineTickMs)) / 1_000;
  const servable = Math.max(0, now.free - measured.expected) / showShare;
  const release = Math.min(most, before.carry + earned, servable);
  const pacePerSecond = easedPace(before.pacePerSecond, {
    perSecond: Math.min(perSecond, (servable * 1_000) / LIMITS.lineTickMs),
    elapsedMs,
  });
  return { pace: { ...before, ...measured, atMs, backlogShare, pacePerSecond, carry: 0 }, release };
}

/** Takes down what became of `release`: `admitted` people passed, the others were not there. */
export function afterRelease(pace: Pace, { release, admitted }: { release: number; admitted: number }): Pace {
  return {
    ...pace,
    carry: Math.max(0, release - admitted),
    underway: pace.underway + admitted,
    expected: pace.expected + admitted * (1 - pace.noShowShare),
  };
}

/**
 * Nobody is late while it is shut. Whoever is told of only now came as it was being shut: he has his unit, and is waited for no
 * longer. It teaches nothing of those who stay away, either way.
 */
function whileShut(before: Pace, { arrived }: PaceNow): Pace {
  const came = Math.max(0, arrived - before.arrived);
  return {
    ...before,
    arrived,
    carry: 0,
    underway: Math.max(0, before.underway - came),
    expected: Math.max(0, before.expected - came),
  };
}

type Measured = Pick<
  Pace,
  "arrived" | "underway" | "recentDue" | "recentArrived" | "expected" | "noShowShare"
>;

/**
 * Arrivals are held against those who were released long enough ago: a release falls due gradually, with the mean delay
 * `paceTurnUpMs`. Where there was not a unit for each who is expected, staying away and being turned away look the same:
 * nothing is learned then.
 */
function measure(
  before: Pace,
  { arrived, free, admitPerSecond, claimWindowMs }: PaceNow,
  elapsedMs: number,
): Measured {
  const due = before.underway * (1 - fading(elapsedMs, LIMITS.paceTurnUpMs));
  const came = Math.max(0, arrived - before.arrived);
  const writeOffMs = Math.min(LIMITS.paceWriteOffMs, claimWindowMs);
  const expected = Math.max(0, before.expected * fading(elapsedMs, writeOffMs) - came);
  const next = { arrived, underway: before.underway - due, expected };
  if (free <= expected) {
    const { recentDue, recentArrived, noShowShare } = before;
    return { ...next, recentDue, recentArrived, noShowShare };
  }
  const memory = fading(elapsedMs, LIMITS.paceMemoryMs);
  // Those who come first need some seconds too: a line begins as if for a while everybody had come, and forgets it like the rest.
  const faith = before.recentDue === 0 ? (admitPerSecond * LIMITS.paceFaithMs) / 1_000 : 0;
  const recentDue = before.recentDue * memory + due + faith;
  const recentArrived = before.recentArrived * memory + came + faith;
  const showShare = (recentArrived + LIMITS.pacePriorPeople) / (recentDue + LIMITS.pacePriorPeople);
  const noShowShare = Math.min(LIMITS.noShowShareMax, Math.max(0, 1 - showShare));
  return { ...next, recentDue, recentArrived, noShowShare };
}

/** Half pace when a payment waits for `paceBacklogMs`, or would at this pace; a tenth at three times that; a little always. */
function easedBacklogShare(before: number, { backlog, admitPerSecond }: PaceNow, elapsedMs: number): number {
  if (backlog === null) return before;
  const waitMs = Math.max(backlog.oldestWaitMs, (backlog.waiting * 1_000) / admitPerSecond);
  const share = Math.max(LIMITS.paceShareMin, 1 / (1 + (waitMs / LIMITS.paceBacklogMs) ** 2));
  return share + (before - share) * fading(elapsedMs, LIMITS.paceSmoothingMs);
}

/** The first tick after the line stood still says it as it is: nobody is to be told of a pace near zero. */
function easedPace(
  before: number,
  { perSecond, elapsedMs }: { perSecond: number; elapsedMs: number },
): number {
  return before === 0
    ? perSecond
    : perSecond + (before - perSecond) * fading(elapsedMs, LIMITS.paceSmoothingMs);
}

/** What is left after `elapsedMs` of something that lasts `meanMs` on average. */
function fading(elapsedMs: number, meanMs: number): number {
  return Math.exp(-elapsedMs / meanMs);
}
