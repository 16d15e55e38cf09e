import { type ClosedCohort, isAdmitted, type Snapshot } from "../../schema/line.ts";
import { TUNING } from "./tuning.ts";

/** Pure arithmetic over the public picture of a line: the same that any client can do for itself. */

export type Place = { cohort: number; rank: number };

/** When a cohort closes: the lobby at the start, each later window at its end. */
export function cohortClosesAtMs(cohort: number, snapshot: Snapshot): number {
  return snapshot.opensAtMs + cohort * snapshot.windowMs;
}

/** Before its cohort is behind or at the watermark, a ticket cannot be admitted whatever its rank: no seed is needed. */
export function canBeAdmitted(cohort: number, snapshot: Snapshot): boolean {
  return isAdmitted({ cohort, rank: 0 }, snapshot.watermark);
}

/**
 * How many people are between the watermark and a place: `ahead` is an expectation, since ranks are uniform, and
 * `margin` twice its standard deviation. `cohorts` holds every closed cohort from the watermark's to the place's.
 */
export function peopleAhead(
  place: Place,
  snapshot: Snapshot,
  cohorts: ClosedCohort[],
): { ahead: number; margin: number } {
  const { watermark } = snapshot;
  let ahead = 0;
  let variance = 0;
  for (const { cohort, count } of cohorts) {
    const from = cohort < watermark.cohort ? 1 : cohort === watermark.cohort ? watermark.rank : 0;
    const to = cohort < place.cohort ? 1 : cohort === place.cohort ? place.rank : 0;
    const share = Math.max(0, to - from);
    ahead += count * share;
    variance += count * share * (1 - share);
  }
  return { ahead: Math.round(ahead), margin: Math.ceil(2 * Math.sqrt(variance)) };
}

/** When asking again could change the answer. `jitter` in [0, 1) spreads those who would all ask at a close. */
export function askAgainAfterMs(expectedWaitMs: number, jitter: number): number {
  const halfway = Math.max(TUNING.pollMinMs, Math.min(TUNING.pollMaxMs, expectedWaitMs / 2));
  return Math.round(halfway + (jitter * Math.min(TUNING.pollSpreadMs, halfway)) / 2);
}

/** Until the close of a cohort: just after it, spread, but at least once in `pollMaxMs` (the start may be moved). */
export function askAfterCloseMs(closesInMs: number, jitter: number): number {
  const afterClose = Math.max(TUNING.pollMinMs, closesInMs) + jitter * TUNING.pollSpreadMs;
  return Math.round(Math.min(TUNING.pollMaxMs + jitter * TUNING.pollSpreadMs, afterClose));
}
