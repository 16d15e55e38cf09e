// Starts a script or a tool of this project with everything in place: `node scripts/launch.mjs <script.ts | tool> [args…]`.
// It must itself run on Node 18: plain JavaScript, nothing installed.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");
const NEEDED = "22.18";
const PROGRESS_MS = 10_000;

const [target, ...args] = process.argv.slice(2);
if (target === undefined) fail("usage: node scripts/launch.mjs <script.ts | tool> [arguments]");

const stale = whyInstallIsStale();
if (stale !== undefined) await install(stale);
const node = chooseNode();
process.exitCode = await run(node, [resolveTarget(target), ...args]);

/** Compares what npm recorded of its last finished install with the lock file. */
function whyInstallIsStale() {
  const recorded = join(modules, ".package-lock.json");
  if (!existsSync(recorded)) return "nothing is installed yet";
  const locked = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const installed = JSON.parse(readFileSync(recorded, "utf8")).packages;
  for (const [path, entry] of Object.entries(locked)) {
    if (path === "" || entry.link) continue;
    const found = installed[path];
    if (found === undefined ? !(entry.optional || entry.devOptional) : found.version !== entry.version) {
      return `${path.replace("node_modules/", "")} ${entry.version} is missing`;
    }
  }
  return undefined;
}

async function install(reason) {
  console.error(`Installing the locked packages (${reason}); about 600 MB, once.`);
  const startedAt = Date.now();
  const seconds = () => `${Math.round((Date.now() - startedAt) / 1000)} s`;
  const ticking = setInterval(() => console.error(`  still installing, ${seconds()}`), PROGRESS_MS);
  const npm = process.env.npm_execpath;
  const flags = ["ci", "--no-audit", "--no-fund", "--include=dev", "--include=optional", "--loglevel=error"];
  const options = { cwd: root, stdio: ["ignore", 2, 2] };
  const child =
    npm?.endsWith(".js") || npm?.endsWith(".cjs")
      ? spawn(process.execPath, [npm, ...flags], options)
      : spawn("npm", flags, { ...options, shell: process.platform === "win32" });
  const code = await finished(child);
  clearInterval(ticking);
  if (code !== 0) fail(`npm ci failed (exit ${code}); the output above says why.`);
  console.error(`Installed in ${seconds()}.`);
}

/** The user's own Node where it strips types and has node:sqlite, else the one that the lock file carries. */
function chooseNode() {
  if (isNewEnough(process.versions.node)) return process.execPath;
  const carried = join(modules, `node-${process.platform}-${process.arch}`, "bin", "node");
  if (existsSync(carried)) return carried;
  return fail(
    `Node ${process.versions.node} is too old: ${NEEDED} or later is needed, and none is carried for ` +
      `${process.platform}-${process.arch}. Install a newer Node (https://nodejs.org) and try again.`,
  );
}

function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major === 22) return minor >= 18;
  if (major === 23) return minor >= 6;
  return major > 23;
}

function resolveTarget(name) {
  if (/\.[cm]?[jt]s$/.test(name)) return resolve(root, name);
  const bin = join(modules, ".bin", name);
  if (!existsSync(bin)) return fail(`there is no tool called ${name} in node_modules.`);
  return realpathSync(bin);
}

async function run(executable, argv) {
  const path = [dirname(executable), join(modules, ".bin"), process.env.PATH].join(delimiter);
  const child = spawn(executable, argv, { cwd: root, stdio: "inherit", env: { ...process.env, PATH: path } });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      // A terminal has already told the child about Ctrl-C, and many tools take a second one as "at once".
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  return finished(child);
}

function finished(child) {
  return new Promise((done) => {
    child.once("error", (error) => fail(`could not start: ${error.message}`));
    child.once("exit", (code, signal) => done(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}

function fail(message) {
  console.error(`launch: ${message}`);
  process.exit(1);
}
