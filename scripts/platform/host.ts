// A process of its own around the platform, so that a drill can kill the runtime at any instant.
// Takes BootOptions as JSON (a file's path as argument, or DROPLINE_HOST_OPTIONS), prints one JSON line when ready,
// and ends when its standard input does: a driver that dies takes its platform with it.
import { readFileSync } from "node:fs";
import { type BootOptions, bootPlatform } from "./boot.ts";

const source =
  process.argv[2] === undefined ? process.env.DROPLINE_HOST_OPTIONS : readFileSync(process.argv[2], "utf8");
if (source === undefined) throw new Error("options are missing: a JSON file, or DROPLINE_HOST_OPTIONS");

const platform = await bootPlatform(JSON.parse(source) as BootOptions);
let stopping = false;

async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await platform.dispose();
  process.exit(0);
}

process.stdin.on("end", stop).on("close", stop).resume();
process.on("SIGTERM", stop);
process.on("SIGINT", stop);

const pids = { host: process.pid, workerd: platform.workerdPid() };
process.stdout.write(`${JSON.stringify({ ready: true, urls: platform.urls, pids })}\n`);
