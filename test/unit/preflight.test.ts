import fc from "fast-check";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { roundDueAtMs } from "../../durable-objects/drop-queue/beacon/rounds.ts";
import { wakeObjects } from "../../durable-objects/preflight/probe.ts";
import { lastRoundAt, probeBeacon } from "../../durable-objects/preflight/probe-beacon.ts";
import { DropDocument } from "../../schema/drop-document.ts";
import { type DropId, type SkuId, shardOfDrop } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Beacon } from "../../schema/line.ts";
import { type ClockReading, type Finding, isReady, type RelayProbe, skewMs } from "../../schema/preflight.ts";
import { ok, refuse } from "../../schema/result.ts";
import { crowdFindings, edgeFindings } from "../../scripts/preflight/decide.ts";
import { LOCAL_BEACON } from "../../scripts/sandbox/beacon/local-beacon.ts";
import { signRound } from "../../scripts/sandbox/beacon/sign-round.ts";
import { findingsOf, type Measured } from "../../workers/console/preflight/decide.ts";
import { type BrandQuotes, NoQuote, type QuoteRequest } from "../../workers/edge/checkout/brand-quotes.ts";
import { probeQuote } from "../../workers/edge/checkout/probe-quote.ts";
import { parseKeyset } from "../../workers/edge/keyset.ts";
import { QUICKNET } from "../../workers/edge/line/verify/beacons.ts";
import { knowsLinkKey, proveLinkKey } from "../../workers/link-proof.ts";
import { probeSandbox } from "../../workers/payments/gateways/sandbox-probe.ts";
import { draft, fakeConsole, NOW_MS } from "./console-fakes.ts";
import { keysetOf } from "./edge-fakes.ts";

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

const WELL = {
  misconfigured: null,
  hasCustomerKeys: true,
  hasMailUrl: true,
  challenge: "real",
  knowsLinkKey: true,
  quote: null,
} as const;
const asking = (identity: string, checkout: object): Partial<Measured> => ({
  document: DropDocument.parse(draft({ limits: { identity } })),
  checkout: { ...WELL, ...checkout },
});

const challenging = (checkout: object, mode: "test" | "live" = "test"): Partial<Measured> => ({
  document: { ...DropDocument.parse(draft({ line: { challenge: "turnstile" } })), mode },
  checkout: { ...WELL, ...checkout },
});

const heard = (host: string, fault: string | null = null): RelayProbe => ({ host, fault });
const underBeacon = (
  relays: RelayProbe[],
  { beacon = QUICKNET, mode = "test" }: { beacon?: Beacon; mode?: "test" | "live" } = {},
): Partial<Measured> => ({
  document: { ...DropDocument.parse(draft({ line: { beacon: "drand" } })), mode },
  ...state({ beacon: { isAsked: true, beacon, round: 7, dueAtMs: NOW - 3_000, relays } }),
});

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
      beacon: null,
    },
    payments: { misconfigured: null, gateways: [{ gateway: "sandbox", refusal: null, reading: reading() }] },
    checkout: WELL,
    mails: { areSent: true, storefrontUrl: "https://drops.shop.com", isLocal: false },
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
    new Set([
      "document",
      "objects",
      "stock",
      "clocks",
      "database",
      "queue",
      "gateway",
      "keys",
      "identity",
      "mails",
    ]),
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
      "an object's clock ahead",
      skewed(NOW + 10 + LIMITS.objectClockSkewMaxMs + 1),
      "blocks clocks: line is at least 501 ms ahead: whoever checks the record",
    ],
    [
      "an object's clock behind",
      skewed(NOW - LIMITS.objectClockSkewMaxMs - 1),
      "blocks clocks: line is at least 501 ms behind",
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
      "a gateway's clock a little ahead",
      gateway({ reading: reading({ clockMs: NOW + 10 + LIMITS.clockSkewWarnMs + 1 }) }),
      "warning clocks: the gateway sandbox is at least 1001 ms ahead",
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
    [
      "a signed claim that nobody can check",
      asking("signed_claim", { hasCustomerKeys: false }),
      "blocks identity: is signed_claim, but the storefront has no CUSTOMER_KEYS",
    ],
    [
      "a mail that nobody sends",
      asking("verified_mail", { hasMailUrl: false }),
      "blocks identity: is verified_mail, but MAIL_URL",
    ],
    [
      "a challenge that nobody can show, and no mail instead",
      challenging({ challenge: "none", hasMailUrl: false }),
      "blocks challenge: is turnstile, but the storefront has no key for it, so nobody can join",
    ],
    [
      "a challenge that nobody can show",
      challenging({ challenge: "none" }),
      "warning challenge: is turnstile, but the storefront has no key for it, so everybody has to join by a mailed code",
    ],
    [
      "a live drop whose challenge takes anything",
      challenging({ challenge: "test" }, "live"),
      "blocks challenge: is turnstile, with Cloudflare's key for tests",
    ],
    [
      "a beacon that no relay gives",
      underBeacon([heard("a", "timed_out"), heard("b", "not_yet")]),
      "blocks beacon: gives no value, so nobody would be admitted: of round 7, due at 2027-02-28T09:59:57.000Z, a does not answer in time; b does not have it yet",
    ],
    [
      "a relay that lies, beside one that does not",
      underBeacon([heard("a"), heard("b", "wrong_signature")]),
      "warning beacon: of round 7, due at 2027-02-28T09:59:57.000Z, b answers with a signature that does not verify",
    ],
    [
      "a beacon that nobody could ask",
      { ...underBeacon([]), ...state({ beacon: { isAsked: false, reason: "BEACON_URLS is wrong" } }) },
      "blocks beacon: cannot be asked: BEACON_URLS is wrong",
    ],
    [
      "a live drop under a beacon that strangers do not trust",
      underBeacon([heard("a")], { beacon: LOCAL_BEACON, mode: "live" }),
      "blocks beacon: is not drand's quicknet",
    ],
    ["links that do not open", { checkout: { ...WELL, knowsLinkKey: false } }, "blocks keys: LINK_KEYS"],
    [
      "an edge that answers nobody",
      { checkout: { misconfigured: "TICKET_KEYS is missing." } },
      "blocks keys: TICKET_KEYS is missing.",
    ],
    [
      "an endpoint for quotes that is away",
      { checkout: { ...WELL, quote: { outcome: "none", status: null, reason: "timeout" } } },
      "blocks quotes: shipping.quoteUrl gives no quote",
    ],
    [
      "an endpoint for quotes that minds the address",
      { checkout: { ...WELL, quote: { outcome: "none", status: 422, reason: "it answered 422" } } },
      "warning quotes: shipping.quoteUrl gives no quote",
    ],
    [
      "a quote by another key",
      { checkout: { ...WELL, quote: { outcome: "not_verified" } } },
      "blocks quotes: shipping.quoteUrl answers with a quote that is not taken",
    ],
    [
      "mails that link to this machine",
      { mails: { areSent: true, storefrontUrl: "http://127.0.0.1:8787", isLocal: false } },
      "blocks mails: about orders would link to http://127.0.0.1:8787",
    ],
  ])("%s", (_, changes, expected) => {
    const findings = findingsOf(measured(changes));
    expect(bad(findings).filter((line) => line.startsWith(expected))).toHaveLength(1);
    expect(isReady(findings)).toBe(!expected.startsWith("blocks"));
  });

  test("just inside of a bound nothing is found", () => {
    const near = awake("orders", { reading: reading({ heardAtMs: NOW + trip }) });
    expect(bad(findingsOf(measured(state({ objects: [near, ...measured().state.objects] }))))).toEqual([]);
    expect(bad(findingsOf(measured(skewed(NOW + 10 + LIMITS.objectClockSkewMaxMs))))).toEqual([]);
    const gatewayAt = (skew: number) =>
      findingsOf(measured(gateway({ reading: reading({ clockMs: NOW + 10 + skew }) })));
    expect(bad(gatewayAt(LIMITS.clockSkewWarnMs))).toEqual([]);
    expect(isReady(gatewayAt(LIMITS.clockSkewMaxMs))).toBe(true);
  });
});

test("a beacon that every relay gives is told with its round, and a trial may use another than quicknet", () => {
  const well = findingsOf(measured(underBeacon([heard("a"), heard("b")])));
  expect(bad(well)).toEqual([]);
  expect(well.filter(({ check }) => check === "beacon")).toEqual([
    {
      level: "ok",
      check: "beacon",
      message: "round 7, due at 2027-02-28T09:59:57.000Z, verifies, from a, b",
    },
  ]);
  const trial = findingsOf(measured(underBeacon([heard("a")], { beacon: LOCAL_BEACON })));
  expect(bad(trial)).toEqual([]);
  expect(trial.map(({ message }) => message).join("\n")).toContain("which is right for a trial");
});

describe("the beacon is asked", () => {
  const probe = (
    fetch: (url: string) => Promise<Response>,
    urls = ["https://a.example", "https://b.example"],
  ) =>
    probeBeacon(
      {
        urls,
        fetch,
        nowMs: () => NOW,
        timeLimit: () => new AbortController().signal,
        log: () => {},
      },
      LOCAL_BEACON,
    );
  const round = lastRoundAt(LOCAL_BEACON, NOW - LIMITS.beaconProbeAgeMs);
  const told = async () => Response.json({ round, signature: signRound(round) });

  test("for the last round that all relays should have, one by one", async () => {
    const asked: string[] = [];
    const found = await probe(async (url) => {
      asked.push(url);
      return url.startsWith("https://a") ? told() : new Response(null, { status: 503 });
    });
    expect(found).toEqual({
      isAsked: true,
      beacon: LOCAL_BEACON,
      round,
      dueAtMs: roundDueAtMs(LOCAL_BEACON, round),
      relays: [
        { host: "a.example", fault: null },
        { host: "b.example", fault: "refused" },
      ],
    });
    expect(asked).toHaveLength(2);
    expect(asked[0]).toContain(`/public/${round}`);
  });

  test.each<[string, () => Promise<Response>, string]>([
    ["is late", async () => new Response(null, { status: 404 }), "not_yet"],
    ["is away", () => Promise.reject(new TypeError("fetch failed")), "unreachable"],
    [
      "signs wrongly",
      async () => Response.json({ round, signature: signRound(round + 1) }),
      "wrong_signature",
    ],
  ])("and one that %s is told", async (_, fetch, fault) => {
    const found = await probe(fetch, ["https://a.example"]);
    expect(found).toMatchObject({ relays: [{ host: "a.example", fault }] });
  });

  test("about no round that was due later than the given instant, nor about one earlier than the last", () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), (afterMs) => {
        const atMs = LOCAL_BEACON.genesisAtMs + afterMs;
        const last = lastRoundAt(LOCAL_BEACON, atMs);
        expect(roundDueAtMs(LOCAL_BEACON, last)).toBeLessThanOrEqual(atMs);
        expect(roundDueAtMs(LOCAL_BEACON, last + 1)).toBeGreaterThan(atMs);
      }),
    );
    expect(lastRoundAt(LOCAL_BEACON, LOCAL_BEACON.genesisAtMs - 1)).toBe(1);
  });
});

test("what a drop does not need is not missed", () => {
  const bare = { hasCustomerKeys: false, hasMailUrl: false, challenge: "none" };
  expect(bad(findingsOf(measured(challenging({ challenge: "test" }))))).toEqual([]);
  expect(bad(findingsOf(measured(asking("none", bare))))).toEqual([]);
  expect(bad(findingsOf(measured(asking("signed_claim", { ...bare, hasCustomerKeys: true }))))).toEqual([]);
  expect(bad(findingsOf(measured(asking("verified_mail", { ...bare, hasMailUrl: true }))))).toEqual([]);
  for (const mails of [
    { areSent: true, storefrontUrl: "http://127.0.0.1:8787", isLocal: true },
    { areSent: false, storefrontUrl: "http://127.0.0.1:8787", isLocal: false },
  ])
    expect(bad(findingsOf(measured({ mails })))).toEqual([]);
});

test("a drop that runs is told as it is: no word of a start, and what is left of its stock", () => {
  const sold = awake("stock of runner-42", { level: { ...(level as object), available: 4, sold: 6 } });
  const running = measured({
    nowMs: Date.parse("2027-03-01T11:00:00Z"),
    warnings: [{ path: "opensAt", message: "is in the past: the drop starts at once when it is published" }],
    ...state({ objects: [sold] }),
  });
  expect(bad(findingsOf(running))).toEqual([]);
  const said = findingsOf(running).map(({ message }) => message);
  expect(said).toContain("4 of 10 units are free");
  expect(said.join("\n")).toContain("runs since 2027-03-01T10:00:00Z");
});

describe("LINK_KEYS of console and edge", () => {
  const keys = (...entries: [string, number][]) => parseKeyset("LINK_KEYS", keysetOf(...entries));
  test("agree when the edge verifies what the console signs, in a rotation too", async () => {
    const proof = await proveLinkKey(keys(["a", 1]));
    expect(await knowsLinkKey(keys(["a", 1]), proof)).toBe(true);
    expect(await knowsLinkKey(keys(["b", 2], ["a", 1]), proof)).toBe(true);
    expect(await knowsLinkKey(keys(["a", 2]), proof)).toBe(false);
    expect(await knowsLinkKey(keys(["b", 1]), proof)).toBe(false);
  });
});

describe("the endpoint for quotes is asked once", async () => {
  const { publicKey, privateKey } = await generateKeyPair("EdDSA", { extractable: true });
  const key = { kid: "q1", alg: "EdDSA", ...(await exportJWK(publicKey)) };
  const quoted = (countries: string[]) =>
    DropDocument.parse(draft({ shipping: { quoteUrl: "https://quotes.shop.com/", keys: [key], countries } }));
  const signed = (request: QuoteRequest, changes: object = {}) => {
    const { drop, reservation, currency, subtotalMinor, shippingAddress } = request;
    const claims = { drop, reservation, shippingAddress, currency, subtotalMinor, charges: [], ...changes };
    return new SignJWT(claims)
      .setProtectedHeader({ alg: "EdDSA", kid: "q1" })
      .setAudience("dropline-quote")
      .setExpirationTime(NOW / 1_000 + 600)
      .sign(privateKey);
  };
  const probe = (ask: BrandQuotes["ask"], countries = ["*"]) =>
    probeQuote(quoted(countries), {
      brandQuotes: { ask },
      clock: { now: () => NOW } as never,
      randomHex: (bytes) => "a".repeat(bytes * 2),
    });

  test("and a quote for what was asked is verified, in a country that is shipped to", async () => {
    const asked: string[] = [];
    const ask = (_: string, request: QuoteRequest) => {
      asked.push(request.shippingAddress.country);
      return signed(request);
    };
    expect(await probe(ask)).toEqual({ outcome: "verified" });
    expect(await probe(ask, ["AT", "DE"])).toEqual({ outcome: "verified" });
    expect(asked).toEqual(["DE", "AT"]);
  });

  test.each([{ subtotalMinor: 1 }, { currency: "USD" }, { drop: "other" }])(
    "and a quote with %o is not taken",
    async (changes) => {
      expect(await probe((_, request) => signed(request, changes))).toEqual({ outcome: "not_verified" });
    },
  );

  test("and its silence and its refusal are told apart", async () => {
    expect(await probe(() => Promise.reject(new NoQuote(422)))).toMatchObject({ status: 422 });
    expect(await probe(() => Promise.reject(new Error("away")))).toEqual({
      outcome: "none",
      status: null,
      reason: "away",
    });
  });

  test("and nobody is where the document has no quotes", async () => {
    const ask = () => Promise.reject(new Error("not expected"));
    const deps = { brandQuotes: { ask }, clock: { now: () => NOW } as never, randomHex: () => "" };
    expect(await probeQuote(DropDocument.parse(draft()), deps)).toBeNull();
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
      published: async (_, near) => {
        asked.push(near);
        return refuse({ code: "drop_not_found" });
      },
      preflight: async (target) => {
        asked.push(target);
        return state;
      },
    });
    console.deps.payments = { probeGateways: async () => payments };
    console.deps.edge = { probeCheckout: async () => WELL };
    await console.call(
      "PUT",
      "/v1/drops/spring/document",
      draft({ audience: ["apac", "oc"], line: { beacon: "drand" } }),
    );
    const answer = await console.call("POST", "/v1/drops/spring/preflight");
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ isReady: false, version: null, atMs: NOW_MS });
    // The very first call places the line's object, so it says where too.
    const target = { dropId: "spring", skuIds: ["runner-42"], near: "apac", takesBeacon: true };
    expect(asked).toEqual(["apac", target]);
  });

  test("looks at what is published, whatever the draft says meanwhile", async () => {
    const document = DropDocument.parse(draft({ closesAt: "2027-03-01T13:00:00Z" }));
    const frozen = { version: VERSION, publishedAtMs: NOW_MS, document };
    const console = fakeConsole({ published: async () => ok(frozen), preflight });
    console.deps.payments = { probeGateways: async () => payments };
    console.deps.edge = { probeCheckout: async () => WELL };
    await console.kv.put("drop:spring", "{}");
    const answer = await console.call("POST", "/v1/drops/spring/preflight");
    expect(answer.body).toMatchObject({ version: VERSION, document: { closesAt: "2027-03-01T13:00:00Z" } });
  });

  test("showing a draft places its line's object where the crowd is, too", async () => {
    const asked: unknown[] = [];
    const console = fakeConsole({
      published: async (_, near) => {
        asked.push(near);
        return refuse({ code: "drop_not_found" });
      },
    });
    await console.call("PUT", "/v1/drops/spring/document", draft({ audience: ["oc"] }));
    expect((await console.call("GET", "/v1/drops/spring/document")).status).toBe(200);
    expect(asked).toEqual(["oc"]);
  });

  test("a drop that nobody wrote is refused", async () => {
    const { call } = fakeConsole({ published: async () => refuse({ code: "drop_not_found" }) });
    expect((await call("POST", "/v1/drops/spring/preflight")).body.code).toBe("document_not_found");
  });
});
