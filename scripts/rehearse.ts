// `npm run rehearse -- --help`
import { writeFile } from "node:fs/promises";
import { commandLine, understood } from "./command-line.ts";
import { parseOptions, USAGE } from "./rehearse/options.ts";
import { startProgress } from "./rehearse/progress.ts";
import { rehearse } from "./rehearse/rehearsal.ts";
import { renderReport } from "./rehearse/report.ts";
import type { Stage } from "./rehearse/stage.ts";

const EXIT_INTERRUPTED = 130;

const options = commandLine((argv) => understood(parseOptions(argv)), USAGE);
const progress = startProgress(process.stderr);
let stop: Stage["stop"] | null = null;
let isEnding = false;

async function interrupt(): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  progress.stop();
  process.stderr.write("interrupted: stopping what was started\n");
  await stop?.();
  process.exit(EXIT_INTERRUPTED);
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void interrupt());

try {
  const result = await rehearse(options, progress, (given) => {
    stop = given;
  });
  progress.stop();
  process.stdout.write(renderReport(result));
  if (options.json !== null) await writeFile(options.json, `${JSON.stringify(result, null, 2)}\n`);
  process.exitCode = result.ok ? 0 : 1;
} catch (error) {
  progress.stop();
  if (!isEnding) {
    process.stderr.write(`the rehearsal could not be played: ${(error as Error).stack ?? String(error)}\n`);
    // Visits that wait for a shop that is gone must not hold the process.
    process.exit(1);
  }
}
