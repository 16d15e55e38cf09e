import { setTimeout as sleep } from "node:timers/promises";
import type { Patience } from "./patience.ts";
import type { Stage } from "./stage.ts";

export type Kill = { atMs: number; awayMs: number; shoppersHere: number };

/** Tells people who are to arrive between two kills when that is. */
export class Restarts {
  #count = 0;
  #waiting: { restart: number; go: () => void }[] = [];

  async after(restart: number): Promise<void> {
    if (this.#count >= restart) return;
    await new Promise<void>((go) => this.#waiting.push({ restart, go }));
  }

  note(count: number): void {
    this.#count = count;
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ restart }) => restart > count);
    for (const { restart, go } of waiting) if (restart <= count) go();
  }
}

type KillsOptions = {
  /** Uptime before each kill, from the opening or from the last start. */
  uptimesMs: number[];
  opensAtMs: number;
  stage: Pick<Stage, "killAndRestart">;
  restarts: Restarts;
  shoppersHere: () => number;
  patience: Patience;
};

/** Kills the runtime and starts it again on the same state, as often as planned. */
export async function playKills({
  uptimesMs,
  opensAtMs,
  stage,
  restarts,
  shoppersHere,
  patience,
}: KillsOptions): Promise<Kill[]> {
  const kills: Kill[] = [];
  if (uptimesMs.length === 0) return kills;
  await sleep(Math.max(0, opensAtMs - Date.now()));
  for (const uptimeMs of uptimesMs) {
    await sleep(uptimeMs);
    const kill = { atMs: Date.now(), shoppersHere: shoppersHere() };
    kills.push({ ...kill, awayMs: await patience.during(() => stage.killAndRestart()) });
    restarts.note(kills.length);
  }
  return kills;
}
