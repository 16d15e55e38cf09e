import { describe, expect, test, vi } from "vitest";
import { statusOf } from "../../durable-objects/order-coordinator/decide.ts";
import type { SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { FIRST_STEP, handle, ours, play, UNCLAIMED } from "./order-drive-world.ts";
import { World } from "./order-world.ts";
import { orderId, reservationId, reserveItem } from "./sku-stock-fakes.ts";

vi.spyOn(console, "error").mockImplementation(() => {});

describe("two orders of one basket", () => {
  const WITH_LIMITS = { baskets: true, limits: true };
  const unitsOf = (world: World) =>
    [...world.limits.claims.values()].flat().map(({ claimId, units, untilMs }) => [claimId, units, untilMs]);

  async function ordered(): Promise<World> {
    const world = new World(WITH_LIMITS);
    await play(world, { act: "reserve", pick: 0 });
    for (const label of ["claim", "claim: done", "reserve to", "reserve: held"]) await handle(world, label);
    await play(world, { act: "place", pick: 0 });
    return world;
  }

  test("are one: the second is refused before anything is asked, and the first keeps its claims", async () => {
    const world = await ordered();
    const labels = ["claim", "claim: done", "claim", "claim: done", "pin to", "pin: pinned"];
    for (const label of labels) await handle(world, label);
    expect(unitsOf(world)).toEqual([
      [reservationId(1), 1, null],
      [orderId(1), 1, null],
    ]);
    const before = world.post.parcels.map(({ label }) => label);
    await play(world, { act: "rival", pick: 0 });
    expect(world.post.parcels.map(({ label }) => label)).toEqual(before);
    expect(world.store.load(orderId(8))).toBeNull();
  });

  test("DELETE of a basket whose order was given up leaves the claim to that order, which late money may revive", async () => {
    const world = new World(WITH_LIMITS);
    const go = async (...labels: string[]) => {
      for (const label of labels) await handle(world, label);
    };
    await play(world, { act: "reserve", pick: 1 });
    await go("claim", "claim: done", "reserve to", "reserve: held", "reserve to", "reserve: held");
    await play(world, { act: "place", pick: 1 });
    await go(
      "claim",
      "claim: done",
      "claim",
      "claim: done",
      "pin to",
      "pin: pinned",
      "pin to",
      "pin: pinned",
    );
    await go("message 2:1", "execute authorize");
    await handle(world, "answer to execute", "lose");
    await go("report execute authorize");
    await handle(world, "webhook authorized", "lose");
    await play(world, { act: "advance", ms: 120_000 }, { act: "alarm" });
    await go("release to", "release: released", "release to", "release: released");
    await go("unclaim", "unclaim: done", "unclaim", "unclaim: done");
    expect(ours(world).facts.units).toBe("returned");
    await play(world, { act: "give_back", pick: 1 });
    await go("give back to a", "give back: done", "give back to b", "give back: done");
    expect(world.post.parcels.filter(({ label }) => label.startsWith("unclaim"))).toEqual([]);
    await world.drain();
    world.checkAtRest();
    expect(statusOf(ours(world).facts)).toBe("confirmed");
  });

  test("may follow each other, once a limit kept the first one out: the basket stays as it was", async () => {
    const world = await ordered();
    // Somebody of the same contact has bought all that it may.
    world.limits.claims.set("contact:1", [{ claimId: "another", units: 4, untilMs: null, step: 0 }]);
    for (const label of ["claim", "claim: done", ...UNCLAIMED, ...UNCLAIMED]) await handle(world, label);
    expect(world.store.load(orderId(1))).toBeNull();
    expect(world.skuOf("a-sku" as SkuId).row(1)?.state).toBe("held");
    world.limits.claims.delete("contact:1");
    await play(world, { act: "advance", ms: 10 }, { act: "rival", pick: 0 });
    await handle(world, "claim");
    await handle(world, "claim: done");
    await handle(world, "claim");
    await handle(world, "claim: done");
    await handle(world, "pin to");
    await handle(world, "pin: pinned");
    expect(world.store.load(orderId(8))?.facts.units).toBe("pinned");
  });
});

describe("an order of several lines", () => {
  /** Basket 4 has units of all three SKUs. */
  async function reserved(): Promise<World> {
    const world = new World({ baskets: true });
    await play(world, { act: "reserve", pick: 3 });
    for (const letter of "abc") {
      await handle(world, `reserve to ${letter}-sku`);
      await handle(world, "reserve: held");
    }
    return world;
  }
  const theirs = (world: World) => world.store.load(orderId(4));

  test("pins line after line under one number, and is taken on once it has all", async () => {
    const world = await reserved();
    await play(world, { act: "place", pick: 3 });
    for (const letter of "abc") {
      expect(theirs(world)?.facts.units).toBe("unpinned");
      await handle(world, `pin to ${letter}-sku`);
      await handle(world, "pin: pinned");
    }
    expect(theirs(world)).toMatchObject({
      effect: { step: FIRST_STEP },
      facts: { units: "pinned", totalMinor: 3 * 12_900, lines: [{ skuId: "a-sku" }, {}, { skuId: "c-sku" }] },
    });
    expect(world.acknowledged).toEqual(new Set([orderId(4)]));
  });

  test.each([1, 2])(
    "of which line %i lapsed gives the others back and leaves nothing behind",
    async (nth) => {
      const world = await reserved();
      const lapsing = world.skuOf(world.linesOf(4)[nth] ?? ("" as never));
      await play(world, { act: "place", pick: 3 });
      lapsing.lapse(4);
      for (let line = 0; line < nth; line += 1) {
        await handle(world, "pin to");
        await handle(world, "pin: pinned");
      }
      await handle(world, "pin to");
      await handle(world, "pin: reservation_lapsed");
      expect(theirs(world)?.facts).toMatchObject({ pinRefusal: "reservation_lapsed", wanted: "abandon" });
      // At once, and not when what is left of the basket lapses.
      for (let line = 0; line < 3; line += 1) await handle(world, "release to");
      for (const sku of world.skus.values()) expect(sku.counts).toMatchObject({ available: 2, reserved: 0 });
      await world.drain();
      expect(theirs(world)).toBeNull();
      expect(world.acknowledged.size).toBe(0);
      for (const sku of world.skus.values()) expect(sku.counts).toMatchObject({ available: 2, reserved: 0 });
    },
  );

  test.each([0, 1, 2])(
    "whose call to line %i is lost is pinned by the alarm, under the same number",
    async (nth) => {
      const world = await reserved();
      await play(world, { act: "place", pick: 3 });
      for (let line = 0; line < nth; line += 1) {
        await handle(world, "pin to");
        await handle(world, "pin: pinned");
      }
      await handle(world, "pin to", "lose");
      await play(world, { act: "advance", ms: LIMITS.effectRetryBaseMs }, { act: "alarm" });
      for (let line = 0; line < 3; line += 1) {
        await handle(world, "pin to");
        await handle(world, "pin: pinned");
      }
      expect(theirs(world)).toMatchObject({ effect: { step: FIRST_STEP }, facts: { units: "pinned" } });
    },
  );

  test("whose late money finds a line gone gives the other lines back, and the money too", async () => {
    const world = await reserved();
    await play(world, { act: "place", pick: 3 });
    for (let line = 0; line < 3; line += 1) {
      await handle(world, "pin to");
      await handle(world, "pin: pinned");
    }
    await handle(world, "message 4:1");
    await handle(world, "execute authorize");
    await handle(world, "answer to execute", "lose");
    await handle(world, "report execute authorize");
    await handle(world, "webhook authorized", "lose");
    await play(world, { act: "advance", ms: 120_000 }, { act: "alarm" });
    for (let line = 0; line < 3; line += 1) {
      await handle(world, "release to");
      await handle(world, "release: released");
    }
    // Others take all of the last line's SKU meanwhile.
    for (const number of [11, 12]) {
      const taken = world.skuOf("c-sku" as SkuId).reserve(reserveItem(number));
      expect(taken).toBe("reserve");
    }
    await play(world, { act: "advance", ms: 10_000 }, { act: "alarm" });
    await handle(world, "message 4:1");
    await handle(world, "resolve authorize");
    await handle(world, "answer to resolve");
    await handle(world, "report resolve authorize");
    for (const state of ["committed", "committed", "sold_out"]) {
      await handle(world, "commit to");
      await handle(world, `commit: ${state}`);
    }
    expect(world.skuOf("a-sku" as SkuId).counts).toMatchObject({ sold: 1 });
    await world.drain();
    world.checkAtRest();
    expect(theirs(world)?.facts).toMatchObject({ wanted: "abandon", units: "returned", money: "voided" });
    for (const sku of world.skus.values()) expect(sku.counts).toMatchObject({ available: 2, sold: 0 });
  });
});
