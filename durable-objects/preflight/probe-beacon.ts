import { LIMITS } from "../../schema/limits.ts";
import type { Beacon } from "../../schema/line.ts";
import type { BeaconProbe, RelayProbe } from "../../schema/preflight.ts";
import { type BeaconDeps, fetchRound } from "../drop-queue/beacon/fetch-round.ts";
import { roundAfter, roundDueAtMs } from "../drop-queue/beacon/rounds.ts";

/**
 * Asks each relay by itself for the last round that all should have, and verifies what it gives: one that is away is seen
 * before the day, though another would do. As bounded as a line's own question; keeps nothing, and never throws.
 */
export async function probeBeacon(deps: BeaconDeps, beacon: Beacon): Promise<BeaconProbe> {
  const round = lastRoundAt(beacon, deps.nowMs() - LIMITS.beaconProbeAgeMs);
  const relays = await Promise.all(deps.urls.map((url) => probeRelay(deps, { url, beacon, round })));
  return { isAsked: true, beacon, round, dueAtMs: roundDueAtMs(beacon, round), relays };
}

/** The last round that was due at an instant or before it; before the second, the first. */
export const lastRoundAt = (beacon: Beacon, atMs: number) => Math.max(1, roundAfter(beacon, atMs + 1) - 1);

async function probeRelay(
  deps: BeaconDeps,
  { url, beacon, round }: { url: string; beacon: Beacon; round: number },
): Promise<RelayProbe> {
  const { host } = new URL(url);
  const outcome = await fetchRound({ ...deps, urls: [url] }, beacon, round);
  if (outcome.kind === "value") return { host, fault: null };
  return { host, fault: outcome.kind === "not_yet" ? "not_yet" : outcome.causes.join(", ") };
}
