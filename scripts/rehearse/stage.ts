import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Host, startHost } from "../platform/host-client.ts";
import { createSecrets, type Secrets } from "../platform/secrets.ts";
import type { Options } from "./options.ts";
import { planGatewayFaults } from "./plan.ts";

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

/** Starts the gateway and the platform on free loopback ports, over a fresh directory. */
export async function buildStage(options: Options): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), "dropline-rehearsal-"));
  const secrets = createSecrets();
  const [edge = 0, payments = 0, console = 0, gatewayPort = 0] = await freePorts(4);
  const ports = { edge, payments, console };
  const gatewayUrl = `http://127.0.0.1:${gatewayPort}`;
  const bootOptions = {
    stateDir: join(dir, "state"),
    ports,
    secrets,
    vars: { SANDBOX_URL: gatewayUrl },
    quiet: true,
    lean: true,
  };
  let gateway: ChildProcess | null = null;
  let host: Host | null = null;
  let stopping: Promise<void> | null = null;

  async function stop(): Promise<void> {
    await Promise.all([host?.stop(), gateway === null ? undefined : stopProcess(gateway)]);
    if (!options.keep) await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  }

  async function killAndRestart(): Promise<number> {
    const startedAt = performance.now();
    await host?.kill9();
    if (stopping === null) host = await startHost(bootOptions);
    return performance.now() - startedAt;
  }

  try {
    gateway = await startGateway({
      port: gatewayPort,
      apiKey: secrets.sandboxApiKey,
      webhookSecret: secrets.sandboxWebhookSecret,
      webhookUrl: `http://127.0.0.1:${payments}${WEBHOOK_PATH}`,
      faults: planGatewayFaults(options),
    });
    host = await startHost(bootOptions);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    urls: host.urls,
    gatewayUrl,
    secrets,
    dir,
    killAndRestart,
    stop: () => (stopping ??= stop()),
  };
}

/** The sandbox gateway in a process of its own: it keeps its books while the platform is killed. */
async function startGateway(options: object): Promise<ChildProcess> {
  const main = join(import.meta.dirname, "..", "sandbox", "main.ts");
  const child = spawn(process.execPath, [main, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let complaints = "";
  child.stderr?.on("data", (chunk) => {
    complaints = `${complaints}${chunk}`.slice(-4_000);
  });
  await new Promise<void>((ready, failed) => {
    const fail = (why: string) => failed(new Error(`the sandbox gateway ${why}\n${complaints}`));
    const late = setTimeout(() => fail("was not ready in time"), GATEWAY_START_TIMEOUT_MS);
    if (child.stdout) createInterface({ input: child.stdout }).once("line", () => ready());
    child.once("error", failed);
    child.once("exit", (code) => fail(`ended with ${code}`));
    child.once("spawn", () => late.unref());
  });
  return child;
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((done) => child.once("exit", () => done()));
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), GATEWAY_STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(late);
}

/** Ports that are free now: they must be known before anything starts, since gateway and platform name each other. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((listening, failed) => {
          server.once("error", failed);
          server.listen(0, "127.0.0.1", () => {
            const address = server.address();
            listening(typeof address === "object" && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}
