import type { DropDocument } from "../../schema/drop-document.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { SkuLevel, Watermark } from "../../schema/line.ts";
import type { DropPhase } from "../../schema/statuses.ts";

/** The instants of a drop, in milliseconds since 1970. `endedAtMs`: it was closed by hand. */
export type Schedule = {
  lobbyOpensAtMs: number;
  opensAtMs: number;
  closesAtMs: number;
  windowMs: number;
  endedAtMs: number | null;
};

/** What was done to a line by hand, and lasts. A pause without an end is still on. */
export type Hand = {
  message: string | null;
  /** Instead of the document's. */
  admitPerSecond: number | null;
  openedAtMs: number | null;
  endedAtMs: number | null;
  pauses: { fromMs: number; toMs: number | null }[];
};
export const HANDS_OFF: Hand = {
  message: null,
  admitPerSecond: null,
  openedAtMs: null,
  endedAtMs: null,
  pauses: [],
};

/** A cohort as admission sees it. */
export type CohortSize = { cohort: number; count: number };

/** Nobody admitted yet: before the lobby. */
export const LINE_START: Watermark = { cohort: -1, rank: 1 };

/** What the document says, or whoever came before it by hand. */
export function scheduleOf(document: DropDocument, { openedAtMs, endedAtMs }: Hand): Schedule {
  const opensAtMs = Math.min(Date.parse(document.opensAt), openedAtMs ?? Number.POSITIVE_INFINITY);
  return {
    lobbyOpensAtMs: Math.min(Date.parse(document.lobbyOpensAt), opensAtMs),
    opensAtMs,
    closesAtMs: Math.min(Date.parse(document.closesAt), endedAtMs ?? Number.POSITIVE_INFINITY),
    windowMs: document.line.windowMs,
    endedAtMs,
  };
}

export const isPaused = ({ pauses }: Hand) => pauses.at(-1)?.toMs === null;

export function phaseAt(schedule: Schedule, isSoldOut: boolean, nowMs: number): DropPhase {
  if (nowMs >= schedule.closesAtMs) return "closed";
  if (nowMs < schedule.lobbyOpensAtMs) return "announced";
  if (nowMs < schedule.opensAtMs) return "lobby";
  return isSoldOut ? "sold_out" : "live";
}

/**
 * Every unit of every SKU is sold, so that none can come back by a deadline. One may by other ways, a failed capture or a
 * return: then this is false again, and admission goes on (ADR 11).
 */
export function isSoldOut(levels: readonly SkuLevel[]): boolean {
  return levels.every((level) => level.sold === level.stock);
}

/** Cohort 0 is everybody before the start; cohort i is the i-th window after it. */
export function cohortAt(schedule: Schedule, nowMs: number): number {
  if (nowMs < schedule.opensAtMs) return 0;
  return 1 + Math.floor((nowMs - schedule.opensAtMs) / schedule.windowMs);
}

/** The instant from which on nobody can join a cohort any more. The last one's window may end after its drop. */
export function cohortEndMs(schedule: Schedule, cohort: number): number {
  const windowEndMs = schedule.opensAtMs + cohort * schedule.windowMs;
  return Math.min(windowEndMs, schedule.endedAtMs ?? windowEndMs);
}

/** Cohorts that a drop of this schedule can have: each takes a link of the chain. */
export function cohortsOf({ opensAtMs, closesAtMs, windowMs }: Schedule): number {
  return 1 + Math.max(0, Math.ceil((closesAtMs - opensAtMs) / windowMs));
}

/**
 * Places that the watermark had passed by this instant can only stand by now: their time to claim is over. A pause does not
 * use that time up.
 */
export function claimableSinceMs({
  nowMs,
  claimWindowMs,
  pauses,
}: { nowMs: number; claimWindowMs: number } & Pick<Hand, "pauses">): number {
  let sinceMs = nowMs - claimWindowMs;
  for (const { fromMs, toMs } of [...pauses].reverse()) {
    const untilMs = Math.min(toMs ?? nowMs, nowMs);
    if (untilMs <= sinceMs) break;
    sinceMs -= Math.max(0, untilMs - fromMs);
  }
  return sinceMs;
}

/**
 * Moves the watermark by `budget` people through the revealed cohorts, in order. Ranks are uniform, so a fraction of a
 * cohort's people lies below the same fraction of [0, 1). What is left of the budget when the line runs dry comes back.
 */
export function advance(
  from: Watermark,
  revealed: readonly CohortSize[],
  budget: number,
): { watermark: Watermark; admitted: number; left: number } {
  let watermark = from;
  let left = budget;
  let admitted = 0;
  for (const { cohort, count } of revealed) {
    if (cohort < from.cohort || left <= 0) continue;
    const start = cohort === from.cohort ? from.rank : 0;
    const waiting = count * (1 - start);
    const served = Math.min(waiting, left);
    const isWhole = served === waiting;
    watermark = { cohort, rank: isWhole ? 1 : Math.min(1, start + served / count) };
    admitted += served;
    left -= served;
    if (!isWhole) break;
  }
  return { watermark, admitted, left };
}

/** When the line must wake: to close a cohort, to admit, to fold its log, to end, or for what is done outside of it. */
export function nextAlarm(input: {
  nowMs: number;
  /** Ends of cohorts with people that are not closed yet. */
  openCohortEndsMs: readonly number[];
  /** Null: it has ended, and was told so. */
  closesAtMs: number | null;
  /** People to admit, and nothing that forbids it. */
  isAdmitting: boolean;
  hasUnfolded: boolean;
  lastTickMs: number;
  /** When what is left to do outside can be tried (again); null: nothing is. */
  outsideDueMs: number | null;
}): number | null {
  const due: number[] = [...input.openCohortEndsMs];
  if (input.closesAtMs !== null) due.push(input.closesAtMs);
  if (input.isAdmitting || input.hasUnfolded)
    due.push(Math.min(input.lastTickMs, input.nowMs) + LIMITS.lineTickMs);
  if (input.outsideDueMs !== null) due.push(input.outsideDueMs);
  return due.length === 0 ? null : Math.max(input.nowMs, Math.min(...due));
}

/** How often one SKU of a drop tells its level: the drop as a whole stays below a hundred a second. */
export function levelPushIntervalMs(skuCount: number): number {
  return Math.max(LIMITS.levelPushMinIntervalMs, skuCount * LIMITS.levelPushPerSkuMs);
}
