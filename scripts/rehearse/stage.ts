import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Host, startHost } from "../platform/host-client.ts";
import { createSecrets, type Secrets } from "../platform/secrets.ts";
import { isFree } from "../start/ports.ts";
import type { Options } from "./options.ts";
import { planBeaconFaults, planGatewayFaults } from "./plan.ts";

const FIRST_PORT = 20_000;
const PORT_SPAN = 10_000;
const GATEWAY_START_TIMEOUT_MS = 20_000;
const GATEWAY_STOP_TIMEOUT_MS = 5_000;
const WEBHOOK_PATH = "/webhooks/sandbox";

/** A platform of its own, with its gateway, that nothing else touches. */
export type Stage = {
  urls: Host["urls"];
  gatewayUrl: string;
  secrets: Secrets;
  /** Where the state and the runtime's log are. */
  dir: string;
  /** SIGKILL in the middle of whatever it does, then a start on the same state and the same ports. Answers how long it was away. */
  killAndRestart(): Promise<number>;
  /** Ends what this stage started and removes its directory. A repeat does nothing. */
  stop(): Promise<void>;
};

/**
 * Starts the gateway and the platform on free loopback ports, over a fresh directory. `onStop` gets the way to end it all
 * before anything is started, so that not even an interrupted start leaves something behind.
 */
export async function buildStage(options: Options, onStop: (stop: Stage["stop"]) => void): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), "dropline-rehearsal-"));
  let gateway: ChildProcess | null = null;
  let starting: Promise<Host> | null = null;
  let stopping: Promise<void> | null = null;

  async function end(): Promise<void> {
    const host = await starting?.catch(() => null);
    await Promise.all([host?.stop(), gateway === null ? undefined : stopProcess(gateway)]);
    if (!options.keep) await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  }
  const stop = () => (stopping ??= end());
  onStop(stop);

  const secrets = createSecrets();
  const [edge = 0, payments = 0, console = 0, gatewayPort = 0] = await freePorts(4);
  const gatewayUrl = `http://127.0.0.1:${gatewayPort}`;
  const bootOptions = {
    stateDir: join(dir, "state"),
    ports: { edge, payments, console },
    secrets,
    vars: { SANDBOX_URL: gatewayUrl, ORDER_MAILS: "no" },
    quiet: true,
    lean: true,
  };

  function start(): Promise<Host> {
    if (stopping !== null) throw new Error("the rehearsal is being stopped");
    starting = startHost(bootOptions);
    return starting;
  }

  async function killAndRestart(): Promise<number> {
    const startedAt = performance.now();
    const host = await starting;
    await host?.kill9();
    await start();
    return performance.now() - startedAt;
  }

  try {
    gateway = spawnGateway({
      port: gatewayPort,
      apiKey: secrets.sandboxApiKey,
      webhookSecret: secrets.sandboxWebhookSecret,
      webhookUrl: `http://127.0.0.1:${payments}${WEBHOOK_PATH}`,
      faults: planGatewayFaults(options),
      beaconFaults: planBeaconFaults(options),
    });
    await untilReady(gateway);
    const { urls } = await start();
    return { urls, gatewayUrl, secrets, dir, killAndRestart, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The sandbox gateway in a process of its own: it keeps its books while the platform is killed. */
function spawnGateway(options: object): ChildProcess {
  const main = join(import.meta.dirname, "..", "sandbox", "main.ts");
  return spawn(process.execPath, [main, JSON.stringify(options)], { stdio: ["ignore", "pipe", "pipe"] });
}

async function untilReady(gateway: ChildProcess): Promise<void> {
  let complaints = "";
  gateway.stderr?.on("data", (chunk) => {
    complaints = `${complaints}${chunk}`.slice(-4_000);
  });
  await new Promise<void>((ready, failed) => {
    const fail = (why: string) => failed(new Error(`the sandbox gateway ${why}\n${complaints}`));
    const late = setTimeout(() => fail("was not ready in time"), GATEWAY_START_TIMEOUT_MS);
    const settle = (act: () => void) => {
      clearTimeout(late);
      act();
    };
    if (gateway.stdout) createInterface({ input: gateway.stdout }).once("line", () => settle(ready));
    gateway.once("error", (error) => settle(() => failed(error)));
    gateway.once("exit", (code) => settle(() => fail(`ended with ${code}`)));
  });
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((done) => child.once("exit", () => done()));
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), GATEWAY_STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(late);
}

/**
 * Ports that stay free while the runtime is away: below the range from which the system takes ports for connections, of
 * which a crowd makes many. Tried one by one from a random place, so that two rehearsals do not meet.
 */
async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  let port = FIRST_PORT + Math.floor(Math.random() * PORT_SPAN);
  for (let tries = 0; ports.length < count && tries < PORT_SPAN; tries += 1) {
    port = port + 1 < FIRST_PORT + PORT_SPAN ? port + 1 : FIRST_PORT;
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}
