import type { LimitClaim, LimitClaimAnswer } from "../../schema/limit-guard.ts";
import { ok, refuse } from "../../schema/result.ts";

export type ClaimRow = { claimId: string; units: number; untilMs: number | null };

/** `write`: the row as it shall be, or null when nothing changes. */
export type ClaimDecision = { answer: LimitClaimAnswer; write: ClaimRow | null };

/** A claim counts until its deadline and not at it, as a reservation does. */
export const isLive = ({ untilMs }: ClaimRow, nowMs: number): boolean => untilMs === null || untilMs > nowMs;

/**
 * May this identity have these units too? `rows` are its own claims, lapsed ones among them or not: they do not count. A
 * repeat takes nothing more, and is not refused when `max` was lowered since; it can only put the deadline off or take it
 * away. Under the same id with other units it is decided anew: its first try made no reservation, else the key would have
 * refused it before.
 */
export function decideClaim(rows: ClaimRow[], item: LimitClaim, nowMs: number): ClaimDecision {
  const { claimId, units, max } = item;
  const live = rows.filter((row) => isLive(row, nowMs));
  const held = live.find((row) => row.claimId === claimId);
  const others = live.reduce((sum, row) => (row === held ? sum : sum + row.units), 0);
  if (held?.units !== units && others + units > max) {
    return { answer: refuse({ code: "shopper_limit_reached" }), write: null };
  }
  const untilMs = held === undefined ? item.untilMs : later(held.untilMs, item.untilMs);
  const changes = held === undefined || held.units !== units || held.untilMs !== untilMs;
  return { answer: ok({ units }), write: changes ? { claimId, units, untilMs } : null };
}

/** null is for ever. */
function later(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : Math.max(one, other);
}

/**
 * When to sweep next: a while after the earliest deadline, so that one alarm takes many. Nothing waits for it: each
 * decision leaves out what has lapsed. null: there is nothing to sweep.
 */
export function nextSweepMs(earliestUntilMs: number | null, graceMs: number): number | null {
  return earliestUntilMs === null ? null : earliestUntilMs + graceMs;
}
