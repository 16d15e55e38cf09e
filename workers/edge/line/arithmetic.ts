/**
 * What anybody in a line can compute for themselves from its public picture (the snapshot) and their own place: how many are
 * before them, how long that may take, and whether a unit can still reach them (`asking.ts`: when to ask again). No dependency,
 * no clock, no chance of its own: the server, the waiting page and other people's clients run this same file.
 */

/** A place in the line: its cohort, and its rank in that cohort, in [0, 1). */
export type Place = { cohort: number; rank: number };

/** What is needed of a snapshot. Times are milliseconds since 1970. */
export type Picture = {
  /** When it was taken. */
  atMs: number;
  phase: "announced" | "lobby" | "live" | "sold_out" | "closed";
  isPaused: boolean;
  opensAtMs: number;
  windowMs: number;
  watermark: Place;
  standbyBefore: Place;
  isStandbyOpen: boolean;
  joined: number;
  admitted: number;
  rootedThrough: number;
  revealedThrough: number;
  waitsForBeacon: { cohort: number; dueAtMs: number } | null;
  admitPerSecond: number;
  pacePerSecond: number;
  noShowShare: number;
  skus: readonly { stock: number; available: number; reserved: number; sold: number }[];
};

/** A ticket's cohort; `rank`, `count` and `before` once the cohort is revealed and its entry was read, else null. */
export type Ticket = { cohort: number; ranked: { rank: number; count: number; before: number } | null };

/** Milliseconds from now. The upper end is at most twice the lower and a minute. */
export type WaitRange = { fromMs: number; toMs: number };

/** Why nobody is admitted at the moment although the line is not over: how long it lasts is known to nobody. */
export type Stop = "paused" | "all_reserved" | "sold_out";

/** How likely it is that a unit is left at one's turn. Never a promise, never a certainty: that is `over`. */
export type Chance = "likely" | "possible" | "unlikely";

export type Standing =
  /** The watermark has passed it. `isPaused`: it can be claimed once the line goes on. */
  | { kind: "admitted"; rank: number; isPaused: boolean }
  /** Its time to claim is over. While `isOpen` it can be claimed all the same, as long as units last. */
  | { kind: "standby"; rank: number; isOpen: boolean; isPaused: boolean }
  /** Its cohort is still open: nobody in it has a rank. */
  | { kind: "gathering"; closesAtMs: number; chance: Chance }
  /** Its cohort has closed, and the seed is not out. `isLate`: the beacon is overdue. */
  | { kind: "drawing"; dueAtMs: number | null; isLate: boolean; chance: Chance }
  | {
      kind: "waiting";
      /** From the front of the whole line, 1 being first; `placeMargin` is twice the standard deviation. */
      place: number;
      placeMargin: number;
      /** People between the watermark and it: an estimate, since ranks are uniform. The order is exact. */
      ahead: number;
      aheadMargin: number;
      stop: Stop | null;
      /** Null while the line stands. */
      wait: WaitRange | null;
      chance: Chance;
    }
  /** No unit can reach it any more, for certain: the drop has ended, and nobody is admitted after the end. */
  | { kind: "over" };

/** Each number is a choice, tuned by `npm run simulate:line`. */
export const CHOICES = {
  /** Before anything was seen of a line: from this part of the expected wait (half stay away: people go faster) ... */
  fastShare: 0.58,
  /** ... to this (payments or stock hold it up). */
  slowShare: 1.16,
  /** Once a line has moved steadily for much longer than is still to come. */
  steadyFastShare: 0.85,
  steadySlowShare: 1.15,
  /** A tick, the snapshot's age and the way to the page, at either end. */
  earlyMs: 5_000,
  lateMs: 30_000,
  /** With fewer arrivals than these nothing is concluded from what they bought. */
  arrivalsMin: 100,
  unitsEachMin: 0.25,
  unitsEachMax: 10,
  /** People for whom there are this many times their units are told "likely"; below the other, "unlikely". */
  likelyShare: 1.25,
  unlikelyShare: 0.75,
  /** While places are not drawn: units for fewer than one in four. */
  unlikelyDrawShare: 0.25,
  /** A share of no-shows near one would promise that the line flies. */
  noShowShareMax: 0.9,

  /** No snapshot changes within its own life. */
  askMinMs: 1_000,
  /**
   * Ask again after this part of the shortest wait: the number of questions is a logarithm of the wait. Small enough that a
   * line which is suddenly made much faster is noticed in time.
   */
  askShare: 1 / 6,
  /** The same until a cohort closes: a start can be brought forward by hand. */
  askCloseShare: 1 / 8,
  /** Where nothing says how long it takes: after this part of the time for which nothing has changed. */
  askStillShare: 1 / 8,
  /** A cohort that closes sooner than this is waited for in one go. */
  askCloseMs: 30_000,
  /** Those who wait for one instant ask spread over this after it. */
  askSpreadMs: 3_000,
  /**
   * A cohort's root is there to be seen within this of its end, also through caches: closing and publishing it take some
   * tenths of a second, and a snapshot lives for one.
   */
  rootOutMs: 1_500,
  /** Shorter than the other: a root is worth most before its beacon's round is due, `beaconMarginMs` after the close. */
  rootSpreadMs: 1_000,
  /** A line that was stopped does not go on within seconds; sold units come back seldom. */
  askStoppedMs: 5_000,
  askSoldOutMs: 15_000,
} as const;

/** A place is admitted when it lies strictly before the watermark. */
export function isBefore(place: Place, mark: Place): boolean {
  return place.cohort === mark.cohort ? place.rank < mark.rank : place.cohort < mark.cohort;
}

/** Whether a pass is to be had now. */
export function mayClaim(standing: Standing): standing is Extract<Standing, { rank: number }> {
  switch (standing.kind) {
    case "admitted":
      return !standing.isPaused;
    case "standby":
      return standing.isOpen && !standing.isPaused;
    default:
      return false;
  }
}

/** When a cohort closes: the lobby at the start, each later window at its end. */
export function cohortClosesAtMs(
  cohort: number,
  { opensAtMs, windowMs }: Pick<Picture, "opensAtMs" | "windowMs">,
) {
  return opensAtMs + cohort * windowMs;
}

/** Where a ticket stands. Exact as to who is admitted; counts, waits and chances are estimates and say so. */
export function standingOf(ticket: Ticket, picture: Picture, nowMs: number): Standing {
  const { cohort, ranked } = ticket;
  const { isPaused } = picture;
  if (ranked !== null) {
    const place = { cohort, rank: ranked.rank };
    if (isBefore(place, picture.watermark)) {
      const isLate = isBefore(place, picture.standbyBefore);
      // Who was admitted may come back after the end: for a repeat, or for what they hold.
      if (picture.phase === "closed") return { kind: "admitted", rank: ranked.rank, isPaused: false };
      if (!isLate) return { kind: "admitted", rank: ranked.rank, isPaused };
      return { kind: "standby", rank: ranked.rank, isOpen: picture.isStandbyOpen, isPaused };
    }
  }
  if (picture.phase === "closed") return { kind: "over" };
  const closesAtMs = cohortClosesAtMs(cohort, picture);
  if (closesAtMs > nowMs && cohort > picture.rootedThrough) {
    return { kind: "gathering", closesAtMs, chance: chanceUnranked(cohort, picture) };
  }
  if (ranked === null) {
    const dueAtMs = picture.waitsForBeacon?.dueAtMs ?? null;
    const isLate = dueAtMs !== null && nowMs > dueAtMs + CHOICES.earlyMs;
    return { kind: "drawing", dueAtMs, isLate, chance: chanceUnranked(cohort, picture) };
  }
  return {
    kind: "waiting",
    ...aheadOf(cohort, ranked, picture),
    ...outlookOf(cohort, ranked, picture, nowMs),
  };
}

type Ranked = NonNullable<Ticket["ranked"]>;

function aheadOf(cohort: number, { rank, count, before }: Ranked, { watermark, admitted }: Picture) {
  const placeMargin = 2 * Math.sqrt(count * rank * (1 - rank));
  const place = Math.floor(before + count * rank) + 1;
  const told = { place, placeMargin: Math.ceil(placeMargin) };
  if (watermark.cohort === cohort) {
    const share = Math.max(0, rank - watermark.rank);
    const aheadMargin = Math.ceil(2 * Math.sqrt(count * share * (1 - share)));
    return { ...told, ahead: Math.round(count * share), aheadMargin };
  }
  const between = Math.max(0, before - admitted);
  // The size of the watermark's cohort is not in the picture, but it holds neither more than was admitted nor than is left.
  const cutVariance =
    watermark.cohort < 0 ? 0 : Math.min(admitted * (1 - watermark.rank), between * watermark.rank);
  const aheadMargin = Math.ceil(2 * Math.sqrt(count * rank * (1 - rank) + cutVariance));
  return { ...told, ahead: Math.round(between + count * rank), aheadMargin };
}

function outlookOf(cohort: number, ranked: Ranked, picture: Picture, nowMs: number) {
  const { ahead } = aheadOf(cohort, ranked, picture);
  const stop = stopOf(picture);
  const chance = stop === "sold_out" ? "unlikely" : chanceFor(ahead, picture);
  const staleMs = Math.max(0, nowMs - picture.atMs);
  return { stop, wait: stop === null ? waitRangeOf(ahead, picture, staleMs) : null, chance };
}

function stopOf({ phase, isPaused, skus }: Picture): Stop | null {
  if (isPaused) return "paused";
  if (phase === "sold_out") return "sold_out";
  return skus.some(({ available }) => available > 0) ? null : "all_reserved";
}

/**
 * The wait for so many people to be admitted. What has held for long is trusted for as long again: so the range is wide at the
 * start, and gets narrower as the line moves on and less is still to come. While the pace keeps, each later range lies inside
 * the earlier ones. `staleMs`: the picture's age.
 */
export function waitRangeOf(ahead: number, picture: Picture, staleMs = 0): WaitRange {
  const expectedMs = Math.max(0, (ahead / paceOf(picture)) * 1_000 - staleMs);
  const seenMs = Math.max(0, picture.atMs + staleMs - picture.opensAtMs);
  const seenShare = seenMs === 0 ? 0 : seenMs / (seenMs + expectedMs);
  const fast = CHOICES.fastShare + (CHOICES.steadyFastShare - CHOICES.fastShare) * seenShare;
  const slow = CHOICES.slowShare + (CHOICES.steadySlowShare - CHOICES.slowShare) * seenShare;
  const fromMs = Math.max(0, expectedMs * fast - CHOICES.earlyMs);
  return { fromMs: Math.round(fromMs), toMs: Math.round(expectedMs * slow + CHOICES.lateMs) };
}

/** People admitted a second: as it goes just now, or, before it went, as it is meant to go. */
function paceOf({ pacePerSecond, admitPerSecond, noShowShare }: Picture): number {
  return pacePerSecond > 0 ? pacePerSecond : admitPerSecond / turnOut(noShowShare);
}

function turnOut(noShowShare: number): number {
  return 1 - Math.min(CHOICES.noShowShareMax, Math.max(0, noShowShare));
}

/** What those ahead will take, by what those before them took, against what is free and what may come back. */
function chanceFor(ahead: number, picture: Picture): Chance {
  const { free, held } = unitsOf(picture);
  const wanted = wantedBy(ahead + 1, picture);
  if (free >= wanted * CHOICES.likelyShare) return "likely";
  return free + held <= wanted * CHOICES.unlikelyShare ? "unlikely" : "possible";
}

/** In the lobby every place may still come, so units over wishes are the chance; who comes later is behind all who wait. */
function chanceUnranked(cohort: number, picture: Picture): Chance {
  if (picture.phase === "sold_out") return "unlikely";
  const before = Math.max(0, picture.joined - picture.admitted);
  if (cohort > 0) return chanceFor(before, picture);
  const { free, held } = unitsOf(picture);
  const wanted = wantedBy(Math.max(1, before), picture);
  if (free >= wanted) return "likely";
  return free + held <= wanted * CHOICES.unlikelyDrawShare ? "unlikely" : "possible";
}

function wantedBy(people: number, picture: Picture): number {
  const arrived = picture.admitted * turnOut(picture.noShowShare);
  const seen = arrived < CHOICES.arrivalsMin ? 1 : unitsOf(picture).taken / arrived;
  const each = Math.min(CHOICES.unitsEachMax, Math.max(CHOICES.unitsEachMin, seen));
  return people * turnOut(picture.noShowShare) * each;
}

function unitsOf({ skus }: Picture) {
  let free = 0;
  let held = 0;
  let taken = 0;
  for (const { available, reserved, sold } of skus) {
    free += available;
    held += reserved;
    taken += reserved + sold;
  }
  return { free, held, taken };
}
