import { boundedPut } from "../bounded-put.ts";
import type { Clock } from "../deps.ts";

/** How often keys came of late: in one isolate's bounded memory, so it sees what this isolate saw and no more. */
export type Velocity = {
  /** Counts once more, and answers how often the key came within the last window, this time included: an estimate. */
  count(key: string): number;
};

type Counted = { sinceMs: number; before: number; now: number };

/**
 * A sliding window made of two that stand: what the one before holds counts by the share of it that the sliding one still
 * covers. Exact for keys that come evenly, and never above what came within two windows. Past `keysMax` the key that did
 * not come for longest is forgotten: made-up keys cannot push out one that keeps coming.
 */
export function createVelocity(
  clock: Pick<Clock, "now">,
  { windowMs, keysMax }: { windowMs: number; keysMax: number },
): Velocity {
  const counted = new Map<string, Counted>();
  return {
    count(key) {
      const nowMs = clock.now();
      const { sinceMs, before, now } = moved(counted.get(key), nowMs, windowMs);
      const next = { sinceMs, before, now: now + 1 };
      boundedPut(counted, key, next, keysMax);
      const covered = Math.min(1, Math.max(0, 1 - (nowMs - sinceMs) / windowMs));
      return next.now + before * covered;
    },
  };
}

function moved(known: Counted | undefined, nowMs: number, windowMs: number): Counted {
  if (known === undefined) return { sinceMs: nowMs, before: 0, now: 0 };
  const windows = Math.floor((nowMs - known.sinceMs) / windowMs);
  if (windows <= 0) return known;
  const sinceMs = known.sinceMs + windows * windowMs;
  return { sinceMs, before: windows === 1 ? known.now : 0, now: 0 };
}
