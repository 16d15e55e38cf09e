import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type BeaconDeps,
  fetchRound,
  ROUND_FAULTS,
} from "../../../durable-objects/drop-queue/beacon/fetch-round.ts";
import { roundDueAtMs } from "../../../durable-objects/drop-queue/beacon/rounds.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { BeaconFaults } from "../../../scripts/sandbox/beacon/faults.ts";
import { LOCAL_BEACON, LOCAL_BEACON_PATH } from "../../../scripts/sandbox/beacon/local-beacon.ts";
import { signRound } from "../../../scripts/sandbox/beacon/sign-round.ts";
import type { Sandbox } from "../../../scripts/sandbox/server.ts";
import { clientOf, startTestSandbox } from "../sandbox-client.ts";

const ROUND = 1_000;
const DUE_AT_MS = roundDueAtMs(LOCAL_BEACON, ROUND);
const NOBODY = "http://127.0.0.1:1";

let good: Sandbox;
let bad: Sandbox;
let nowMs: number;
let logged: object[];

beforeAll(async () => {
  good = await startTestSandbox({ nowMs: () => nowMs });
  bad = await startTestSandbox({ nowMs: () => nowMs });
});
afterAll(async () => {
  await good.close();
  await bad.close();
});
beforeEach(() => {
  nowMs = DUE_AT_MS;
  logged = [];
  bad.setBeaconFaults({});
});

const relay = (sandbox: Sandbox) => `${sandbox.url}${LOCAL_BEACON_PATH}`;
const deps = (urls: string[], change: Partial<BeaconDeps> = {}): BeaconDeps => ({
  urls,
  fetch: (url, init) => fetch(url, init),
  nowMs: () => nowMs,
  timeLimit: () => new AbortController().signal,
  log: (event, facts) => logged.push({ event, ...facts }),
  ...change,
});
const ask = (urls: string[], change: Partial<BeaconDeps> = {}) =>
  fetchRound(deps(urls, change), LOCAL_BEACON, ROUND);
const TRUE_VALUE = { kind: "value", value: { round: ROUND, signature: signRound(ROUND) } };

/** For relays that never answer: an answer that does come must not be cut off on a busy machine. */
const patienceWith = (kind: BeaconFaults["kind"]) =>
  kind === "hang" ? { timeLimit: () => AbortSignal.timeout(50) } : {};

describe("a round", () => {
  test("is taken when it is due, and is the hash of its signature", async () => {
    const outcome = await ask([relay(good)]);
    expect(outcome).toMatchObject(TRUE_VALUE);
    const digest = await crypto.subtle.digest("SHA-256", Buffer.from(signRound(ROUND), "hex"));
    expect(outcome.kind === "value" && outcome.value.randomness).toEqual(new Uint8Array(digest));
    expect(logged).toEqual([]);
  });

  test("is not asked for before it is due", async () => {
    nowMs = DUE_AT_MS - 1;
    const asked: string[] = [];
    const outcome = await ask(["x"], { fetch: async (url) => Response.json(asked.push(url)) });
    expect(outcome).toEqual({ kind: "not_yet", dueAtMs: DUE_AT_MS });
    expect(asked).toEqual([]);
  });

  test("that is late is not there yet; a relay is complained of once all should have it, and once it comes it is taken", async () => {
    bad.setBeaconFaults({ kind: "late", lateMs: 10_000 });
    nowMs = DUE_AT_MS + LIMITS.beaconProbeAgeMs - 1;
    expect(await ask([relay(bad)])).toEqual({ kind: "not_yet", dueAtMs: DUE_AT_MS });
    expect(logged).toEqual([]);
    nowMs += 1;
    expect(await ask([relay(bad)])).toEqual({ kind: "not_yet", dueAtMs: DUE_AT_MS });
    expect(logged).toEqual([{ event: "beacon_round_overdue", url: relay(bad), round: ROUND, status: 404 }]);
    nowMs = DUE_AT_MS + 10_000;
    expect(await ask([relay(bad)])).toMatchObject(TRUE_VALUE);
  });

  test("is asked of a relay that knows nothing of this beacon: it says 404 for ever, and that is logged", async () => {
    nowMs = DUE_AT_MS + LIMITS.beaconProbeAgeMs;
    const changed = { ...LOCAL_BEACON, chainHash: "0".repeat(64) };
    const outcome = await fetchRound(deps([relay(good)]), changed, ROUND);
    expect(outcome.kind).toBe("not_yet");
    expect(logged).toMatchObject([{ event: "beacon_round_overdue", status: 404 }]);
  });

  test("a relay that says Too Early is like one that does not have it", async () => {
    const outcome = await ask(["x"], { fetch: async () => new Response("", { status: 425 }) });
    expect(outcome.kind).toBe("not_yet");
  });
});

const FAULTS: [BeaconFaults["kind"], (typeof ROUND_FAULTS)[number]][] = [
  ["error", "refused"],
  ["hang", "timed_out"],
  ["malformed", "malformed"],
  ["too_large", "too_large"],
  ["other_round", "other_round"],
  ["wrong_signature", "wrong_signature"],
];

describe("a relay that misbehaves", () => {
  test.each(FAULTS)("with %s gives no value, is told as %s, and logged", async (kind, fault) => {
    bad.setBeaconFaults({ kind });
    expect(await ask([relay(bad)], patienceWith(kind))).toEqual({ kind: "failed", causes: [fault] });
    const status = fault === "refused" ? { status: 500 } : {};
    expect(logged).toEqual([
      { event: "beacon_round_not_taken", url: relay(bad), round: ROUND, fault, ...status },
    ]);
  });

  test.each(FAULTS)("with %s does not keep the round of another from being taken", async (kind) => {
    bad.setBeaconFaults({ kind });
    expect(await ask([relay(bad), NOBODY, relay(good)])).toMatchObject(TRUE_VALUE);
  });

  test("cannot be reached: nothing is taken", async () => {
    expect(await ask([NOBODY])).toEqual({ kind: "failed", causes: ["unreachable"] });
  });

  test("that redirects is refused, and not followed", async () => {
    const moved = new Response(null, { status: 302, headers: { location: relay(good) } });
    expect(await ask(["x"], { fetch: async () => moved })).toEqual({ kind: "failed", causes: ["refused"] });
  });

  test("is well again after as many answers as it was told", async () => {
    bad.setBeaconFaults({ kind: "wrong_signature", times: 2 });
    expect((await ask([relay(bad)])).kind).toBe("failed");
    expect((await ask([relay(bad)])).kind).toBe("failed");
    expect(await ask([relay(bad)])).toMatchObject(TRUE_VALUE);
  });

  test("every fault is shown by some test here", () => {
    expect(new Set([...FAULTS.map(([, fault]) => fault), "unreachable"])).toEqual(new Set(ROUND_FAULTS));
  });

  test("an answer is read up to the limit, and not a byte further", async () => {
    const body = JSON.stringify({ round: ROUND, signature: signRound(ROUND) });
    const padded = (bytes: number) => ({ fetch: async () => new Response(body.padEnd(bytes, " ")) });
    expect(await ask(["x"], padded(LIMITS.beaconAnswerMaxBytes))).toMatchObject(TRUE_VALUE);
    const outcome = await ask(["x"], padded(LIMITS.beaconAnswerMaxBytes + 1));
    expect(outcome).toEqual({ kind: "failed", causes: ["too_large"] });
  });
});

describe("the sandbox's beacon", () => {
  test("is asked without a key, and commanded with one", async () => {
    expect((await fetch(`${relay(good)}/${LOCAL_BEACON.chainHash}/public/1`)).status).toBe(200);
    expect((await fetch(`${good.url}/control/beacon`, { method: "PUT", body: "{}" })).status).toBe(401);
    const client = clientOf(bad.url);
    expect(await client.put("/control/beacon", { kind: "error", everyNth: 2 })).toMatchObject({
      status: 200,
    });
    expect((await client.put("/control/beacon", { kind: "rain" })).status).toBe(400);
    expect((await fetch(`${relay(bad)}/${LOCAL_BEACON.chainHash}/public/2`)).status).toBe(500);
    expect((await fetch(`${relay(bad)}/${LOCAL_BEACON.chainHash}/public/3`)).status).toBe(200);
  });

  test.each([
    "",
    "/public/1",
    `/${"0".repeat(64)}/public/1`,
    `/${LOCAL_BEACON.chainHash}/public/0`,
    `/${LOCAL_BEACON.chainHash}/public/1/2`,
  ])("has nothing at %o", async (path) => {
    expect((await fetch(`${relay(good)}${path}`)).status).not.toBe(200);
  });
});
