import { setTimeout as sleep } from "node:timers/promises";

const WITHIN_MS = 15_000;
const EVERY_MS = 40;

/**
 * Asks `probe` again and again until it answers something other than undefined. What it throws counts as "not yet".
 * @throws after `withinMs`, saying what was waited for and why the last probe did not do.
 */
export async function eventually<Value>(
  what: string,
  probe: () => Value | undefined | Promise<Value | undefined>,
  withinMs = WITHIN_MS,
): Promise<Value> {
  const untilMs = Date.now() + withinMs;
  for (;;) {
    let reason = "";
    try {
      const value = await probe();
      if (value !== undefined) return value;
    } catch (error) {
      reason = `: ${error instanceof Error ? error.message : error}`;
    }
    if (Date.now() > untilMs) throw new Error(`${what} did not come about within ${withinMs} ms${reason}`);
    await sleep(EVERY_MS);
  }
}

/** Until this machine's clock, which is the platform's too, has passed an instant. */
export async function until(atMs: number): Promise<void> {
  const leftMs = atMs - Date.now();
  await eventually("an instant", () => (Date.now() > atMs ? true : undefined), Math.max(0, leftMs) + 1_000);
}
