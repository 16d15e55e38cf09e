import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { isReady, skewMs } from "../../schema/preflight.ts";
import { LOCAL_BEACON } from "../../scripts/sandbox/beacon/local-beacon.ts";
import { findingsOf, type Measured } from "../../workers/console/preflight/decide.ts";
import {
  asking,
  awake,
  bad,
  challenging,
  gateway,
  heard,
  level,
  measured,
  NOW,
  reading,
  state,
  underBeacon,
  WELL,
} from "./preflight-world.ts";

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
