import { spawn } from "node:child_process";
import { join } from "node:path";

const BIN = join(import.meta.dirname, "..", "node_modules", ".bin");

/**
 * Runs one step of a longer job and prints its title and time. A step that fails ends the whole process with its exit code.
 * With `quiet`, what the step printed is shown only if it failed.
 */
export async function run(
  title: string,
  tool: string,
  args: string[],
  { quiet = false } = {},
): Promise<void> {
  const startedAt = performance.now();
  if (!quiet) console.log(`▶ ${title}`);
  const child = spawn(process.execPath, [join(BIN, tool), ...args], {
    stdio: quiet ? ["ignore", "pipe", "pipe"] : "inherit",
    env: { ...process.env, WRANGLER_SEND_METRICS: "false" },
  });
  let output = "";
  child.stdout?.on("data", (chunk) => (output += chunk));
  child.stderr?.on("data", (chunk) => (output += chunk));
  const code = await new Promise<number>((done, failed) => {
    child.once("error", failed);
    child.once("close", (status) => done(status ?? 1));
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (code !== 0) {
    console.error(`${output}✗ ${title} (${seconds} s)`);
    process.exit(code);
  }
  console.log(`✓ ${title} (${seconds} s)`);
}
