import { type Picture, type Standing } from "./arithmetic.js";
/**
 * After how long to ask for the snapshot again; null: never. `unchangedMs`: for how long the asker has seen the same phase and
 * watermark (0 when nobody remembers). `jitter` in [0, 1) is the asker's own. Never below a snapshot's life. For a wait of T
 * the questions are O(log T), also when the line stands still.
 */
export declare function askAgainAfterMs(standing: Standing, { nowMs, unchangedMs, jitter }: {
    nowMs: number;
    unchangedMs: number;
    jitter: number;
}): number | null;
/**
 * After how long to look for one's cohort's root at `record/roots/<cohort>`, once: as soon as it can be out, so that it is seen
 * before the beacon's round exists. Null: a snapshot says that it is out, or the drop is over.
 */
export declare function lookForRootAfterMs(cohort: number, picture: Picture, { nowMs, jitter }: {
    nowMs: number;
    jitter: number;
}): number | null;
