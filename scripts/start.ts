// `npm start`: a drop on this machine, end to end, with nothing to configure.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { bootPlatform } from "./platform/boot.ts";
import { ROOT } from "./platform/bundle.ts";
import { forgetRunning, noteRunning } from "./platform/running.ts";
import { localSecrets } from "./platform/secrets.ts";
import { startSandbox } from "./sandbox/server.ts";
import { publishDemo } from "./start/demo.ts";
import { HELP, parseStartOptions, type StartOptions } from "./start/options.ts";
import { takenPorts } from "./start/ports.ts";

const HOME = join(ROOT, ".dropline");
/** The last part is what wrangler adds to its --persist-to: so `--persist-to .dropline/state` reads and writes the same KV. */
const STATE = join(HOME, "state", "v4");
const LEDGER = join(HOME, "sandbox");

const PROGRESS_MS = 1_000;

const stops: (() => Promise<void>)[] = [];
let isStopping = false;

listenForStop();

try {
  const options = parseStartOptions(process.argv.slice(2));
  if (options.help) console.log(HELP);
  else await start(options);
} catch (error) {
  console.error(`\nDropline did not start. ${error instanceof Error ? error.message : error}`);
  await stop(1);
}

async function start({ ports, fresh, opensInSeconds }: StartOptions): Promise<void> {
  const taken = await takenPorts(ports);
  if (taken.length > 0) {
    const list = taken.map(({ name, port }) => `${port} (${name})`).join(", ");
    throw new Error(
      `Something else listens on ${list}. Stop it, or choose other ports: npm start -- --port 9000`,
    );
  }
  if (fresh) {
    await step("Forgetting earlier runs", async () => {
      for (const dir of [STATE, LEDGER]) await rm(dir, { recursive: true, force: true });
    });
  }
  const secrets = await localSecrets(HOME);
  const sandbox = await step("Starting the sandbox gateway", () =>
    startSandbox({
      port: ports.sandbox,
      dir: LEDGER,
      apiKey: secrets.sandboxApiKey,
      webhookSecret: secrets.sandboxWebhookSecret,
      webhookUrl: `http://127.0.0.1:${ports.payments}/webhooks/sandbox`,
    }),
  );
  stops.push(() => sandbox.close());
  const platform = await step("Starting edge, state, payments and console", () =>
    bootPlatform({ stateDir: STATE, ports, secrets, vars: { SANDBOX_URL: sandbox.url }, quiet: false }),
  );
  stops.unshift(() => platform.dispose());
  listenForStop();
  await noteRunning(HOME, { pid: process.pid, ...platform.urls });
  stops.unshift(() => forgetRunning(HOME));
  const { edge, console: consoleUrl, payments } = platform.urls;
  const demo = await step("Publishing the demo drop", () =>
    publishDemo({
      edgeUrl: edge,
      consoleUrl,
      operatorToken: secrets.operatorToken,
      opensInMs: opensInSeconds * 1_000,
    }),
  );
  const opening = new Date(demo.opensAtMs).toLocaleTimeString();
  const when = demo.opensAtMs > Date.now() ? `opens at ${opening}` : "is open";
  console.log(`
  Storefront   ${edge}
  Console API  ${consoleUrl}   (operator token: operatorToken in .dropline/secrets.json)
  Webhooks     ${payments}/webhooks/sandbox
  Sandbox      ${sandbox.url}   (gateway; no money moves)

  Try this
    ${edge}/drops/${demo.dropId}   ${demo.name} ${when}: join the line, reserve, pay at the sandbox
    ${edge}/drops/${demo.dropId}/proof   check in the browser that nobody bent the line
    npm run verify-line -- --drop ${demo.dropId} --url ${edge}   the same from here, with the stock's ledgers
    npm run drop -- say ${demo.dropId} "Back in five minutes."   also pause, resume, open, end, pace
    curl ${edge}/v1/drops/${demo.dropId}/snapshot
    npm run rehearse -- --shoppers 500 --stock 50 --skus 2   a crowd, on a platform of its own

  State is kept in .dropline/ over restarts; npm start -- --fresh begins again. Ctrl-C stops everything.`);
}

/** Alone: Miniflare brings a listener of its own, which ends the process before everything is closed. */
function listenForStop(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.removeAllListeners(signal);
    process.on(signal, () => void stop(0));
  }
}

async function step<Value>(what: string, act: () => Promise<Value>): Promise<Value> {
  process.stdout.write(`  ${what} ...`);
  const startedAt = performance.now();
  const ticking = setInterval(() => process.stdout.write("."), PROGRESS_MS);
  const value = await act().finally(() => clearInterval(ticking));
  process.stdout.write(` ${((performance.now() - startedAt) / 1_000).toFixed(1)} s\n`);
  return value;
}

async function stop(code: number): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  const isRunning = stops.length > 0;
  if (isRunning && code === 0) process.stdout.write("\n  Stopping ...");
  for (const end of stops) await end().catch((error) => console.error(error));
  if (isRunning && code === 0) process.stdout.write(" done\n");
  process.exit(code);
}
