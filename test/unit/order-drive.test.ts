import { describe, expect, test, vi } from "vitest";
import { resolveDelayMs, statusOf } from "../../durable-objects/order-coordinator/decide.ts";
import { LIMITS } from "../../schema/limits.ts";
import { FIRST_STEP, handle, ours, placed, play, reserveAndPlace } from "./order-drive-world.ts";
import { World } from "./order-world.ts";
import { orderId, reservationId } from "./sku-stock-fakes.ts";

vi.spyOn(console, "error").mockImplementation(() => {});

describe("one order, undisturbed", () => {
  test("is pinned, authorized, committed, captured, confirmed", async () => {
    const world = await placed();
    await handle(world, "message 2:1");
    await handle(world, "execute authorize");
    await handle(world, "answer to execute authorize");
    await handle(world, "report execute authorize");
    await handle(world, "commit to");
    expect(world.payments.capturesOf.size).toBe(0);
    await handle(world, "commit: committed");
    await handle(world, "execute capture");
    await handle(world, "answer to execute capture");
    expect(statusOf(ours(world).facts)).toBe("processing");
    await handle(world, "report execute capture");
    expect(statusOf(ours(world).facts)).toBe("confirmed");
    expect(world.sku.counts).toMatchObject({ sold: 1, reserved: 0 });
    expect(
      world.store.attempts(orderId(2)).map(({ operation, state, outcome }) => [operation, state, outcome]),
    ).toEqual([
      ["authorize", "final", "succeeded"],
      ["capture", "final", "succeeded"],
    ]);
  });
});

describe("begin", () => {
  test("hands a command to one consumer, and a stale message to nobody", async () => {
    const world = await placed();
    await handle(world, "message 2:1", "duplicate");
    await handle(world, "message 2:1");
    expect(world.post.parcels.filter(({ label }) => label.startsWith("execute"))).toHaveLength(1);
  });

  test("hands out a lookup once the lease of a silent consumer is over", async () => {
    const world = await placed();
    await handle(world, "message 2:1");
    await handle(world, "execute authorize");
    await handle(world, "answer to execute authorize");
    await handle(world, "report execute authorize", "lose");
    await play(world, { act: "advance", ms: 29_999 }, { act: "alarm" });
    expect(ours(world).facts.open?.state).toBe("begun");
    await play(world, { act: "advance", ms: 1 }, { act: "alarm" });
    expect(ours(world).facts.open?.state).toBe("unknown");
    await play(world, { act: "advance", ms: 2_000 }, { act: "alarm" });
    await handle(world, "message 2:1");
    expect(world.post.parcels.map(({ label }) => label)).toContain("resolve authorize of 2:1");
  });

  test("a command that nobody begins is sent again, and given up without a charge when its time is over", async () => {
    const world = await placed();
    await handle(world, "message 2:1", "lose");
    await play(world, { act: "advance", ms: 10_000 }, { act: "alarm" });
    await handle(world, "message 2:1", "lose");
    await play(world, { act: "advance", ms: 50_000 }, { act: "alarm" });
    expect(ours(world).facts).toMatchObject({
      wanted: "abandon",
      cancelReason: "payment_expired",
      open: null,
    });
    await world.drain();
    expect(world.payments.gateway.payments.size).toBe(0);
    expect(world.sku.counts).toMatchObject({ available: 2 });
  });
});

describe("a crash", () => {
  test("between the row and the pin is taken up by the alarm, under the same step", async () => {
    const world = new World();
    await play(world, ...reserveAndPlace, { act: "crash" });
    await handle(world, "pin to");
    await handle(world, "pin: pinned");
    expect(ours(world).facts.units).toBe("unpinned");
    await play(world, { act: "advance", ms: LIMITS.effectRetryBaseMs }, { act: "alarm" });
    await handle(world, "pin to");
    await handle(world, "pin: pinned again".slice(0, 4));
    expect(ours(world)).toMatchObject({ facts: { units: "pinned" }, effect: { step: FIRST_STEP } });
  });

  test("between the commit and its answer neither loses the unit nor takes another", async () => {
    const world = await placed();
    await handle(world, "message 2:1");
    await handle(world, "execute authorize");
    await handle(world, "webhook authorized");
    await handle(world, "commit to");
    await play(world, { act: "crash" });
    await world.drain();
    world.checkAtRest();
    expect(statusOf(ours(world).facts)).toBe("confirmed");
    expect(world.sku.counts).toMatchObject({ sold: 1, available: 1 });
  });
});

describe("a call that outlives its caller", () => {
  /** The order gave its unit back, then its money arrived; by then others hold all units, so the late commit is refused. */
  async function refusedLateCommit(): Promise<World> {
    const world = await placed();
    await handle(world, "message 2:1");
    await handle(world, "execute authorize");
    await handle(world, "answer to execute", "lose");
    await handle(world, "report execute authorize");
    await handle(world, "webhook authorized", "lose");
    await play(world, { act: "advance", ms: 120_000 }, { act: "alarm" });
    await handle(world, "release to");
    await handle(world, "release: released");
    await play(world, { act: "reserve", pick: 0 }, { act: "reserve", pick: 2 });
    await play(world, { act: "advance", ms: 10_000 }, { act: "alarm" });
    await handle(world, "message 2:1");
    await handle(world, "resolve authorize");
    await handle(world, "answer to resolve");
    await handle(world, "report resolve authorize");
    await handle(world, "commit to", "duplicate");
    await handle(world, "commit: sold_out");
    return world;
  }

  test("a refused late commit that arrives once more, after units came back, takes none of them", async () => {
    const world = await refusedLateCommit();
    // All but the copy goes its way: the money is voided, the order over.
    const copy = world.post.parcels.splice(
      world.post.parcels.findIndex(({ label }) => label.startsWith("commit to")),
      1,
    );
    await world.drain();
    expect(ours(world).facts).toMatchObject({ wanted: "abandon", money: "voided" });
    expect(world.sku.counts).toMatchObject({ available: 2, sold: 0 });
    world.post.parcels.push(...copy);
    await world.drain();
    expect(world.sku.counts).toMatchObject({ available: 2, sold: 0 });
    expect(world.sku.row(2)).toMatchObject({ state: "released", reservationId: reservationId(2) });
  });
});

describe("the alarm", () => {
  test("waits longer each time while a stock step is under way, instead of coming back at once", async () => {
    const world = new World();
    await play(world, ...reserveAndPlace);
    const waits: number[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      const dueAtMs = world.store.earliestDueMs() ?? 0;
      waits.push(dueAtMs - world.nowMs);
      await play(world, { act: "advance", ms: dueAtMs - world.nowMs }, { act: "alarm" });
    }
    expect(waits.every((waitMs) => waitMs >= 250)).toBe(true);
    expect(world.post.parcels).toHaveLength(1);
    await world.drain();
    world.checkAtRest();
  });
});

describe("an order that cannot be taken up", () => {
  test("is put off, and the others go their way", async () => {
    const world = await placed();
    await play(world, { act: "reserve", pick: 3 }, { act: "place", pick: 3 });
    const save = vi.spyOn(world.store, "saveOpen").mockImplementation((record) => {
      if (record.orderId === orderId(2)) throw new Error("CHECK constraint failed");
    });
    const saveAll = vi.spyOn(world.store, "save").mockImplementation((record) => {
      if (record.orderId === orderId(2)) throw new Error("CHECK constraint failed");
    });
    const due = world.store.earliestDueMs() ?? 0;
    await play(world, { act: "advance", ms: Math.max(due - world.nowMs, 10_000) }, { act: "alarm" });
    expect(save.mock.calls.length + saveAll.mock.calls.length).toBeGreaterThan(0);
    expect(world.store.due(world.nowMs).map((record) => record.orderId)).toEqual([]);
    expect(world.store.load(orderId(4))?.effect.tries).toBe(2);
    save.mockRestore();
    saveAll.mockRestore();
    await world.drain();
    world.checkAtRest();
  });
});

describe("what others can see of an order", () => {
  test("has a new version when it changes, and not at each look at a payment that nobody knows", async () => {
    const world = await placed();
    await handle(world, "message 2:1");
    await handle(world, "execute authorize", "deliver", "dead");
    await handle(world, "answer to execute");
    await handle(world, "report execute authorize");
    const before = ours(world);
    let looks = 0;
    while (looks < 4) {
      await play(world, { act: "advance", ms: (world.store.earliestDueMs() ?? 0) - world.nowMs });
      await play(world, { act: "alarm" });
      await handle(world, "message 2:1");
      await handle(world, "resolve authorize", "deliver", "dead");
      await handle(world, "answer to resolve");
      await handle(world, "report resolve authorize");
      looks += 1;
    }
    const { version, updatedAtMs, facts } = ours(world);
    expect(facts.open).toMatchObject({ state: "unknown", tries: looks + 1 });
    expect({ version, updatedAtMs }).toEqual({ version: before.version, updatedAtMs: before.updatedAtMs });
    await world.drain();
    expect(statusOf(ours(world).facts)).toBe("confirmed");
    expect(ours(world).version).toBeGreaterThan(version);
  });
});

test("a call is waited for no longer than until the alarm asks again", () => {
  expect(LIMITS.skuCallTimeoutMs).toBeLessThan(LIMITS.effectRetryBaseMs);
});

test("all looks at a page where nobody pays leave the version alone", async () => {
  const world = new World();
  await play(world, { act: "reserve", pick: 0 }, { act: "place", pick: 0 });
  const steps = ["pin to", "pin: pinned", "message 1:1", "execute session", "answer to", "report execute"];
  for (const label of steps) await handle(world, label);
  const theirs = () => world.store.load(orderId(1));
  const before = theirs();
  for (let look = 0; look < 6; look += 1) {
    await play(world, { act: "advance", ms: resolveDelayMs(look) }, { act: "alarm" });
    await handle(world, "message 1:2");
    await handle(world, "resolve authorize", "deliver", "dead");
    await handle(world, "answer to resolve");
    await handle(world, "report resolve");
  }
  expect(theirs()?.facts.open).toMatchObject({ operation: "authorize", tries: 6 });
  expect(theirs()?.version).toBe(before?.version);
  expect(theirs()?.updatedAtMs).toBe(before?.updatedAtMs);
});
