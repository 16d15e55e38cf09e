import type { ShopperId } from "../../schema/ids.ts";
import type { Clock } from "./deps.ts";

/** How many streams this isolate keeps open, in all and for one shopper: a bound, not a count for anybody to see. */
export type Streams = {
  /** null: there are as many as there can be. The act gives the place back; a repeat of it does nothing. */
  take(shopperId: ShopperId): (() => void) | null;
};

/** A place that nobody gave back, since its client's context was ended, is free again after `lastMs`: none lasts longer. */
export function createStreams(
  clock: Pick<Clock, "now">,
  { max, shopperMax, lastMs }: { max: number; shopperMax: number; lastMs: number },
): Streams {
  const endsAtMs = new Map<symbol, number>();
  const byShopper = new Map<ShopperId, Set<symbol>>();

  function free(place: symbol, shopperId: ShopperId): void {
    endsAtMs.delete(place);
    const own = byShopper.get(shopperId);
    own?.delete(place);
    if (own?.size === 0) byShopper.delete(shopperId);
  }

  function freeEnded(nowMs: number): void {
    for (const [shopperId, places] of byShopper) {
      for (const place of places) if ((endsAtMs.get(place) ?? 0) <= nowMs) free(place, shopperId);
    }
  }

  const isFull = (shopperId: ShopperId) =>
    endsAtMs.size >= max || (byShopper.get(shopperId)?.size ?? 0) >= shopperMax;

  return {
    take(shopperId) {
      if (isFull(shopperId)) {
        freeEnded(clock.now());
        if (isFull(shopperId)) return null;
      }
      const place = Symbol();
      endsAtMs.set(place, clock.now() + lastMs);
      const own = byShopper.get(shopperId) ?? new Set();
      byShopper.set(shopperId, own.add(place));
      return () => free(place, shopperId);
    },
  };
}
