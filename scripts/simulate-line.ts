// `npm run simulate:line -- --help`
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { commandLine, understood } from "./command-line.ts";
import { startProgress } from "./rehearse/progress.ts";
import { startBeside } from "./simulate/beside.ts";
import { judge } from "./simulate/claims.ts";
import { combineLoads } from "./simulate/combining.ts";
import { parseOptions, USAGE } from "./simulate/options.ts";
import type { SecondOpinion } from "./simulate/order-check.ts";
import { planCrowd } from "./simulate/plan.ts";
import { renderReport, type SimulationResult } from "./simulate/report.ts";
import type { Signing, SigningFigures } from "./simulate/signing.ts";
import { simulate } from "./simulate/simulate.ts";

const options = commandLine((argv) => understood(parseOptions(argv)), USAGE);
const startedAtMs = performance.now();
const progress = startProgress(process.stderr);
const dropId = planCrowd({ ...options, shoppers: 1 }).document.id;
// Signing costs as much as everything else: it has a thread of its own. So has the second line, which shares no code.
const signer = startBeside(fileURLToPath(import.meta.resolve("./simulate/signing-thread.ts")), {
  seed: options.seed,
  dropId,
});
const second = startBeside(fileURLToPath(import.meta.resolve("../test/unit/second-line-thread.ts")), null);
const signing: Signing = {
  join: (people) => signer.tell({ kind: "join", people }),
  turnUp: (people) => signer.tell({ kind: "turnUp", people }),
  finish: () => signer.ask({ kind: "finish" }) as Promise<SigningFigures>,
};

try {
  const measured = await simulate(options, {
    signing,
    secondOpinion: (record) => second.ask(record) as Promise<SecondOpinion>,
    progress,
  });
  progress.show(() => "rushes and trickles through the combiner alone");
  const loads = await combineLoads(options);
  const claims = judge(measured, loads);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const result: SimulationResult = {
    ok: claims.every(({ ok }) => ok),
    claims,
    measured,
    loads,
    options,
    seconds,
    memoryMb: process.resourceUsage().maxRSS / 1_024,
  };
  progress.stop();
  process.stdout.write(renderReport(result));
  if (options.json !== null) await writeFile(options.json, `${JSON.stringify(result, null, 2)}\n`);
  process.exitCode = result.ok ? 0 : 1;
} catch (error) {
  progress.stop();
  process.stderr.write(`the line could not be played: ${(error as Error).stack ?? String(error)}\n`);
  process.exitCode = 1;
} finally {
  await Promise.all([signer.stop(), second.stop()]);
}
