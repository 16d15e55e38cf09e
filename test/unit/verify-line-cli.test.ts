import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseVerifyOptions } from "../../scripts/verify-line/options.ts";
import { readTicket } from "../../scripts/verify-line/ticket.ts";
import {
  BEACON,
  honestWorld,
  type Parts,
  publish,
  serve,
  signedRootOf,
  type World,
} from "./line-record-forge.ts";

const ROOT = join(import.meta.dirname, "../..");
const SHOPPER = `shp_${"7".repeat(32)}`;
const TICKET_ID = createHash("sha256")
  .update(`dropline/ticket/1\nspring\n${SHOPPER}`)
  .digest("hex")
  .slice(0, 32);

const jwt = (claims: object) =>
  ["e30", Buffer.from(JSON.stringify(claims)).toString("base64url"), "c2lnbmF0dXJl".repeat(8)].join(".");
const CLAIMS = { sub: SHOPPER, drop: "spring", tid: TICKET_ID, coh: 1, chk: 0 };

let folder: string;
let server: Server;
let url: string;
let world: World;
let parts: Parts;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "verify-line-"));
  world = honestWorld();
  for (const [cohort, ids] of world.logs) world.logs.set(cohort, ids.slice(0, 3));
  world.logs.get(1)?.push(TICKET_ID);
  world.ledgers = new Map();
  world.steps = [];
  parts = publish(world);
  server = createServer(async (request, response) => {
    const path = request.url?.replace("/v1/drops/spring/", "") ?? "";
    const body = await serve(parts)(path);
    response.writeHead(body === null ? 404 : 200);
    response.end(body ?? undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await writeFile(join(folder, "beacon.json"), JSON.stringify(BEACON));
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

function run(...args: string[]): Promise<{ code: number; said: string }> {
  const script = join(ROOT, "scripts/verify-line.ts");
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, said: stdout + stderr });
    });
  });
}
const check = (...args: string[]) =>
  run("--drop", "spring", "--url", url, "--beacon", join(folder, "beacon.json"), ...args);

test("an honest record ends with 0, a fraud with 1, a server that is away with 3, nonsense with 2", async () => {
  const ticket = join(folder, "ticket.json");
  await writeFile(ticket, JSON.stringify({ ticket: jwt(CLAIMS), ticketId: TICKET_ID }));
  const honest = await check("--ticket", ticket);
  expect(honest).toMatchObject({ code: 0 });
  expect(honest.said).toContain("everything that was looked at holds");
  expect(honest.said).toContain("not drand's quicknet: whoever runs it is trusted");
  expect(honest.said).toMatch(/Its rank is 0\.\d+; exactly \d people are before it/);

  const sound = parts;
  parts = new Map([...sound, ["record/chunks/1/0", Buffer.alloc(64)]]);
  const fraud = await check("--json");
  expect(fraud.code).toBe(1);
  expect(JSON.parse(fraud.said)).toMatchObject({
    status: "broken",
    findings: [{ code: "chunk_wrong" }, {}, {}, {}],
  });
  parts = sound;

  expect(await run("--drop", "spring", "--url", url)).toMatchObject({ code: 1 });
  expect((await run("--drop", "spring")).code).toBe(2);
  expect((await run("--drop", "spring", "--url", "http://127.0.0.1:9", "--light")).code).toBe(3);
}, 60_000);

test("what one look keeps, the next one holds against the record", async () => {
  const kept = join(folder, "kept.json");
  expect((await check("--kept", kept)).code).toBe(0);
  expect((await check("--kept", kept)).code).toBe(0);
  const before = await readFile(kept, "utf8");

  const sound = parts;
  const other = { ...world, logs: new Map([...world.logs, [4, ["ab".repeat(16)]]]) } as World;
  parts = publish(other);
  expect(parts.get("record/roots/4")).toEqual(signedRootOf(other, 4));
  const changed = await check("--kept", kept);
  expect(changed.code).toBe(1);
  expect(changed.said).toContain("Window 4 was shown with root");
  parts = sound;
  expect(await readFile(kept, "utf8")).toBe(before);
}, 60_000);

test("the commitment is kept from the first join on: until then whether there is a beacon may still be changed", async () => {
  const kept = join(folder, "early.json");
  const keeps = async () => JSON.parse(await readFile(kept, "utf8")).commitment;
  const sound = parts;
  parts = publish({ ...world, logs: new Map(), stillJoining: 0, rootedThrough: -1, revealedThrough: -1 });
  Object.assign(parts.get("record") as object, { heldApart: null });
  expect(await check("--kept", kept)).toMatchObject({ code: 0 });
  expect(await keeps()).toBeNull();
  parts = sound;
  await check("--kept", kept);
  expect(await keeps()).toMatchObject({ dropId: "spring" });
}, 60_000);

test("a ticket is read from its text, from the answer it came in, or from what the proof page says of it", () => {
  const own = { ticketId: TICKET_ID, cohort: 1, chunk: 0 };
  expect(readTicket(jwt(CLAIMS), "spring")).toEqual(own);
  expect(readTicket(` ${JSON.stringify({ ticket: jwt(CLAIMS) })}\n`, "spring")).toEqual(own);
  expect(readTicket(JSON.stringify({ ...own, shopper: SHOPPER }), "spring")).toEqual(own);
  const { chk: _, ...older } = CLAIMS;
  expect(readTicket(jwt(older), "spring")).toEqual({ ...own, chunk: null });
});

test.each<[string, string, string]>([
  ["of another drop", jwt({ ...CLAIMS, drop: "summer" }), "not for"],
  ["bound to somebody else's session", jwt({ ...CLAIMS, sub: `shp_${"8".repeat(32)}` }), "does not follow"],
  ["without claims", "a.b.c", "no ticket"],
  ["of another shape", "{}", "no ticket"],
  ["that is no JSON", "{", "no ticket"],
  [
    "that the proof page tells of somebody else's",
    JSON.stringify({ shopper: `shp_${"8".repeat(32)}`, ticketId: TICKET_ID, cohort: 1, chunk: 0 }),
    "does not follow",
  ],
  [
    "that the proof page tells without its holder",
    JSON.stringify({ ticketId: TICKET_ID, cohort: 1, chunk: 0 }),
    "no ticket",
  ],
])("a ticket %s is refused", (_, text, why) => {
  expect(() => readTicket(text, "spring")).toThrow(why);
});

test("the command says what it does not understand", () => {
  expect(parseVerifyOptions(["--help"])).toBeNull();
  expect(() => parseVerifyOptions(["--url", "https://a.example"])).toThrow("--drop ID");
  expect(() => parseVerifyOptions(["--drop", "A B", "--url", "https://a.example"])).toThrow(
    "no id of a drop",
  );
  expect(() => parseVerifyOptions(["--drop", "a", "--url", "ftp://a"])).toThrow("--url takes");
  expect(() => parseVerifyOptions(["--drop", "a", "--loud"])).toThrow();
  expect(parseVerifyOptions(["--drop", "a", "--url", "https://a.example/path", "--light"])).toMatchObject({
    url: "https://a.example",
    isLight: true,
    json: false,
  });
});
