/**
 * What anybody in a line can compute for themselves from its public picture (the snapshot) and their own place: how many are
 * before them, how long that may take, and whether a unit can still reach them (`asking.ts`: when to ask again). No dependency,
 * no clock, no chance of its own: the server, the waiting page and other people's clients run this same file.
 */
/** A place in the line: its cohort, and its rank in that cohort, in [0, 1). */
export type Place = {
    cohort: number;
    rank: number;
};
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
    waitsForBeacon: {
        cohort: number;
        dueAtMs: number;
    } | null;
    admitPerSecond: number;
    pacePerSecond: number;
    noShowShare: number;
    skus: readonly {
        stock: number;
        available: number;
        reserved: number;
        sold: number;
    }[];
};
/** A ticket's cohort; `rank`, `count` and `before` once the cohort is revealed and its entry was read, else null. */
export type Ticket = {
    cohort: number;
    ranked: {
        rank: number;
        count: number;
        before: number;
    } | null;
};
/** Milliseconds from now. The upper end is at most twice the lower and a minute. */
export type WaitRange = {
    fromMs: number;
    toMs: number;
};
/** Why nobody is admitted at the moment although the line is not over: how long it lasts is known to nobody. */
export type Stop = "paused" | "all_reserved" | "sold_out";
/** How likely it is that a unit is left at one's turn. Never a promise, never a certainty: that is `over`. */
export type Chance = "likely" | "possible" | "unlikely";
export type Standing = 
/** The watermark has passed it. `isPaused`: it can be claimed once the line goes on. */
{
    kind: "admitted";
    rank: number;
    isPaused: boolean;
}
/** Its time to claim is over. While `isOpen` it can be claimed all the same, as long as units last. */
 | {
    kind: "standby";
    rank: number;
    isOpen: boolean;
    isPaused: boolean;
}
/** Its cohort is still open: nobody in it has a rank. */
 | {
    kind: "gathering";
    closesAtMs: number;
    chance: Chance;
}
/** Its cohort has closed, and the seed is not out. `isLate`: the beacon is overdue. */
 | {
    kind: "drawing";
    dueAtMs: number | null;
    isLate: boolean;
    chance: Chance;
} | {
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
 | {
    kind: "over";
};
/** Each number is a choice, tuned by `npm run simulate:line`. */
export declare const CHOICES: {
    /** Before anything was seen of a line: from this part of the expected wait (half stay away: people go faster) ... */
    readonly fastShare: 0.58;
    /** ... to this (payments or stock hold it up). */
    readonly slowShare: 1.16;
    /** Once a line has moved steadily for much longer than is still to come. */
    readonly steadyFastShare: 0.85;
    readonly steadySlowShare: 1.15;
    /** A tick, the snapshot's age and the way to the page, at either end. */
    readonly earlyMs: 5000;
    readonly lateMs: 30000;
    /** With fewer arrivals than these nothing is concluded from what they bought. */
    readonly arrivalsMin: 100;
    readonly unitsEachMin: 0.25;
    readonly unitsEachMax: 10;
    /** People for whom there are this many times their units are told "likely"; below the other, "unlikely". */
    readonly likelyShare: 1.25;
    readonly unlikelyShare: 0.75;
    /** While places are not drawn: units for fewer than one in four. */
    readonly unlikelyDrawShare: 0.25;
    /** A share of no-shows near one would promise that the line flies. */
    readonly noShowShareMax: 0.9;
    /** No snapshot changes within its own life. */
    readonly askMinMs: 1000;
    /**
     * Ask again after this part of the shortest wait: the number of questions is a logarithm of the wait. Small enough that a
     * line which is suddenly made much faster is noticed in time.
     */
    readonly askShare: number;
    /** The same until a cohort closes: a start can be brought forward by hand. */
    readonly askCloseShare: number;
    /** Where nothing says how long it takes: after this part of the time for which nothing has changed. */
    readonly askStillShare: number;
    /** A cohort that closes sooner than this is waited for in one go. */
    readonly askCloseMs: 30000;
    /** Those who wait for one instant ask spread over this after it. */
    readonly askSpreadMs: 3000;
    /**
     * A cohort's root is there to be seen within this of its end, also through caches: closing and publishing it take some
     * tenths of a second, and a snapshot lives for one.
     */
    readonly rootOutMs: 1500;
    /** Shorter than the other: a root is worth most before its beacon's round is due, `beaconMarginMs` after the close. */
    readonly rootSpreadMs: 1000;
    /** A line that was stopped does not go on within seconds; sold units come back seldom. */
    readonly askStoppedMs: 5000;
    readonly askSoldOutMs: 15000;
};
/** A place is admitted when it lies strictly before the watermark. */
export declare function isBefore(place: Place, mark: Place): boolean;
/** Whether a pass is to be had now. */
export declare function mayClaim(standing: Standing): standing is Extract<Standing, {
    rank: number;
}>;
/** When a cohort closes: the lobby at the start, each later window at its end. */
export declare function cohortClosesAtMs(cohort: number, { opensAtMs, windowMs }: Pick<Picture, "opensAtMs" | "windowMs">): number;
/** Where a ticket stands. Exact as to who is admitted; counts, waits and chances are estimates and say so. */
export declare function standingOf(ticket: Ticket, picture: Picture, nowMs: number): Standing;
/**
 * The wait for so many people to be admitted. What has held for long is trusted for as long again: so the range is wide at the
 * start, and gets narrower as the line moves on and less is still to come. While the pace keeps, each later range lies inside
 * the earlier ones. `staleMs`: the picture's age.
 */
export declare function waitRangeOf(ahead: number, picture: Picture, staleMs?: number): WaitRange;
