import { LIMITS } from "../../../schema/limits.ts";

type Facts = Record<string, string | number>;
type Log = (event: string, facts: Facts) => void;

/**
 * Logs the same complaint about the same relay once in a while and no oftener: a line that waits asks each second, and which
 * round it was about makes it no other complaint. Bounded: past the limit the oldest complaint is forgotten.
 */
export function sparingly(log: Log, nowMs: () => number): Log {
  const saidAtMs = new Map<string, number>();
  return (event, facts) => {
    const { round: _, ...same } = facts;
    const complaint = JSON.stringify([event, same]);
    const saidMs = saidAtMs.get(complaint);
    if (saidMs !== undefined && nowMs() - saidMs < LIMITS.beaconComplaintEveryMs) return;
    saidAtMs.delete(complaint);
    saidAtMs.set(complaint, nowMs());
    const [oldest] = saidAtMs.keys();
    if (saidAtMs.size > LIMITS.beaconComplaintsMax && oldest !== undefined) saidAtMs.delete(oldest);
    log(event, facts);
  };
}
