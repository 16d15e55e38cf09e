import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DropDocument, PublishedSummary } from "../../schema/drop-document.ts";
import { DropAnswer } from "../../schema/http.ts";
import { RecordHead, Snapshot } from "../../schema/line.ts";
import { type Finding, PreflightAnswer } from "../../schema/preflight.ts";
import { ROOT } from "../../scripts/platform/bundle.ts";
import { createSecrets } from "../../scripts/platform/secrets.ts";
import { QUOTE_KEY } from "../unit/drop-arbitraries.ts";
import { ask } from "./ask.ts";
import { eventually } from "./eventually.ts";
import { draftDrop, startWorld, type World } from "./world.ts";

let world: World;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "dropline-cli-"));
  // As `npm start` has it: the last part is what wrangler adds to its --persist-to.
  world = await startWorld({ stateDir: join(dir, "state", "v3") });
});
afterAll(async () => {
  await world?.end();
  await rm(dir, { recursive: true, force: true });
});

type Ended = { code: number | null; out: string; err: string };

function run(script: string, args: string[], environment: Record<string, string> = {}): Promise<Ended> {
  const child = spawn(process.execPath, [join(ROOT, script), ...args], {
    cwd: ROOT,
    env: {
      ...process.env,
      INIT_CWD: dir,
      NODE_NO_WARNINGS: "1",
      WRANGLER_SEND_METRICS: "false",
      ...environment,
    },
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (err += chunk));
  return new Promise((done) => child.once("close", (code) => done({ code, out, err })));
}

const doors = () => ({
  DROPLINE_CONSOLE_URL: world.platform.urls.console,
  DROPLINE_EDGE_URL: world.platform.urls.edge,
  DROPLINE_OPERATOR_TOKEN: world.secrets.operatorToken,
});
const drop = (...args: string[]) => run("scripts/drop.ts", args, doors());
const preflight = async (dropId: string, ...args: string[]) => {
  const ended = await run("scripts/preflight.ts", ["--drop", dropId, "--json", ...args], doors());
  return { ...ended, answer: PreflightAnswer.parse(JSON.parse(ended.out)) };
};
/** How long an object takes to answer says how busy this machine is, and nothing else. */
const bad = (findings: Finding[]) =>
  findings
    .filter(({ level, check }) => level !== "ok" && !(level === "warning" && check === "objects"))
    .map(({ level, check, message }) => `${level} ${check}: ${message}`);

/** A file in the folder where the commands are typed. */
async function fileOf(document: unknown): Promise<string> {
  await writeFile(join(dir, "drop.json"), JSON.stringify(document));
  return "drop.json";
}

const later = () => draftDrop({ opensInMs: 60_000, skus: [{ stock: 3 }, { stock: 4 }] });

it("a document goes from a file to the shop, and each step says the same version", async () => {
  const { id, document } = later();
  const file = await fileOf(document);
  const checked = JSON.parse((await drop("check", file, "--json")).out);
  const stored = JSON.parse((await drop("put", file, "--json")).out);
  expect(stored.version).toBe(checked.version);
  expect((await drop("show", id)).out).toContain(`${id} is not published.`);
  const published = await drop("publish", id);
  expect(published).toMatchObject({ code: 0, err: "" });
  expect(published.out).toContain(checked.version);
  expect((await drop("show", id)).out).toContain("The draft in KV is what is published.");
  const shown = await ask(`${world.platform.urls.edge}/v1/drops/${id}`);
  expect(DropAnswer.parse(shown.json)).toMatchObject({ version: checked.version, mode: "test" });
}, 60_000);

it("a document put into KV by wrangler, as the README has it, is published", async () => {
  const { id, document } = later();
  const args = [
    "kv",
    "key",
    "put",
    "--binding",
    "CONFIG",
    `drop:${id}`,
    "--path",
    join(dir, await fileOf(document)),
  ];
  const put = await run("node_modules/wrangler/bin/wrangler.js", [
    ...args,
    "--local",
    "--persist-to",
    join(dir, "state"),
  ]);
  expect(put.code, put.err + put.out).toBe(0);
  const published = await drop("publish", id, "--json");
  expect(published.code, published.out + published.err).toBe(0);
  expect(JSON.parse(published.out).document).toEqual(DropDocument.parse(document));
}, 60_000);

it("what is wrong is said by field, with exit code 1, and nothing is stored", async () => {
  const { id, document } = later();
  const wrong = await fileOf({ ...(document as object), curency: "EUR", mode: "live" });
  for (const verb of ["check", "put"]) {
    const refused = await drop(verb, wrong);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("curency is no field that is known here; did you mean currency?");
  }
  const live = await fileOf({ ...(document as object), mode: "live" });
  expect((await drop("publish", id, "--file", live)).err).toContain(
    "gateway is sandbox, which takes no money, but mode is live",
  );
  expect((await drop("show", id)).err).toContain("KV has no document for this drop.");
  await writeFile(join(dir, "broken.json"), '{ "id": ');
  expect(await drop("check", "broken.json")).toMatchObject({
    code: 1,
    err: expect.stringMatching(/is no JSON: /),
  });
  expect((await drop("sell", id)).code).toBe(2);
  const stranger = await run("scripts/drop.ts", ["show", id], {
    ...doors(),
    DROPLINE_OPERATOR_TOKEN: "wrong",
  });
  expect(stranger).toMatchObject({ code: 1, err: "The operator token is missing or wrong.\n" });
}, 60_000);

it("the schema is printed as it is published, and the storefront serves it", async () => {
  const printed = await drop("schema");
  expect(printed.out).toBe(await readFile(join(ROOT, "public", "schema", "drop-document.json"), "utf8"));
  const served = await ask(`${world.platform.urls.edge}/schema/drop-document.json`);
  expect(served).toMatchObject({ status: 200, text: printed.out });
  expect(served.headers.get("content-type")).toContain("application/json");
}, 60_000);

it("a line is opened, paused, paced and ended by hand; the storefront, its list and the public record show it", async () => {
  const { edge } = world.platform.urls;
  const { id, document } = later();
  expect(await drop("pause", id)).toMatchObject({ code: 1, err: "There is no such drop.\n" });
  expect((await drop("pace", id, "fast")).code).toBe(2);
  await drop("publish", id, "--file", await fileOf(document));
  const opened = await drop("open", id);
  expect(opened, opened.err).toMatchObject({ code: 0, out: expect.stringContaining(`${id} is open since`) });
  expect(await drop("open", id)).toMatchObject({
    code: 1,
    err: expect.stringContaining("has opened already"),
  });
  expect((await drop("pace", id, "7")).out).toContain("lets 7 people arrive a second");
  expect((await drop("say", id, "Back in five minutes.")).out).toContain("Back in five minutes.");
  const paused = Snapshot.parse(JSON.parse((await drop("pause", id, "--json")).out));
  expect(paused).toMatchObject({ isPaused: true, phase: "live", message: "Back in five minutes." });
  const snapshot = await eventually("the pause at the edge", async () => {
    const { json } = await ask(`${edge}/v1/drops/${id}/snapshot`);
    return Snapshot.parse(json).isPaused ? Snapshot.parse(json) : undefined;
  });
  expect(snapshot).toMatchObject({ admitPerSecond: 7, opensAtMs: paused.opensAtMs });
  const shown = DropAnswer.parse((await ask(`${edge}/v1/drops/${id}`)).json);
  expect(Date.parse(shown.opensAt)).toBe(paused.opensAtMs);

  expect((await drop("resume", id)).out).toContain(`${id} goes on.`);
  expect((await drop("say", id, "--clear")).out).toContain("says nothing");
  expect((await drop("end", id)).out).toContain(`${id} is over since`);
  expect(await drop("resume", id)).toMatchObject({ code: 1, err: "This drop is over.\n" });
  const config = await world.platform.miniflare.getKVNamespace("CONFIG", "dropline-edge");
  const { metadata } = await config.getWithMetadata(`published:${id}`);
  const listed = PublishedSummary.parse(metadata);
  expect(Date.parse(listed.opensAt)).toBe(paused.opensAtMs);
  expect(Date.parse(listed.closesAt)).toBeLessThanOrEqual(Date.now());
  const head = await eventually("the end in the record", async () => {
    const { json } = await ask(`${edge}/v1/drops/${id}/record`);
    const { notes } = RecordHead.parse(json);
    return notes.at(-1)?.what === "ended" ? notes : undefined;
  });
  expect(head.map(({ what, detail }) => [what, detail].join(" ").trim())).toEqual([
    expect.stringMatching(/^published [0-9a-f]{64}$/),
    "opened",
    "paced 7",
    "paused",
    "resumed",
    "ended",
  ]);
}, 120_000);

it("a drop is ready once it is published, and each planted fault is found", async () => {
  const { id, document } = later();
  const file = await fileOf({
    ...(document as object),
    audience: ["weur", "eeur"],
    line: { admitPerSecond: 20, beacon: "drand" },
  });
  await drop("put", file);
  const before = await preflight(id);
  expect(before.code).toBe(1);
  expect(bad(before.answer.findings)).toEqual([
    `blocks document: is not published yet: npm run drop -- publish ${id}`,
  ]);
  await drop("publish", id);
  const ready = await preflight(id, "--crowd", "10000");
  expect(bad(ready.answer.findings)).toEqual([]);
  expect(ready).toMatchObject({ code: 0, answer: { isReady: true } });
  const said = ready.answer.findings.map(({ check, message }) => `${check}: ${message}`).join("\n");
  expect(said).toContain("asked to be made near weur");
  expect(said).toContain("keys: LINK_KEYS: the storefront opens the links that the console signs");
  expect(said).toContain("identity: is none");
  expect(said).toMatch(/beacon: round \d+, due at .*, verifies, from 127\.0\.0\.1/);
  const told = await run("scripts/preflight.ts", ["--drop", id], doors());
  expect(told, told.err).toMatchObject({ code: 0, err: "" });
  expect(told.out).toMatch(new RegExp(`^✓ document: [^]*\n${id} is ready`));
  const { DROPLINE_EDGE_URL: _edge, ...consoleAlone } = doors();
  const half = await run("scripts/preflight.ts", ["--drop", id], consoleAlone);
  expect(half.out, half.err).toContain("! storefront: was not asked as a shopper would");

  world.sandbox.setBeaconFaults({ kind: "wrong_signature" });
  const forged = await preflight(id);
  expect(forged.code).toBe(1);
  expect(bad(forged.answer.findings)).toEqual([
    expect.stringMatching(/^blocks beacon: gives no value.*a signature that does not verify$/),
  ]);
  world.sandbox.setBeaconFaults({});
  expect(bad((await preflight(id, "--crowd", "3000000")).answer.findings)[0]).toMatch(/^blocks crowd: /);

  const { secrets } = world;
  const claimed = later();
  const quoted = {
    ...(claimed.document as object),
    limits: { identity: "signed_claim" },
    shipping: { quoteUrl: "http://127.0.0.1:1/quote", keys: [QUOTE_KEY], countries: ["*"] },
  };
  await drop("publish", claimed.id, "--file", await fileOf(quoted));
  const silent = await preflight(claimed.id);
  expect(bad(silent.answer.findings)).toEqual([
    expect.stringMatching(/^blocks quotes: shipping.quoteUrl gives no quote/),
  ]);
  expect(silent.answer.findings.map(({ message }) => message).join("\n")).toContain("has CUSTOMER_KEYS");
  await world.reboot({ ...secrets, sandboxApiKey: createSecrets().sandboxApiKey });
  const otherKey = await preflight(id);
  expect(otherKey.code).toBe(1);
  expect(bad(otherKey.answer.findings)[0]).toMatch(
    /^blocks gateway: sandbox does not take our key: SANDBOX_API_KEY/,
  );

  await world.sandbox.close();
  const away = await preflight(id);
  expect(bad(away.answer.findings)[0]).toMatch(/^blocks gateway: sandbox does not answer at all/);
}, 120_000);
