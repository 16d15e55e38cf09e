import { LIMITS } from "../../../schema/limits.ts";

/** What came of one try. */
export type TryOutcome = {
  isTaken: boolean;
  status: number | null;
  reason: string;
  retryAfterMs: number | null;
};

type Backoff = { baseMs: number; factor: number; maxMs: number };

const WEBHOOK: Backoff = { baseMs: LIMITS.webhookRetryBaseMs, factor: 3, maxMs: LIMITS.webhookRetryMaxMs };
const MAIL: Backoff = { baseMs: LIMITS.mailRetryBaseMs, factor: 4, maxMs: LIMITS.mailRetryMaxMs };

/**
 * How long after its `tries`th failure a delivery waits: growing by three, bounded, somewhere in the upper half of that, so
 * that what failed together does not come back together. A receiver that asks for more time gets it, up to the bound.
 */
export function webhookDelayMs(tries: number, retryAfterMs: number | null, random: () => number): number {
  const askedMs = Math.min(retryAfterMs ?? 0, LIMITS.webhookRetryMaxMs);
  return Math.max(askedMs, delayMs(WEBHOOK, tries, random));
}

export function mailDelayMs(tries: number, random: () => number): number {
  return delayMs(MAIL, tries, random);
}

function delayMs({ baseMs, factor, maxMs }: Backoff, tries: number, random: () => number): number {
  const boundMs = Math.min(maxMs, baseMs * factor ** Math.max(0, tries - 1));
  return Math.round(boundMs / 2 + (random() * boundMs) / 2);
}

export type Verdict =
  | { state: "delivered" }
  | { state: "pending"; delayMs: number }
  | { state: "parked"; reason: string };

/** What becomes of a delivery after a try, its own tries counted up to and with this one. */
export function judge(outcome: TryOutcome, tries: number, random: () => number): Verdict {
  if (outcome.isTaken) return { state: "delivered" };
  if (outcome.status === 410) return { state: "parked", reason: "gone" };
  if (tries >= LIMITS.webhookTriesMax) return { state: "parked", reason: outcome.reason };
  return { state: "pending", delayMs: webhookDelayMs(tries, outcome.retryAfterMs, random) };
}

export type Health = { failingSinceMs: number | null; disabledReason: "failing" | "gone" | null };

/**
 * What an endpoint is after some tries that ended together. One success ends its failing; an endpoint that has failed for
 * longer than `webhookDisableAfterMs` is switched off, and one that says 410 at once.
 */
export function healthAfter(
  failingSinceMs: number | null,
  outcomes: readonly TryOutcome[],
  nowMs: number,
): Health {
  if (outcomes.some(({ status }) => status === 410)) {
    return { failingSinceMs: failingSinceMs ?? nowMs, disabledReason: "gone" };
  }
  if (outcomes.some(({ isTaken }) => isTaken)) return { failingSinceMs: null, disabledReason: null };
  const sinceMs = failingSinceMs ?? nowMs;
  const isOver = nowMs - sinceMs >= LIMITS.webhookDisableAfterMs;
  return { failingSinceMs: sinceMs, disabledReason: isOver ? "failing" : null };
}
