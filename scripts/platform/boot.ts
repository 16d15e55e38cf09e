import childProcess from "node:child_process";
import { join, resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptions } from "miniflare";
import { secretComplaints } from "../../schema/secrets.ts";
import { localBeaconVars } from "../sandbox/beacon/local-beacon.ts";
import { TEST_KEYS } from "../sandbox/turnstile/keys.ts";
import { type Bundle, type BundledScript, bundlePlatform, ROOT } from "./bundle.ts";
import { lean } from "./lean.ts";
import { applyMigrations } from "./migrate.ts";
import { openRuntimeLog, type RuntimeLog } from "./runtime-log.ts";
import { OPTIONAL_SECRETS, type Secrets, secretBindings } from "./secrets.ts";

const HOST = "127.0.0.1";
const STATE_SCRIPT = "dropline-state";
/** The state knocks on objects that sleep too long; the console takes up notifications whose message was lost. */
const CRON_SCRIPTS = [STATE_SCRIPT, "dropline-console"];
const EVERY_MINUTE_MS = 60_000;
/** The local queue runs one consumer at a time, where production starts up to 250: so that one does the work of many. */
const LOCAL_VARS = { GATEWAY_CONCURRENCY: "96" };

export const FRONT_DOORS = ["edge", "payments", "console"] as const;
export type FrontDoor = (typeof FRONT_DOORS)[number];

export interface BootOptions {
  /** Where objects, D1 and KV live, and `runtime.log`; `null`: nowhere, gone at the end. */
  stateDir: string | null;
  /** A loopback port for each; 0 takes any that is free. */
  ports: Record<FrontDoor, number>;
  secrets: Secrets;
  /** Instead of the values in the wrangler.toml files; a name that none of them has is refused. */
  vars: { SANDBOX_URL: string; [name: string]: string };
  bundleDir?: string;
  /** Nothing on stderr; `logs()` and the file still have it. */
  quiet?: boolean;
  /** How often the crons fire (nothing else does it locally); `null`: never. */
  cronEveryMs?: number | null;
  /** For load: without Miniflare's router for static files and its rate limits on disk, which are slower than all the rest (lean.ts). */
  lean?: boolean;
}

export interface Platform {
  urls: Record<FrontDoor, string>;
  /** Process id of the runtime as it is now: Miniflare starts another if it crashes. */
  workerdPid(): number;
  /** Fires the crons of state and console once, and waits for them. */
  scheduled(): Promise<void>;
  /** The last lines of the runtime's log. */
  logs(): string[];
  /** For what has no door of its own: `getKVNamespace("CONFIG", "dropline-edge")`, `getD1Database("DB", "dropline-state")`. */
  miniflare: Miniflare;
  dispose(): Promise<void>;
}

/**
 * Runs the four scripts in one workerd, as `wrangler.toml` describes them, each front door on a port of its own.
 * D1 is migrated before this answers. It does not keep messages of the local queue over a restart, and does not
 * simulate Workers Cache.
 */
export async function bootPlatform(options: BootOptions): Promise<Platform> {
  const bundle = await bundlePlatform(options.bundleDir ?? join(ROOT, ".dropline", "bundles"));
  const log = openRuntimeLog(options.stateDir, options.quiet ?? true);
  const runtime = watchRuntime();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: HOST,
      port: 0,
      log: new SimulatorLog(log),
      handleStructuredLogs: ({ level, message }) => log.write({ level, message }),
      handleUncaughtError: (error) => log.write({ level: "error", message: error.stack ?? String(error) }),
      logRequests: false,
      unsafeLocalExplorer: false,
      unsafeObservability: false,
      telemetry: { enabled: false },
      cf: false,
      ...(options.stateDir === null ? {} : { resourcePersistencePath: resolve(options.stateDir) }),
      workers: toWorkers(bundle, options),
    }),
  );
  try {
    await miniflare.ready;
    await applyMigrations(await miniflare.getD1Database("DB", STATE_SCRIPT), bundle.migrations);
    return { urls: await directUrls(miniflare), ...runtime, ...controls(miniflare, log, options) };
  } catch (error) {
    await miniflare.dispose();
    await log.close();
    throw error;
  }
}

/** What Miniflare's own simulators complain of, such as a message that goes to the dead letters. */
class SimulatorLog extends Log {
  #log: RuntimeLog;
  constructor(log: RuntimeLog) {
    super(LogLevel.WARN);
    this.#log = log;
  }
  override log(message: string): void {
    this.#log.write({ level: "simulator", message: stripVTControlCharacters(message) });
  }
}

function toWorkers({ scripts }: Bundle, options: BootOptions): V4WorkerOptions[] {
  const { ports, secrets } = options;
  const vars = {
    ...LOCAL_VARS,
    MAIL_URL: `${options.vars.SANDBOX_URL}/mails`,
    TURNSTILE_SITE_KEY: TEST_KEYS.passes.siteKey,
    TURNSTILE_VERIFY_URL: `${options.vars.SANDBOX_URL}/turnstile/v0/siteverify`,
    TURNSTILE_SCRIPT_URL: `${options.vars.SANDBOX_URL}/turnstile/v0/api.js`,
    ...localBeaconVars(options.vars.SANDBOX_URL),
    STOREFRONT_URL: `http://${HOST}:${ports.edge}`,
    WEBHOOKS_TO_LOOPBACK: "yes",
    ...options.vars,
  };
  for (const name of Object.keys(vars)) {
    const isDeclared = scripts.some(({ options }) => name in (options.bindings ?? {}));
    if (!isDeclared) throw new Error(`no wrangler.toml has a variable ${name}`);
  }
  const values = secretBindings(secrets);
  refuseBadSecrets(scripts, values);
  const workers = scripts.map((script) => {
    const door = FRONT_DOORS.find((name) => script.name === `dropline-${name}`);
    return {
      ...script.options,
      name: script.name,
      modules: [{ type: "ESModule", path: join(ROOT, `${script.name}.js`), contents: script.code }],
      modulesRoot: ROOT,
      bindings: bindingsOf(script, vars, values),
      ...(door === undefined ? {} : { unsafeDirectSockets: [{ host: HOST, port: ports[door] }] }),
    } as V4WorkerOptions;
  });
  return options.lean ? workers.flatMap(lean) : workers;
}

/** All of them at once, and not a character of their values. */
function refuseBadSecrets(scripts: BundledScript[], values: Record<string, string>): void {
  const names = [...new Set(scripts.flatMap(({ secretNames }) => secretNames))];
  const complaints = secretComplaints(values, names).map(({ problem }) => problem);
  if (complaints.length > 0) throw new Error(complaints.join("\n"));
}

function bindingsOf(script: BundledScript, vars: Record<string, string>, secrets: Record<string, string>) {
  const bindings = { ...script.options.bindings };
  for (const [name, value] of Object.entries(vars)) if (name in bindings) bindings[name] = value;
  for (const name of script.secretNames) {
    bindings[name] = secrets[name] as string;
  }
  for (const name of OPTIONAL_SECRETS[script.name] ?? []) {
    if (secrets[name] !== undefined) bindings[name] = secrets[name];
  }
  return bindings;
}

async function directUrls(miniflare: Miniflare): Promise<Record<FrontDoor, string>> {
  const pairs = FRONT_DOORS.map(async (door) => {
    const url = await miniflare.unsafeGetDirectURL(`dropline-${door}`);
    return [door, url.origin] as const;
  });
  return Object.fromEntries(await Promise.all(pairs)) as Record<FrontDoor, string>;
}

function controls(miniflare: Miniflare, log: RuntimeLog, { cronEveryMs = EVERY_MINUTE_MS }: BootOptions) {
  async function scheduled(): Promise<void> {
    for (const script of CRON_SCRIPTS) {
      const worker = await miniflare.getWorker(script);
      const { outcome } = await worker.scheduled({ cron: "* * * * *" });
      if (outcome !== "ok") throw new Error(`the cron of ${script} ended with ${outcome}`);
    }
  }
  function knock(): void {
    scheduled().catch((error) => log.write({ level: "error", message: `cron: ${error}` }));
  }
  const knocking = cronEveryMs === null ? undefined : setInterval(knock, cronEveryMs);
  knocking?.unref();
  async function dispose(): Promise<void> {
    clearInterval(knocking);
    await miniflare.dispose();
    await log.close();
  }
  return { miniflare, scheduled, logs: log.recent, dispose };
}

/** Miniflare does not tell the process id of the runtime, and a drill needs it in order to kill it: so its spawn is watched. */
function watchRuntime(): Pick<Platform, "workerdPid"> {
  const { spawn } = childProcess;
  let pid: number | undefined;
  childProcess.spawn = ((...args: Parameters<typeof spawn>) => {
    const child = spawn(...args);
    if (String(args[0]).includes("workerd")) pid = child.pid;
    return child;
  }) as typeof spawn;
  return {
    workerdPid() {
      if (pid === undefined) throw new Error("the runtime was never started");
      return pid;
    },
  };
}
