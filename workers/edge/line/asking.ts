import { CHOICES, cohortClosesAtMs, type Picture, type Standing, type Stop } from "./arithmetic.ts";

/**
 * After how long to ask for the snapshot again; null: never. `unchangedMs`: for how long the asker has seen the same phase and
 * watermark (0 when nobody remembers). `jitter` in [0, 1) is the asker's own. Never below a snapshot's life. For a wait of T
 * the questions are O(log T), also when the line stands still.
 */
export function askAgainAfterMs(
  standing: Standing,
  { nowMs, unchangedMs, jitter }: { nowMs: number; unchangedMs: number; jitter: number },
): number | null {
  const spread = jitter * CHOICES.askSpreadMs;
  const still = unchangedMs * CHOICES.askStillShare;
  switch (standing.kind) {
    case "over":
      return null;
    case "gathering": {
      const leftMs = standing.closesAtMs - nowMs;
      return leftMs > CHOICES.askCloseMs
        ? jittered(leftMs * CHOICES.askCloseShare, jitter)
        : atLeast(leftMs + spread);
    }
    case "drawing": {
      const leftMs = standing.dueAtMs === null ? 0 : standing.dueAtMs - nowMs;
      return leftMs > 0
        ? atLeast(leftMs + spread)
        : jittered(Math.max(still, -leftMs * CHOICES.askStillShare), jitter);
    }
    case "waiting": {
      const wait = (standing.wait?.fromMs ?? 0) * CHOICES.askShare;
      return jittered(Math.max(leastFor(standing.stop), still, wait), jitter);
    }
    case "admitted":
      return jittered(Math.max(leastFor(standing.isPaused ? "paused" : null), still), jitter);
    case "standby":
      return jittered(Math.max(CHOICES.askStoppedMs, still), jitter);
  }
}

/**
 * After how long to look for one's cohort's root at `record/roots/<cohort>`, once: as soon as it can be out, so that it is seen
 * before the beacon's round exists. Null: a snapshot says that it is out, or the drop is over.
 */
export function lookForRootAfterMs(
  cohort: number,
  picture: Picture,
  { nowMs, jitter }: { nowMs: number; jitter: number },
): number | null {
  if (cohort <= picture.rootedThrough || picture.phase === "closed") return null;
  const outAtMs = cohortClosesAtMs(cohort, picture) + CHOICES.rootOutMs;
  return Math.round(Math.max(0, outAtMs - nowMs) + jitter * CHOICES.rootSpreadMs);
}

function leastFor(stop: Stop | null): number {
  if (stop === null) return 0;
  return stop === "sold_out" ? CHOICES.askSoldOutMs : CHOICES.askStoppedMs;
}

function jittered(ms: number, jitter: number): number {
  return atLeast(ms * (1 + jitter / 4));
}

function atLeast(ms: number): number {
  return Math.round(Math.max(CHOICES.askMinMs, ms));
}
