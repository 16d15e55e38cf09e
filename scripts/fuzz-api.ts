// `npm run fuzz:api -- --help`
import { commandLine, understood } from "./command-line.ts";
import { parseOptions, USAGE } from "./fuzz/options.ts";
import { renderReport } from "./fuzz/report.ts";
import { fuzz } from "./fuzz/run.ts";
import { buildTarget } from "./fuzz/stage.ts";
import { startProgress } from "./rehearse/progress.ts";

const EXIT_INTERRUPTED = 130;

const options = commandLine((argv) => understood(parseOptions(argv)), USAGE);
const progress = startProgress(process.stderr);
const started: { stop?: () => Promise<void> } = {};

async function interrupt(): Promise<void> {
  progress.stop();
  await started.stop?.();
  process.exit(EXIT_INTERRUPTED);
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => void interrupt());

try {
  const target = await buildTarget(options, (given) => {
    started.stop = given;
  });
  const result = await fuzz({ ...options, ...target, progress }).finally(target.stop);
  progress.stop();
  process.stdout.write(renderReport(result));
  process.exitCode = result.ok ? 0 : 1;
} catch (error) {
  progress.stop();
  process.stderr.write(`the fuzzer could not play: ${(error as Error).stack ?? String(error)}\n`);
  await started.stop?.();
  process.exit(1);
}
