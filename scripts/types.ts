// Writes each Worker's env.d.ts from its wrangler.toml; with --check: refuses stale ones, then type-checks every program.
import { run } from "./run.ts";

const STATE = "durable-objects/wrangler.toml";

const ENVIRONMENTS = [
  { out: "durable-objects/env.d.ts", name: "StateEnv", configs: [STATE] },
  { out: "workers/edge/env.d.ts", name: "EdgeEnv", configs: ["wrangler.toml", STATE] },
  {
    out: "workers/payments/env.d.ts",
    name: "PaymentsEnv",
    configs: ["workers/payments/wrangler.toml", STATE],
  },
  { out: "workers/console/env.d.ts", name: "ConsoleEnv", configs: ["workers/console/wrangler.toml", STATE] },
];

const PROGRAMS = [
  "durable-objects",
  "workers/edge",
  "workers/edge/islands",
  "workers/payments",
  "workers/console",
  ".",
  "test/objects",
];

const check = process.argv.includes("--check");

for (const { out, name, configs } of ENVIRONMENTS) {
  const args = ["types", out, "--include-runtime=false", "--strict-vars=false", `--env-interface=${name}`];
  for (const config of configs) args.push("-c", config);
  if (check) args.push("--check");
  await run(`${check ? "fresh" : "write"} ${out}`, "wrangler", args, { quiet: true });
}
if (check) {
  for (const program of PROGRAMS) await run(`types ${program}`, "tsc", ["-p", program], { quiet: true });
}
