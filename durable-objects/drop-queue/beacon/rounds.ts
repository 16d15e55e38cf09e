import type { Beacon } from "../../../schema/line.ts";

type Timing = Pick<Beacon, "genesisAtMs" | "periodMs">;

/** The instant from which a round can be had. Rounds count from 1. */
export function roundDueAtMs({ genesisAtMs, periodMs }: Timing, round: number): number {
  return genesisAtMs + (round - 1) * periodMs;
}

/** The first round that is due at or after an instant; before the genesis, the first of all. */
export function roundAfter({ genesisAtMs, periodMs }: Timing, atMs: number): number {
  return Math.max(1, Math.ceil((atMs - genesisAtMs) / periodMs) + 1);
}
