import { describe, expect, test } from "vitest";
import { audit } from "../../scripts/rehearse/audit/audit.ts";
import type { Evidence } from "../../scripts/rehearse/audit/evidence.ts";
import { type Drained, drain, isSettled, type Standing, unfinished } from "../../scripts/rehearse/drain.ts";
import { computeFigures, percentile } from "../../scripts/rehearse/figures.ts";
import type { GatewayBooks } from "../../scripts/rehearse/gateway-client.ts";
import { defaultOptions } from "../../scripts/rehearse/options.ts";
import { buildResult, renderReport } from "../../scripts/rehearse/report.ts";
import { createTraffic, noteLatency, noteUnexpected } from "../../scripts/rehearse/traffic.ts";
import { createTally } from "../../scripts/rehearse/world.ts";
import { OPENS_AT_MS, orderOf, reservationOf, rowOf, soundEvidence } from "./rehearse-evidence.ts";

const standing = (changes: Partial<Standing> = {}): Standing => ({
  reservations: [reservationOf(1)],
  orders: [orderOf(1)],
  orderRows: [rowOf(orderOf(1))],
  pendingWebhooks: 0,
  ...changes,
});

describe("draining", () => {
  test("is over when orders, units, D1 and webhooks are at rest", () => {
    expect(unfinished(standing())).toEqual([]);
  });

  test.each([
    [
      "an order under way",
      { orders: [orderOf(1, { status: "processing", money: "authorized" })] },
      /1 orders not final \(ord_/,
    ],
    ["a unit still held", { reservations: [reservationOf(1, { state: "held" })] }, /1 reservations held/],
    ["a unit still pinned", { reservations: [reservationOf(1, { state: "pinned" })] }, /1 reservations held/],
    [
      "an order that D1 has not confirmed",
      { orders: [orderOf(1, { projectedVersion: 3 })] },
      /not yet in D1/,
    ],
    ["an order that D1 does not have", { orderRows: [] }, /1 orders differ in D1/],
    ["a webhook under way", { pendingWebhooks: 2 }, /2 webhooks under way/],
  ])("waits for %s", (_, changes, words) => {
    expect(unfinished(standing(changes)).join("; ")).toMatch(words);
  });

  test("a canceled order is settled once nothing of its money is kept, blocked or unknown", () => {
    const canceled = (changes: object) =>
      orderOf(1, { status: "canceled", money: "none", attempts: [], ...changes });
    expect(isSettled(canceled({}))).toBe(true);
    expect(isSettled(canceled({ money: "voided" }))).toBe(true);
    expect(isSettled(canceled({ money: "authorized" }))).toBe(false);
    expect(isSettled(canceled({ money: "captured" }))).toBe(false);
    const [attempt] = orderOf(1).attempts;
    expect(isSettled(canceled({ attempts: [{ ...attempt, state: "unknown" }] }))).toBe(false);
  });

  test("a confirmed order is settled once nothing of it is under way, also when all its money went back", () => {
    expect(isSettled(orderOf(1, { money: "refunded", refund: "refunded" }))).toBe(true);
    expect(isSettled(orderOf(1, { money: "authorized" }))).toBe(false);
    expect(isSettled(orderOf(1, { pollAfterMs: 1_000 }))).toBe(false);
  });

  test("gives up after its patience and says what is left", async () => {
    const drained = await drain(
      async () => standing({ pendingWebhooks: 1 }),
      -1,
      () => {},
    );
    expect(drained).toMatchObject({ ok: false, left: ["1 webhooks under way"] });
  });
});

test("a percentile is the nearest rank", () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect([percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)]).toEqual([50, 99, 100]);
  expect(percentile([3], 0.01)).toBe(3);
  expect(percentile([], 0.5)).toBeNull();
});

describe("the result", () => {
  const books: GatewayBooks = {
    entries: [],
    refusedDoubleCaptures: 0,
    pendingWebhooks: 0,
    webhooks: {},
    injected: {},
  };
  const drained: Drained = { ok: true, seconds: 1, left: [] };

  function resultOf(
    evidence: Evidence,
    changes: { drained?: Drained; unexpected?: number; kills?: number } = {},
  ) {
    const traffic = createTraffic();
    for (const ms of [1, 2, 3, 400]) noteLatency(traffic, "reserve", ms);
    for (let count = 0; count < (changes.unexpected ?? 0); count++)
      noteUnexpected(traffic, "reserve: 500 internal");
    const tally = { ...createTally(), firstReserveAtMs: OPENS_AT_MS + 2_000 };
    const figures = computeFigures({
      evidence,
      traffic,
      tally,
      books,
      kills: [],
      crowdSeconds: 2,
      drainSeconds: 1,
      parked: 0,
    });
    const options = defaultOptions({ kills: changes.kills ?? 0 });
    const unexpected = traffic.unexpected.words;
    return buildResult({
      verdict: audit(evidence),
      figures,
      drained: changes.drained ?? drained,
      unexpected,
      options,
    });
  }

  test("of a sound run is ok, and counts purchases from the first reserve to the last confirmation", () => {
    const result = resultOf(soundEvidence());
    expect(result.ok).toBe(true);
    expect(result.figures).toMatchObject({
      purchases: 1,
      seconds: 2,
      purchasesPerSecond: 0.5,
      p50Ms: 2,
      p99Ms: 400,
      httpRequests: 4,
    });
    expect(Object.keys(result.guarantees)).toEqual([
      "oversold",
      "doubleCaptures",
      "capturedWithoutOrder",
      "acknowledgedLost",
      "limitBroken",
      "orderInversions",
    ]);
    expect(renderReport(result)).toContain("Everything held.");
  });

  test("fails for each breach, for surprises, for what did not settle, for missing kills, and for a run without a sale", () => {
    const broken = soundEvidence();
    broken.gateway.push(...broken.gateway.filter((entry) => entry.kind === "captured"));
    expect(resultOf(broken)).toMatchObject({
      ok: false,
      guarantees: { doubleCaptures: 1 },
      failures: ["doubleCaptures: 1"],
    });
    expect(renderReport(resultOf(broken))).toContain("was captured again");

    const surprised = resultOf(soundEvidence(), { unexpected: 3 });
    expect(surprised).toMatchObject({ ok: false, failures: ["3 unexpected answers"] });
    expect(surprised.violations).toContain("unexpected: reserve: 500 internal");

    const stuck = resultOf(soundEvidence(), {
      drained: { ok: false, seconds: 60, left: ["1 orders not final"] },
    });
    expect(stuck.failures).toEqual(["not settled after 60 s: 1 orders not final"]);
    expect(resultOf(soundEvidence(), { kills: 2 }).failures).toEqual(["only 0 of 2 kills took place"]);

    const idle = soundEvidence();
    idle.orders = [];
    expect(resultOf(idle).failures).toContain("nothing was bought");
  });

  test("tells at most fifty violations", () => {
    const evidence = soundEvidence();
    for (let count = 0; count < 80; count++) evidence.orderRows.push(rowOf(orderOf(100 + count)));
    const result = resultOf(evidence);
    expect(result.violations).toHaveLength(50);
    expect(result.figures.integrityProblems).toBe(80);
  });
});
