/**
 * What anybody in a line can compute for themselves from its public picture (the snapshot) and their own place: how many are
 * before them, how long that may take, and whether a unit can still reach them (`asking.ts`: when to ask again). No dependency,
 * no clock, no chance of its own: the server, the waiting page and other people's clients run this same file.
 */
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
};
/** A place is admitted when it lies strictly before the watermark. */
export function isBefore(place, mark) {
    return place.cohort === mark.cohort ? place.rank < mark.rank : place.cohort < mark.cohort;
}
/** Whether a pass is to be had now. */
export function mayClaim(standing) {
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
export function cohortClosesAtMs(cohort, { opensAtMs, windowMs }) {
    return opensAtMs + cohort * windowMs;
}
/** Where a ticket stands. Exact as to who is admitted; counts, waits and chances are estimates and say so. */
export function standingOf(ticket, picture, nowMs) {
    const { cohort, ranked } = ticket;
    const { isPaused } = picture;
    if (ranked !== null) {
        const place = { cohort, rank: ranked.rank };
        if (isBefore(place, picture.watermark)) {
            const isLate = isBefore(place, picture.standbyBefore);
            // Who was admitted may come back after the end: for a repeat, or for what they hold.
            if (picture.phase === "closed")
                return { kind: "admitted", rank: ranked.rank, isPaused: false };
            if (!isLate)
                return { kind: "admitted", rank: ranked.rank, isPaused };
            return { kind: "standby", rank: ranked.rank, isOpen: picture.isStandbyOpen, isPaused };
        }
    }
    if (picture.phase === "closed")
        return { kind: "over" };
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
function aheadOf(cohort, { rank, count, before }, { watermark, admitted }) {
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
    const cutVariance = watermark.cohort < 0 ? 0 : Math.min(admitted * (1 - watermark.rank), between * watermark.rank);
    const aheadMargin = Math.ceil(2 * Math.sqrt(count * rank * (1 - rank) + cutVariance));
    return { ...told, ahead: Math.round(between + count * rank), aheadMargin };
}
function outlookOf(cohort, ranked, picture, nowMs) {
    const { ahead } = aheadOf(cohort, ranked, picture);
    const stop = stopOf(picture);
    const chance = stop === "sold_out" ? "unlikely" : chanceFor(ahead, picture);
    const staleMs = Math.max(0, nowMs - picture.atMs);
    return { stop, wait: stop === null ? waitRangeOf(ahead, picture, staleMs) : null, chance };
}
function stopOf({ phase, isPaused, skus }) {
    if (isPaused)
        return "paused";
    if (phase === "sold_out")
        return "sold_out";
    return skus.some(({ available }) => available > 0) ? null : "all_reserved";
}
/**
 * The wait for so many people to be admitted. What has held for long is trusted for as long again: so the range is wide at the
 * start, and gets narrower as the line moves on and less is still to come. While the pace keeps, each later range lies inside
 * the earlier ones. `staleMs`: the picture's age.
 */
export function waitRangeOf(ahead, picture, staleMs = 0) {
    const expectedMs = Math.max(0, (ahead / paceOf(picture)) * 1_000 - staleMs);
    const seenMs = Math.max(0, picture.atMs + staleMs - picture.opensAtMs);
    const seenShare = seenMs === 0 ? 0 : seenMs / (seenMs + expectedMs);
    const fast = CHOICES.fastShare + (CHOICES.steadyFastShare - CHOICES.fastShare) * seenShare;
    const slow = CHOICES.slowShare + (CHOICES.steadySlowShare - CHOICES.slowShare) * seenShare;
    const fromMs = Math.max(0, expectedMs * fast - CHOICES.earlyMs);
    return { fromMs: Math.round(fromMs), toMs: Math.round(expectedMs * slow + CHOICES.lateMs) };
}
/** People admitted a second: as it goes just now, or, before it went, as it is meant to go. */
function paceOf({ pacePerSecond, admitPerSecond, noShowShare }) {
    return pacePerSecond > 0 ? pacePerSecond : admitPerSecond / turnOut(noShowShare);
}
function turnOut(noShowShare) {
    return 1 - Math.min(CHOICES.noShowShareMax, Math.max(0, noShowShare));
}
/** What those ahead will take, by what those before them took, against what is free and what may come back. */
function chanceFor(ahead, picture) {
    const { free, held } = unitsOf(picture);
    const wanted = wantedBy(ahead + 1, picture);
    if (free >= wanted * CHOICES.likelyShare)
        return "likely";
    return free + held <= wanted * CHOICES.unlikelyShare ? "unlikely" : "possible";
}
/** In the lobby every place may still come, so units over wishes are the chance; who comes later is behind all who wait. */
function chanceUnranked(cohort, picture) {
    if (picture.phase === "sold_out")
        return "unlikely";
    const before = Math.max(0, picture.joined - picture.admitted);
    if (cohort > 0)
        return chanceFor(before, picture);
    const { free, held } = unitsOf(picture);
    const wanted = wantedBy(Math.max(1, before), picture);
    if (free >= wanted)
        return "likely";
    return free + held <= wanted * CHOICES.unlikelyDrawShare ? "unlikely" : "possible";
}
function wantedBy(people, picture) {
    const arrived = picture.admitted * turnOut(picture.noShowShare);
    const seen = arrived < CHOICES.arrivalsMin ? 1 : unitsOf(picture).taken / arrived;
    const each = Math.min(CHOICES.unitsEachMax, Math.max(CHOICES.unitsEachMin, seen));
    return people * turnOut(picture.noShowShare) * each;
}
function unitsOf({ skus }) {
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
