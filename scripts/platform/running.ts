import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";

const Running = z.object({ pid: z.int(), edge: z.url(), payments: z.url(), console: z.url() });
export type Running = z.infer<typeof Running>;

const fileIn = (home: string) => join(home, "running.json");

/** Leaves word of the platform that `npm start` runs, so that the other commands find it. */
export async function noteRunning(home: string, running: Running): Promise<void> {
  await writeFile(fileIn(home), `${JSON.stringify(running, null, 2)}\n`);
}

export async function forgetRunning(home: string): Promise<void> {
  await rm(fileIn(home), { force: true });
}

/** null: nothing was started here, or what was has ended, in order or not. */
export async function readRunning(home: string): Promise<Running | null> {
  try {
    const running = Running.parse(JSON.parse(await readFile(fileIn(home), "utf8")));
    process.kill(running.pid, 0);
    return running;
  } catch {
    return null;
  }
}
