import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { wakeObjects } from "../../durable-objects/preflight/probe.ts";
import { DropDocument } from "../../schema/drop-document.ts";
import { type DropId, type SkuId, shardOfDrop } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { type ClockReading, type Finding, isReady, skewMs } from "../../schema/preflight.ts";
import { ok, refuse } from "../../schema/result.ts";
import { crowdFindings, edgeFindings } from "../../scripts/preflight/decide.ts";
import { findingsOf, type Measured } from "../../workers/console/preflight/decide.ts";
import { probeSandbox } from "../../workers/payments/gateways/sandbox-probe.ts";
import { draft, fakeConsole, NOW_MS } from "./console-fakes.ts";

const VERSION = "a".repeat(64);
const NOW = Date.parse("2027-02-28T10:00:00Z");
const reading = (changes: Partial<ClockReading> = {}): ClockReading => ({
  askedAtMs: NOW,
  heardAtMs: NOW + 10,
  clockMs: NOW + 5,
  ...changes,
});
const level = { skuId: "runner-42", stock: 10, available: 10, reserved: 0, sold: 0 } as never;
const awake = (object: string, changes: object = {}) =>
  ({ object, isAwake: true, wakeMs: 30, reading: reading(), ...changes }) as const;

function measured(changes: Partial<Measured> = {}): Measured {
  return {
    document: DropDocument.parse(draft()),
    publishedVersion: VERSION,
    draftVersion: VERSION,
    warnings: [],
    state: {
      objects: [awake("line"), awake("orders"), awake("stock of runner-42", { level })],
      database: null,
      queue: null,
    },
    payments: { misconfigured: null, gateways: [{ gateway: "sandbox", refusal: null, reading: reading() }] },
    nowMs: NOW,
    ...changes,
  };
}
const state = (changes: Partial<Measured["state"]>) => ({ state: { ...measured().state, ...changes } });
const gateway = (changes: object) => ({
  payments: {
    misconfigured: null,
    gateways: [{ gateway: "sandbox" as const, refusal: null, reading: reading(), ...changes }],
  },
});
const bad = (findings: Finding[]) =>
  findings
    .filter(({ level }) => level !== "ok")
    .map(({ level, check, message }) => `${level} ${check}: ${message}`);

test("a drop with nothing wrong is ready, and each thing that was looked at is told", () => {
  const findings = findingsOf(measured());
  expect(bad(findings)).toEqual([]);
  expect(isReady(findings)).toBe(true);
  expect(new Set(findings.map(({ check }) => check))).toEqual(
    new Set(["document", "objects", "stock", "clocks", "database", "queue", "gateway"]),
  );
});

describe("a planted fault is found", () => {
  const trip = LIMITS.preflightTripMaxMs;
  const far = awake("orders", { reading: reading({ heardAtMs: NOW + trip + 1 }) });
  const skewed = (clockMs: number) =>
    state({ objects: [awake("line", { reading: reading({ clockMs }) }), ...measured().state.objects] });
  test.each<[string, Partial<Measured>, string]>([
    [
      "nothing published",
      { publishedVersion: null },
      "blocks document: is not published yet: npm run drop -- publish spring",
    ],
    ["a draft that differs", { draftVersion: "b".repeat(64) }, "warning document: the draft in KV differs"],
    [
      "a drop that is over",
      { nowMs: Date.parse("2027-03-01T12:00:00Z") },
      "blocks document: the drop is over",
    ],
    [
      "a warning of the document",
      { warnings: [{ path: "limits", message: "odd" }] },
      "warning document: limits odd",
    ],
    [
      "an object that is away",
      state({ objects: [{ object: "line", isAwake: false, reason: "gone" }] }),
      "blocks objects: line does not answer: gone",
    ],
    [
      "an object that is far",
      state({ objects: [far, ...measured().state.objects] }),
      `warning objects: orders takes ${trip + 1} ms`,
    ],
    [
      "a SKU without its stock",
      state({ objects: [awake("stock of runner-42", { level: null })] }),
      "blocks stock: runner-42 has not taken its stock yet",
    ],
    [
      "a stock that was corrected",
      state({ objects: [awake("stock of runner-42", { level: { ...(level as object), stock: 9 } })] }),
      "warning stock: runner-42 has 9 units, and the document says 10",
    ],
    [
      "a clock ahead",
      skewed(NOW + 10 + LIMITS.clockSkewMaxMs + 1),
      "blocks clocks: line is at least 5001 ms ahead",
    ],
    [
      "a clock a little behind",
      skewed(NOW - LIMITS.clockSkewWarnMs - 1),
      "warning clocks: line is at least 1001 ms behind",
    ],
    [
      "D1 away",
      state({ database: "no such table: drops" }),
      "blocks database: does not answer: no such table: drops",
    ],
    ["the queue away", state({ queue: "gone" }), "blocks queue: does not answer: gone"],
    [
      "a gateway away",
      gateway({ refusal: "does not answer at all", reading: null }),
      "blocks gateway: sandbox does not answer at all",
    ],
    [
      "a gateway's clock",
      gateway({ reading: reading({ clockMs: NOW - 7_001 }) }),
      "blocks clocks: the gateway sandbox is at least 6001 ms behind",
    ],
    [
      "a gateway that nobody knows",
      { payments: { misconfigured: null, gateways: [] } },
      "blocks gateway: sandbox is not known",
    ],
    [
      "a secret that is missing",
      { payments: { misconfigured: "SANDBOX_API_KEY is missing.", gateways: [] } },
      "blocks gateway: SANDBOX_API_KEY is missing.",
    ],
  ])("%s", (_, changes, expected) => {
    const findings = findingsOf(measured(changes));
    expect(bad(findings).filter((line) => line.startsWith(expected))).toHaveLength(1);
    expect(isReady(findings)).toBe(!expected.startsWith("blocks"));
  });

  test("just inside of a bound nothing is found", () => {
    const near = awake("orders", { reading: reading({ heardAtMs: NOW + trip }) });
    expect(bad(findingsOf(measured(state({ objects: [near, ...measured().state.objects] }))))).toEqual([]);
    expect(bad(findingsOf(measured(skewed(NOW + 10 + LIMITS.clockSkewWarnMs))))).toEqual([]);
    const atMost = findingsOf(measured(skewed(NOW + 10 + LIMITS.clockSkewMaxMs)));
    expect(isReady(atMost)).toBe(true);
  });
});

test("a clock is never called more wrong than it is", () => {
  const times = fc.record({
    takes: fc.nat(5_000),
    reads: fc.nat(5_000),
    off: fc.integer({ min: -9_000, max: 9_000 }),
  });
  fc.assert(
    fc.property(times, fc.constantFrom(0, 1_000), ({ takes, reads, off }, resolution) => {
      const askedAtMs = 1_000_000;
      const exact = askedAtMs + Math.min(reads, takes) + off;
      const clockMs = resolution === 0 ? exact : Math.floor(exact / resolution) * resolution;
      const found = skewMs({ askedAtMs, heardAtMs: askedAtMs + takes, clockMs }, resolution);
      expect(Math.abs(found)).toBeLessThanOrEqual(Math.abs(off));
      if (found !== 0) expect(Math.sign(found)).toBe(Math.sign(off));
    }),
  );
});

describe("the storefront", () => {
  const seen = (changes: object = {}) => ({
    isReached: true as const,
    drop: { status: 200, version: VERSION, detail: null },
    session: { status: 201, detail: null },
    ...changes,
  });
  test.each<[string, Parameters<typeof edgeFindings>[0], string[]]>([
    ["that serves what is published", seen(), []],
    [
      "that is away",
      { isReached: false, reason: "ECONNREFUSED" },
      ["blocks storefront: does not answer: ECONNREFUSED"],
    ],
    [
      "without its keys",
      seen({ session: { status: 500, detail: "TICKET_KEYS is missing." } }),
      ["blocks keys: TICKET_KEYS is missing."],
    ],
    [
      "with an older copy",
      seen({ drop: { status: 200, version: "b", detail: null } }),
      ["warning storefront: still shows version b: a copy is renewed within a minute"],
    ],
    [
      "that does not know the drop",
      seen({ drop: { status: 404, version: null, detail: null } }),
      ["blocks storefront: does not show the drop (status 404)"],
    ],
  ])("%s", (_, answer, expected) => {
    expect(bad(edgeFindings(answer, VERSION))).toEqual(expected);
  });
});

test("a crowd that the line cannot take blocks; one that cannot be served in time is told", () => {
  const document = DropDocument.parse(draft());
  const levels = (crowd: number, of = document) => crowdFindings(crowd, of).map((finding) => finding.level);
  expect(levels(LIMITS.joinedMax + 1)).toEqual(["blocks"]);
  expect(levels(20 * 7_200)).toEqual(["ok"]);
  expect(levels(20 * 7_200 + 1)).toEqual(["warning"]);
  const fast = DropDocument.parse(draft({ line: { admitPerSecond: LIMITS.ordersPerSecondMax + 1 } }));
  expect(levels(1_000, fast)).toEqual(["ok", "warning"]);
});

describe("the sandbox gateway is asked", () => {
  const answering =
    (status: number, code: string, headers = {}) =>
    async () =>
      Response.json({ error: { code } }, { status, headers });
  const probe = (fetch: () => Promise<Response>) =>
    probeSandbox({ url: "http://gateway", apiKey: "key", fetch }, () => NOW);

  test("and is well when it takes the key and tells its time", async () => {
    const date = new Date(NOW).toUTCString();
    expect(await probe(answering(404, "payment_not_found", { date }))).toEqual({
      gateway: "sandbox",
      refusal: null,
      reading: { askedAtMs: NOW, heardAtMs: NOW, clockMs: NOW },
    });
  });

  test.each<[string, () => Promise<Response>, RegExp]>([
    ["refuses the key", answering(401, "unauthorized"), /SANDBOX_API_KEY/],
    ["is another server", answering(404, "not_found"), /status 404/],
    ["fails", answering(500, "internal"), /status 500/],
    ["is away", () => Promise.reject(new TypeError("fetch failed")), /does not answer at all/],
    ["hangs", () => Promise.reject(new DOMException("", "TimeoutError")), /does not answer in time/],
  ])("and is not when it %s", async (_, fetch, expected) => {
    expect((await probe(fetch)).refusal).toMatch(expected);
  });
});

test("objects are made where the crowd is by their very first call, and nothing is written", async () => {
  const first = new Map<string, unknown>();
  const called: string[] = [];
  const namespace = (answers: object) => ({
    getByName(name: string, options: unknown) {
      if (!first.has(name)) first.set(name, options);
      const stub = { clockMs: async () => NOW, ...answers };
      return new Proxy(stub, {
        get(target, method) {
          called.push(String(method));
          return Reflect.get(target, method);
        },
      });
    },
  });
  const env = {
    DROP_QUEUE: namespace({}),
    ORDER_COORDINATOR: namespace({}),
    LIMIT_GUARD: namespace({}),
    SKU_STOCK: namespace({ audit: async () => ({ level }) }),
  } as unknown as StateEnv;
  const target = { dropId: "spring" as DropId, skuIds: ["runner-42" as SkuId], near: "apac" as const };
  const probes = await wakeObjects(env, target);
  expect(probes.every(({ isAwake }) => isAwake)).toBe(true);
  expect([...first.keys()].sort()).toEqual(
    [
      `orders/${shardOfDrop(target.dropId)}`,
      "spring/drop",
      ...Array.from({ length: LIMITS.limitShardCount }, (_, shard) => `spring/limit/${shard}`),
      "spring/sku/runner-42",
    ].sort(),
  );
  for (const options of first.values()) expect(options).toEqual({ locationHint: "apac" });
  expect(new Set(called)).toEqual(new Set(["clockMs", "audit"]));
});

describe("POST preflight", () => {
  const { state, payments } = measured();
  const preflight = async () => state;

  test("looks at a draft before it is published, and says that it is not", async () => {
    const asked: unknown[] = [];
    const console = fakeConsole({
      published: async () => refuse({ code: "drop_not_found" }),
      preflight: async (target) => {
        asked.push(target);
        return state;
      },
    });
    console.deps.payments = { probeGateways: async () => payments };
    await console.call("PUT", "/v1/drops/spring/document", draft({ audience: ["apac", "oc"] }));
    const answer = await console.call("POST", "/v1/drops/spring/preflight");
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ isReady: false, version: null, atMs: NOW_MS });
    expect(asked).toEqual([{ dropId: "spring", skuIds: ["runner-42"], near: "apac" }]);
  });

  test("looks at what is published, whatever the draft says meanwhile", async () => {
    const document = DropDocument.parse(draft({ closesAt: "2027-03-01T13:00:00Z" }));
    const frozen = { version: VERSION, publishedAtMs: NOW_MS, document };
    const console = fakeConsole({ published: async () => ok(frozen), preflight });
    console.deps.payments = { probeGateways: async () => payments };
    await console.kv.put("drop:spring", "{}");
    const answer = await console.call("POST", "/v1/drops/spring/preflight");
    expect(answer.body).toMatchObject({ version: VERSION, document: { closesAt: "2027-03-01T13:00:00Z" } });
  });

  test("a drop that nobody wrote is refused", async () => {
    const { call } = fakeConsole({ published: async () => refuse({ code: "drop_not_found" }) });
    expect((await call("POST", "/v1/drops/spring/preflight")).body.code).toBe("document_not_found");
  });
});
