import {
  createExecutionContext,
  evictDurableObject,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { ForEdge } from "../../durable-objects/entrypoints/for-edge.ts";
import type { LimitGuard } from "../../durable-objects/limit-guard/limit-guard.ts";
import { stubs } from "../../durable-objects/stubs.ts";
import { type DropId, identityShardOf, limitShardOf, objectNames } from "../../schema/ids.ts";
import type { LimitClaim } from "../../schema/limit-guard.ts";
import { LIMITS } from "../../schema/limits.ts";
import { OPENS_AT_MS } from "../unit/sku-stock-fakes.ts";
import { freshDrop, pass, setClock, useClock } from "./fresh.ts";

useClock();

const IDENTITY = "session:shp_1";

/** The guard of one identity in a drop that no other test knows. */
function freshGuard(dropId: DropId = freshDrop()) {
  const shard = limitShardOf(dropId, IDENTITY);
  const rpc = () => stubs.limits(env as StateEnv, dropId, shard);
  const stub = () =>
    env.LIMIT_GUARD.getByName(objectNames.limits(dropId, shard)) as unknown as DurableObjectStub<LimitGuard>;
  const claim = (claimId: string, over: Partial<LimitClaim> = {}): LimitClaim => ({
    identity: IDENTITY,
    claimId,
    step: 1,
    units: 1,
    max: 2,
    untilMs: OPENS_AT_MS + 60_000,
    ...over,
  });
  const giveBack = async (claimId: string, step: number, identity = IDENTITY) => {
    const [answer] = await rpc().giveBack([{ identity, claimId, step, countsUntilMs: null }]);
    return answer?.ok ? "done" : answer?.refusal.code;
  };
  const ask = async (...items: LimitClaim[]) =>
    (await rpc().claim(items)).map((answer) => (answer.ok ? answer.value.units : answer.refusal.code));
  const rows = () =>
    runInDurableObject(stub(), (_, { storage }) =>
      storage.sql.exec("SELECT claim_id, units, until_ms FROM claims ORDER BY claim_id").toArray(),
    );
  const alarmAtMs = () => runInDurableObject(stub(), (_, { storage }) => storage.getAlarm());
  const fences = () =>
    runInDurableObject(stub(), (_, { storage }) =>
      storage.sql.exec("SELECT claim_id, step, until_ms FROM fences ORDER BY claim_id").toArray(),
    );
  return { rpc, stub, claim, ask, giveBack, rows, fences, alarmAtMs };
}

describe("claims of one identity", () => {
  test("over twelve SKUs, two hundred at once, never come to more than the limit", async () => {
    const { ask, claim, rows } = freshGuard();
    // Each try is a basket of its own for one of twelve SKUs: the guard never learns which.
    const tries = Array.from({ length: 200 }, (_, number) =>
      ask(claim(`sku-${number % 12}/${number}`, { units: 1 + (number % 3), max: 7 })),
    );
    const answers = (await Promise.all(tries)).flat();
    const granted = answers.filter((answer) => typeof answer === "number");
    expect(granted.reduce((sum, units) => sum + units, 0)).toBe(7);
    expect(await rows()).toHaveLength(granted.length);
    expect(new Set(answers.filter((answer) => typeof answer === "string"))).toEqual(
      new Set(["shopper_limit_reached"]),
    );
  });

  test("in one batch are decided one after the other, and other identities count apart", async () => {
    const { ask, claim } = freshGuard();
    const other = claim("d", { identity: "session:shp_2", units: 2 });
    expect(await ask(claim("a"), claim("b"), claim("c"), other)).toEqual([1, 1, "shopper_limit_reached", 2]);
  });

  test("may be repeated at will, and take one place", async () => {
    const { ask, claim, rows } = freshGuard();
    expect(await ask(claim("a"), claim("a"))).toEqual([1, 1]);
    expect(await ask(claim("a"))).toEqual([1]);
    expect(await rows()).toEqual([{ claim_id: "a", units: 1, until_ms: OPENS_AT_MS + 60_000 }]);
    expect(await ask(claim("b"), claim("c"))).toEqual([1, "shopper_limit_reached"]);
  });

  test("are free again at their deadline, not a millisecond before, and without any alarm", async () => {
    const { ask, claim, rows } = freshGuard();
    await ask(claim("a", { units: 2 }));
    setClock(OPENS_AT_MS + 59_999);
    expect(await ask(claim("b"))).toEqual(["shopper_limit_reached"]);
    setClock(OPENS_AT_MS + 60_000);
    expect(await ask(claim("b", { units: 2, untilMs: null }))).toEqual([2]);
    expect(await rows()).toEqual([{ claim_id: "b", units: 2, until_ms: null }]);
  });

  test("made lasting outlive every deadline, until they are given back", async () => {
    const { giveBack, ask, claim } = freshGuard();
    await ask(claim("a", { units: 2 }));
    expect(await ask(claim("a", { step: 2, units: 2, untilMs: null }))).toEqual([2]);
    pass(365 * 24 * 60 * 60_000);
    expect(await ask(claim("b"))).toEqual(["shopper_limit_reached"]);
    expect(await giveBack("a", 3)).toBe("done");
    expect(await giveBack("a", 3)).toBe("done");
    expect(await ask(claim("b", { untilMs: null }))).toEqual([1]);
  });

  test("of somebody else are not given back by the same claim id", async () => {
    const { giveBack, ask, claim } = freshGuard();
    await ask(claim("a", { units: 2 }));
    await giveBack("a", 2, "session:shp_2");
    expect(await ask(claim("b"))).toEqual(["shopper_limit_reached"]);
  });

  test("that make no sense are refused as such, and the rest of the batch goes on", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    const { ask, claim, rows } = freshGuard();
    expect(await ask(claim("a", { units: 0 }), claim("b"), claim("c", { units: -1 }))).toEqual([
      "internal",
      1,
      "internal",
    ]);
    expect(await rows()).toHaveLength(1);
    expect(logged.mock.calls.flat().join()).toContain("limit_claim_failed");
    expect(logged.mock.calls.flat().join()).not.toContain(IDENTITY);
  });
});

describe("an evicted guard", () => {
  test("remembers its claims", async () => {
    const { stub, ask, claim } = freshGuard();
    await ask(claim("a", { units: 2 }));
    await evictDurableObject(stub());
    expect(await ask(claim("b"), claim("a", { units: 2 }))).toEqual(["shopper_limit_reached", 2]);
  });
});

describe("the alarm", () => {
  test("deletes what has lapsed, keeps the rest, and is not set when nothing will lapse", async () => {
    const { stub, ask, claim, rows, alarmAtMs } = freshGuard();
    await ask(claim("lasting", { untilMs: null, max: 9 }));
    expect(await alarmAtMs()).toBeNull();
    await ask(claim("first", { max: 9 }), claim("second", { max: 9, untilMs: OPENS_AT_MS + 500_000 }));
    expect(await alarmAtMs()).toBe(OPENS_AT_MS + 60_000 + LIMITS.limitSweepGraceMs);
    pass(60_000 + LIMITS.limitSweepGraceMs);
    await runDurableObjectAlarm(stub());
    expect((await rows()).map((row) => row.claim_id)).toEqual(["lasting", "second"]);
    expect(await alarmAtMs()).toBe(OPENS_AT_MS + 500_000 + LIMITS.limitSweepGraceMs);
    pass(500_000);
    await runDurableObjectAlarm(stub());
    expect((await rows()).map((row) => row.claim_id)).toEqual(["lasting"]);
    expect(await alarmAtMs()).toBeNull();
  });

  test("after an eviction still finds what is due", async () => {
    const { stub, ask, claim, rows } = freshGuard();
    await ask(claim("a"));
    await evictDurableObject(stub());
    pass(60_000 + LIMITS.limitSweepGraceMs);
    await runDurableObjectAlarm(stub());
    expect(await rows()).toEqual([]);
  });
});

describe("a call that comes late", () => {
  const lasting = { untilMs: null };

  test("claims nothing after its give-back, nor do copies of it after an eviction", async () => {
    const { stub, ask, claim, giveBack, rows } = freshGuard();
    await ask(claim("a", { ...lasting, units: 2 }));
    await giveBack("a", 2);
    for (let copy = 0; copy < 2; copy += 1) {
      expect(await ask(claim("a", { ...lasting, units: 2 }))).toEqual(["request_in_progress"]);
      await evictDurableObject(stub());
    }
    expect(await rows()).toEqual([]);
    expect(await ask(claim("b", { units: 2 }))).toEqual([2]);
  });

  test("claims nothing either when the give-back was the first that this guard ever heard", async () => {
    const { ask, claim, giveBack, rows } = freshGuard();
    expect(await giveBack("a", 2)).toBe("done");
    expect(await ask(claim("a", lasting))).toEqual(["request_in_progress"]);
    expect(await rows()).toEqual([]);
  });

  test("gives nothing back that was claimed anew, and claims no more than was returned since", async () => {
    const { ask, claim, giveBack, rows } = freshGuard();
    await ask(claim("a", { ...lasting, units: 2 }));
    await giveBack("a", 2);
    expect(await ask(claim("a", { ...lasting, step: 3, units: 2 }))).toEqual([2]);
    expect(await giveBack("a", 2)).toBe("request_in_progress");
    expect(await ask(claim("a", { ...lasting, step: 4 }))).toEqual([1]);
    expect(await ask(claim("a", { ...lasting, step: 3, units: 2 }))).toEqual(["request_in_progress"]);
    expect(await rows()).toEqual([{ claim_id: "a", units: 1, until_ms: null }]);
  });

  test("is fenced for limitFenceMs, to the millisecond, whether the alarm came or not", async () => {
    for (const alarms of [false, true]) {
      setClock(OPENS_AT_MS);
      const { stub, ask, claim, giveBack, fences, alarmAtMs } = freshGuard();
      await giveBack("a", 2);
      const untilMs = OPENS_AT_MS + LIMITS.limitFenceMs;
      expect(await fences()).toEqual([{ claim_id: "a", step: 2, until_ms: untilMs }]);
      expect(await alarmAtMs()).toBe(untilMs + LIMITS.limitSweepGraceMs);
      setClock(untilMs - 1);
      if (alarms) await runDurableObjectAlarm(stub());
      expect(await ask(claim("a", lasting))).toEqual(["request_in_progress"]);
      setClock(untilMs);
      if (alarms) await runDurableObjectAlarm(stub());
      expect(await fences()).toHaveLength(alarms ? 0 : 1);
      expect(await ask(claim("a", lasting))).toEqual([1]);
    }
  });
});

test("a guard that nobody claimed at has no tables", async () => {
  const { rpc, stub } = freshGuard();
  expect(await rpc().giveBack([])).toEqual([]);
  expect(await rpc().claim([])).toEqual([]);
  const tables = await runInDurableObject(stub(), (_, { storage }) =>
    storage.sql.exec("SELECT name FROM sqlite_master WHERE name IN ('claims', 'schema_steps')").toArray(),
  );
  expect(tables).toEqual([]);
});

test("mails and codes are counted apart from any drop, through the edge's own door", async () => {
  const forEdge = new ForEdge(createExecutionContext(), env as StateEnv);
  const identity = "tries:1";
  const shard = identityShardOf(identity);
  const one = (claimId: string) => ({
    identity,
    claimId,
    step: 0,
    units: 1,
    max: 1,
    untilMs: OPENS_AT_MS + 60_000,
  });
  expect(await forEdge.countIdentity(shard, [one("a"), one("b")])).toMatchObject([
    { ok: true },
    { ok: false, refusal: { code: "shopper_limit_reached" } },
  ]);
  const dropNamedAlike = stubs.limits(env as StateEnv, "identity" as DropId, shard);
  expect(await dropNamedAlike.claim([one("b")])).toMatchObject([{ ok: true }]);
});
