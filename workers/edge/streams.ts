import type { Clock } from "./deps.ts";

/** How many streams this isolate keeps open: a bound, not a count for anybody to see. */
export type Streams = {
  /** null: there are as many as there can be. The act gives the place back; a repeat of it does nothing. */
  take(): (() => void) | null;
};

/** A place that nobody gave back, since its client's context was ended, is free again after `lastMs`: none lasts longer. */
export function createStreams(
  clock: Pick<Clock, "now">,
  { max, lastMs }: { max: number; lastMs: number },
): Streams {
  const endsAtMs = new Map<symbol, number>();
  return {
    take() {
      if (endsAtMs.size >= max) {
        const nowMs = clock.now();
        for (const [place, atMs] of endsAtMs) if (atMs <= nowMs) endsAtMs.delete(place);
        if (endsAtMs.size >= max) return null;
      }
      const place = Symbol();
      endsAtMs.set(place, clock.now() + lastMs);
      return () => void endsAtMs.delete(place);
    },
  };
}
