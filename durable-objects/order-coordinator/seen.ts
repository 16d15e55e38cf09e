import { type Facts, next, statusOf } from "./decide.ts";

/**
 * Whether a change is nobody's business outside: its shopper's, D1's and its readers'. How often an open attempt was tried,
 * D1 may learn later.
 */
export function looksTheSame(before: Facts, after: Facts): boolean {
  return (
    statusOf(before) === statusOf(after) &&
    next(before).kind === next(after).kind &&
    isLost(before) === isLost(after) &&
    SEEN.every((name) => before[name] === after[name])
  );
}

/** Nobody knows what became of the open attempt. One that only looks at a session is shown as unknown from its start. */
function isLost({ unknownSinceMs, isSessionOpen }: Facts): boolean {
  return unknownSinceMs !== null && !isSessionOpen;
}

/** What answers and D1's rows are made of. Lists are only ever replaced, so that one that differs is another. */
const SEEN = [
  "wanted",
  "units",
  "money",
  "cancelReason",
  "lines",
  "charges",
  "totalMinor",
  "currency",
  "sessionUrl",
  "isSessionOpen",
  "paymentRef",
  "refundedMinor",
  "shipments",
  "confirmedAtMs",
  "attention",
  "closed",
  "lastAttempt",
] as const satisfies readonly (keyof Facts)[];
