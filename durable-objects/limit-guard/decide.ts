import type {
  LimitClaim,
  LimitClaimAnswer,
  LimitReturn,
  LimitReturnAnswer,
} from "../../schema/limit-guard.ts";
import { ok, refuse } from "../../schema/result.ts";

export type ClaimRow = { claimId: string; units: number; untilMs: number | null; step: number };

/** `rows`: an identity's claims, lapsed ones among them or not. `fence`: the step by which the asked one was last given back. */
export type Known = { rows: ClaimRow[]; fence: number | null };

/** `write`: the row as it shall be, or null when nothing changes. */
export type ClaimDecision = { answer: LimitClaimAnswer; write: ClaimRow | null };

/** `change`: what there is then of the claim, under a fence at the item's step; null when nothing changes. */
export type ReturnDecision = { answer: LimitReturnAnswer; change: { row: ClaimRow | null } | null };

/** A claim counts until its deadline and not at it, as a reservation does. */
export const isLive = ({ untilMs }: ClaimRow, nowMs: number): boolean => untilMs === null || untilMs > nowMs;

/**
 * May this identity have these units too? A repeat takes nothing more, and is not refused when `max` was lowered since; it
 * can only put the deadline off or take it away. With other units it is decided anew, if its step is a later one; fewer
 * than it had are never refused. What was overtaken, by a claim or by a give-back, does nothing.
 */
export function decideClaim(known: Known, item: LimitClaim, nowMs: number): ClaimDecision {
  const { claimId, units, max, step } = item;
  const live = known.rows.filter((row) => isLive(row, nowMs));
  const held = live.find((row) => row.claimId === claimId);
  const seen = lastStep(known, claimId);
  // Two bodies under one number: nobody can say which was the later.
  const isOther = held?.step === step && held.units !== units;
  if (step < seen || step === known.fence || isOther) return { answer: overtaken(seen), write: null };
  const others = live.reduce((sum, row) => (row === held ? sum : sum + row.units), 0);
  if (units > (held?.units ?? 0) && others + units > max) {
    return { answer: refuse({ code: "shopper_limit_reached" }), write: null };
  }
  const untilMs = held === undefined ? item.untilMs : later(held.untilMs, item.untilMs);
  const isSame = held?.units === units && held.untilMs === untilMs && held.step === step;
  return { answer: ok({ units }), write: isSame ? null : { claimId, units, untilMs, step } };
}

/**
 * Ends a claim, or leaves it until a deadline, and fences it: there need be none, for it may be on its way. A repeat changes
 * nothing, and one that was overtaken leaves the later claim as it is.
 */
export function decideReturn(known: Known, item: LimitReturn, nowMs: number): ReturnDecision {
  const { claimId, step, countsUntilMs } = item;
  const seen = lastStep(known, claimId);
  if (step < seen) return { answer: overtaken(seen), change: null };
  if (step === known.fence) return { answer: ok(null), change: null };
  const held = known.rows.find((row) => row.claimId === claimId && isLive(row, nowMs));
  const staysUntilMs = held && countsUntilMs !== null && countsUntilMs > nowMs ? countsUntilMs : null;
  const row = held && staysUntilMs !== null ? { ...held, untilMs: staysUntilMs, step } : null;
  return { answer: ok(null), change: { row } };
}

function lastStep({ rows, fence }: Known, claimId: string): number {
  const row = rows.find((one) => one.claimId === claimId);
  return Math.max(row?.step ?? 0, fence ?? 0);
}

function overtaken(step: number): LimitReturnAnswer & { ok: false } {
  return { ok: false, refusal: { code: "request_in_progress", detail: "a later step was seen", step } };
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
