import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { BootOptions, Platform } from "./boot.ts";

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const GONE_TIMEOUT_MS = 10_000;

export interface Host {
  urls: Platform["urls"];
  pids: { host: number; workerd: number };
  /** SIGKILL for the host and its runtime; answers when both are gone, so that the same ports can be taken again. */
  kill9(): Promise<void>;
  /** Ends them in order. A repeat, or a host already killed, is answered at once. */
  stop(): Promise<void>;
}

interface Ready {
  urls: Platform["urls"];
  pids: Host["pids"];
}

/** Starts the platform in a process of its own; it ends with this one. POSIX only: it kills by process group. */
export async function startHost(options: BootOptions): Promise<Host> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "host.ts")], {
    stdio: ["pipe", "pipe", options.quiet === false ? "inherit" : "pipe"],
    env: { ...process.env, DROPLINE_HOST_OPTIONS: JSON.stringify(options), NODE_NO_WARNINGS: "1" },
    detached: true,
  });
  const exited = new Promise<void>((done) => child.once("exit", () => done()));
  const { urls, pids } = await untilReady(child);

  async function kill9(): Promise<void> {
    signalGroup(pids.host);
    await exited;
    await untilGone(pids.workerd);
  }
  async function stop(): Promise<void> {
    child.stdin?.end();
    const inTime = await Promise.race([
      exited.then(() => true),
      sleep(STOP_TIMEOUT_MS, false, { ref: false }),
    ]);
    if (!inTime) await kill9();
  }
  return { urls, pids, kill9, stop };
}

async function untilReady(child: ChildProcess): Promise<Ready> {
  if (child.stdout === null) throw new Error("the host has no standard output");
  let complaints = "";
  child.stderr?.on("data", (chunk) => {
    complaints = `${complaints}${chunk}`.slice(-4_000);
  });
  const lines = createInterface({ input: child.stdout });
  return new Promise((ready, failed) => {
    const late = setTimeout(
      () => failed(new Error(`the host was not ready in time\n${complaints}`)),
      START_TIMEOUT_MS,
    );
    lines.once("line", (line) => {
      clearTimeout(late);
      ready(JSON.parse(line) as Ready);
    });
    child.once("error", failed);
    child.once("close", (code) => {
      clearTimeout(late);
      failed(new Error(`the host ended with ${code}\n${complaints}`));
    });
  });
}

function signalGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function untilGone(pid: number): Promise<void> {
  const deadline = performance.now() + GONE_TIMEOUT_MS;
  while (isAlive(pid)) {
    if (performance.now() > deadline) throw new Error(`process ${pid} is still there after SIGKILL`);
    await sleep(5);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    // An orphan that nobody has reaped yet is gone for our purpose: it holds no port and no file.
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return process.platform !== "linux";
  }
}
