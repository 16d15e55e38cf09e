import { setTimeout as sleep } from "node:timers/promises";
import type { Stage } from "./stage.ts";

export type Kill = { atMs: number; awayMs: number; shoppersHere: number };

type KillsOptions = {
  /** Uptime before each kill, from the opening or from the last start. */
  uptimesMs: number[];
  opensAtMs: number;
  stage: Stage;
  shoppersHere: () => number;
};

/** Kills the runtime and starts it again on the same state, as often as planned. */
export async function playKills({
  uptimesMs,
  opensAtMs,
  stage,
  shoppersHere,
}: KillsOptions): Promise<Kill[]> {
  const kills: Kill[] = [];
  if (uptimesMs.length === 0) return kills;
  await sleep(Math.max(0, opensAtMs - Date.now()));
  for (const uptimeMs of uptimesMs) {
    await sleep(uptimeMs);
    const kill = { atMs: Date.now(), shoppersHere: shoppersHere() };
    kills.push({ ...kill, awayMs: await stage.killAndRestart() });
  }
  return kills;
}
