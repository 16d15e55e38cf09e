import type { DropDocument } from "../../schema/drop-document.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { SkuLevel, Watermark } from "../../schema/line.ts";
import type { DropPhase } from "../../schema/statuses.ts";

/** The instants of a drop, in milliseconds since 1970. */
export type Schedule = { lobbyOpensAtMs: number; opensAtMs: number; closesAtMs: number; windowMs: number };

/** A closed cohort as admission sees it. */
export type CohortSize = { cohort: number; count: number };

/** Nobody admitted yet: before the lobby. */
export const LINE_START: Watermark = { cohort: -1, rank: 1 };

export function scheduleOf(document: DropDocument): Schedule {
  return {
    lobbyOpensAtMs: Date.parse(document.lobbyOpensAt),
    opensAtMs: Date.parse(document.opensAt),
    closesAtMs: Date.parse(document.closesAt),
    windowMs: document.line.windowMs,
  };
}

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

/** The instant from which on nobody can join a cohort any more. */
export function cohortEndMs(schedule: Schedule, cohort: number): number {
  return schedule.opensAtMs + cohort * schedule.windowMs;
}

/**
 * Moves the watermark by `budget` people through the closed cohorts, in order. Ranks are uniform, so a fraction of a
 * cohort's people lies below the same fraction of [0, 1). What is left of the budget when the line runs dry comes back.
 */
export function advance(
  from: Watermark,
  closed: readonly CohortSize[],
  budget: number,
): { watermark: Watermark; admitted: number; left: number } {
  let watermark = from;
  let left = budget;
  let admitted = 0;
  for (const { cohort, count } of closed) {
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

/** People that may be admitted now. An idle line saves up at most two ticks' worth: a pause is not a stampede later. */
export function admissionBudget(input: {
  admitPerSecond: number;
  carry: number;
  sinceLastTickMs: number;
}): number {
  // A clock that stepped back earns nothing, rather than a debt that the line would have to stand still for.
  const earnedMs = Math.max(0, Math.min(input.sinceLastTickMs, 2 * LIMITS.lineTickMs));
  const most = (input.admitPerSecond * 2 * LIMITS.lineTickMs) / 1_000;
  return Math.min(most, input.carry + (input.admitPerSecond * earnedMs) / 1_000);
}

/** When the line must wake: to close a cohort, to admit, to fold its log, or to finish configuring SKUs. */
export function nextAlarm(input: {
  nowMs: number;
  /** Ends of cohorts with people that are not closed yet. */
  openCohortEndsMs: readonly number[];
  isLive: boolean;
  hasWaiting: boolean;
  lastTickMs: number;
  hasUnfolded: boolean;
  hasUnconfigured: boolean;
}): number | null {
  const due: number[] = [...input.openCohortEndsMs];
  const nextTickMs = Math.min(input.lastTickMs, input.nowMs) + LIMITS.lineTickMs;
  if (input.hasWaiting && input.isLive) due.push(nextTickMs);
  if (input.hasUnfolded) due.push(nextTickMs);
  if (input.hasUnconfigured) due.push(input.nowMs + LIMITS.lineTickMs);
  return due.length === 0 ? null : Math.max(input.nowMs, Math.min(...due));
}

/** How often one SKU of a drop tells its level: the drop as a whole stays below a hundred a second. */
export function levelPushIntervalMs(skuCount: number): number {
  return Math.max(LIMITS.levelPushMinIntervalMs, skuCount * LIMITS.levelPushPerSkuMs);
}
