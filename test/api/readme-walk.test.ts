import { spawn } from "node:child_process";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ROOT } from "../../scripts/platform/bundle.ts";
import { eventually } from "./eventually.ts";
import { rowsOf, startWorld, unitsOf, type World } from "./world.ts";

const SECTION = "### By curl";
const STOREFRONT = "http://localhost:8787";
const SANDBOX = "localhost:8790";
/** What the walk writes, where `npm start` keeps its things. */
const WRITTEN = join(ROOT, ".dropline", "my-drop.json");
const WITHIN_MS = 90_000;

let world: World;
beforeAll(async () => {
  await mkdir(join(ROOT, ".dropline"), { recursive: true });
  world = await startWorld();
});
afterAll(async () => {
  await rm(WRITTEN, { force: true });
  await world?.end();
});

const readReadme = () => readFile(join(ROOT, "README.md"), "utf8");

/** The fenced shell blocks of the README's walk, in their order. */
async function blocks(): Promise<string[]> {
  const readme = await readReadme();
  const [, section = ""] = readme.split(`\n${SECTION}\n`);
  const [walk = ""] = section.split(/\n##+ /);
  return [...walk.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block ?? "");
}

/** All of it in one shell, as a reader pastes it; the first command that fails ends it. */
function paste(script: string): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn("bash", ["-e", "-o", "pipefail", "-c", script], {
    cwd: ROOT,
    env: {
      ...process.env,
      DROPLINE_CONSOLE_URL: world.platform.urls.console,
      DROPLINE_EDGE_URL: world.platform.urls.edge,
      DROPLINE_OPERATOR_TOKEN: world.secrets.operatorToken,
      SANDBOX_API_KEY: world.secrets.sandboxApiKey,
    },
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (err += chunk));
  return new Promise((done) => child.once("close", (code) => done({ code, out, err })));
}

it(
  "the README's walk by curl, as it stands there, publishes a drop of six SKUs and buys a basket of two",
  async () => {
    const walk = await blocks();
    expect(walk).toHaveLength(3);
    const script = walk.join("\n").replaceAll(STOREFRONT, world.platform.urls.edge);
    const { code, out, err } = await paste(`${script}\necho; echo "$drop"`);
    expect(code, `${out}\n${err}`).toBe(0);
    const [status, , drop = ""] = out.trimEnd().split("\n").slice(-3);
    expect(status).toBe("confirmed");
    // The projection into D1 is a moment behind.
    const [row] = await eventually("the order's row", async () => {
      const rows = await rowsOf(world, drop);
      return rows[0]?.status === "confirmed" ? rows : undefined;
    });
    expect(row?.lines).toHaveLength(2);
    expect(await unitsOf(world, drop, "night-runner-42")).toBe("11/0/1");
    expect(await unitsOf(world, drop, "night-shell-m")).toBe("11/0/1");
  },
  WITHIN_MS,
);

it("the README's command for the mails that were not sent shows them", async () => {
  const [, command = ""] = /`(curl [^`]*\/control\/mails)`/.exec(await readReadme()) ?? [];
  const { host } = new URL(world.sandbox.url);
  const { code, out, err } = await paste(`${command.replace(SANDBOX, host)} -fsS`);
  expect([code, err]).toEqual([0, ""]);
  expect(JSON.parse(out)).toBeTypeOf("object");
});

it("every command of npm that the README names is one", async () => {
  const { scripts } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const named = [...(await readReadme()).matchAll(/npm run ([a-z:-]+[a-z])/g)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(10);
  expect([...new Set(named)].filter((name) => !(String(name) in scripts))).toEqual([]);
});
