/** People who turned up and took a unit, by the second. */
export type ArrivalFigures = {
  targetPerSecond: number;
  people: number;
  /** Mean rates over windows of `ARRIVAL_WINDOW_MS` while people wait, as parts of the target, in order. */
  windows: number[];
  /** How many of the first of them the pace may take to settle. */
  settling: number;
};

export const ARRIVAL_WINDOW_MS = 5 * 60_000;
/** It must first be seen who stays away: those who come need minutes themselves. */
const SETTLING_WINDOWS = 1;

export type Arrivals = {
  /** Somebody will turn up. */
  expect(atMs: number): void;
  /** All who have turned up until then. */
  until(atMs: number): number;
  isOver(): boolean;
  /** `untilMs`: when the last who waited was let in: nobody can be expected at the full rate after that. */
  figures(untilMs: number): ArrivalFigures;
};

const SLOT_MS = 250;

export function countArrivals(opensAtMs: number, targetPerSecond: number): Arrivals {
  const slots: number[] = [];
  let [arrived, next, expected] = [0, 0, 0];
  return {
    expect(atMs) {
      // Never in the past: the level that tells of it was pushed already.
      const slot = Math.max(next, Math.floor((atMs - opensAtMs) / SLOT_MS));
      slots[slot] = (slots[slot] ?? 0) + 1;
      expected += 1;
    },
    until(atMs) {
      for (; next < Math.min(slots.length, Math.floor((atMs - opensAtMs) / SLOT_MS)); next++)
        arrived += slots[next] ?? 0;
      return arrived;
    },
    isOver: () => arrived === expected,
    figures(untilMs) {
      const perWindow = ARRIVAL_WINDOW_MS / SLOT_MS;
      const whole = Math.floor((untilMs - opensAtMs) / ARRIVAL_WINDOW_MS);
      const windows = Array.from({ length: whole }, (_, window) => {
        const people = slots
          .slice(window * perWindow, (window + 1) * perWindow)
          .reduce((sum, count) => sum + (count ?? 0), 0);
        return people / ((targetPerSecond * ARRIVAL_WINDOW_MS) / 1_000);
      });
      return { targetPerSecond, people: arrived, windows, settling: SETTLING_WINDOWS };
    },
  };
}
