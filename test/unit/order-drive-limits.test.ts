import { describe, expect, test, vi } from "vitest";
import type { SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { handle, play, UNCLAIMED } from "./order-drive-world.ts";
import { World } from "./order-world.ts";
import { orderId, reservationId } from "./sku-stock-fakes.ts";

vi.spyOn(console, "error").mockImplementation(() => {});

describe("a limit that comes after another", () => {
  test("keeps the order out as the first does: its own claims end, the basket and its claim stay", async () => {
    const world = new World({ baskets: true, limits: true });
    await play(world, { act: "reserve", pick: 0 });
    for (const label of ["claim", "claim: done", "reserve to", "reserve: held"]) await handle(world, label);
    const mail = [...world.limits.claims.keys()][0] ?? "";
    const before = world.limits.claims.get(mail);
    await play(world, { act: "place", pick: 0 });
    await handle(world, "claim");
    await handle(world, "claim: done");
    expect(world.limits.claims.get("contact:1")).toHaveLength(1);
    // The basket's own is the second: it lapsed, and the units were bought otherwise.
    await play(world, { act: "advance", ms: 30_000 + LIMITS.claimSlackMs });
    world.limits.claims.set(mail, [{ claimId: "another", units: 3, untilMs: null, step: 0 }]);
    await handle(world, "claim");
    await handle(world, "claim: done");
    for (const label of [...UNCLAIMED, ...UNCLAIMED]) await handle(world, label);
    expect(before).toHaveLength(1);
    expect(world.post.parcels).toEqual([]);
    expect(world.limits.claims.get("contact:1")).toEqual([]);
    expect(world.limits.claims.get(mail)).toHaveLength(1);
    expect(world.skuOf("a-sku" as SkuId).row(1)?.state).toBe("held");
    expect(world.store.load(orderId(1))).toBeNull();
  });
});

describe("a pin that outlives its caller", () => {
  test("was never sent for a reservation that does not exist yet", async () => {
    const world = new World();
    await play(world, { act: "place", pick: 1 });
    expect(world.post.parcels).toEqual([]);
    expect(world.store.load(orderId(2))).toBeNull();
  });

  test("leaves the basket until its own deadline also when a claim for the order comes after all", async () => {
    const { world, mail, untilMs } = await keptOut();
    // Whoever had bought the units gave them back: there is room again, and a copy of the order's first call arrives.
    world.limits.claims.set(mail, [{ claimId: reservationId(1), units: 1, untilMs, step: 0 }]);
    expect(world.post.late).toHaveLength(1);
    await play(world, { act: "late", pick: 0 });
    expect(world.limits.claims.get(mail)).toMatchObject([{ untilMs: null }]);
    for (const label of [...UNCLAIMED, ...UNCLAIMED]) await handle(world, label);
    expect(world.store.load(orderId(1))).toBeNull();
    expect(world.limits.claims.get(mail)).toMatchObject([{ claimId: reservationId(1), units: 1, untilMs }]);
  });

  test("is deaf to a claim for the order that comes once the order is forgotten", async () => {
    const { world, mail, untilMs } = await keptOut();
    world.limits.claims.set(mail, [{ claimId: reservationId(1), units: 1, untilMs, step: 0 }]);
    for (const label of [...UNCLAIMED, ...UNCLAIMED]) await handle(world, label);
    expect(world.store.load(orderId(1))).toBeNull();
    await play(world, { act: "late", pick: 0 });
    expect(world.limits.claims.get(mail)).toMatchObject([{ claimId: reservationId(1), units: 1, untilMs }]);
  });

  /** The first call for the basket's own claim got no answer and is still on its way; the second was refused. */
  async function keptOut() {
    const world = new World({ baskets: true, limits: true });
    await play(world, { act: "reserve", pick: 0 });
    for (const label of ["claim", "claim: done", "reserve to", "reserve: held"]) await handle(world, label);
    const [mail = ""] = world.limits.claims.keys();
    const untilMs = world.limits.claims.get(mail)?.[0]?.untilMs ?? null;
    await play(world, { act: "place", pick: 0 });
    for (const label of ["claim", "claim: done"]) await handle(world, label);
    await handle(world, "claim", "detach");
    world.limits.claims.set(mail, [{ claimId: "another", units: 3, untilMs: null, step: 0 }]);
    await play(world, { act: "advance", ms: LIMITS.effectRetryBaseMs }, { act: "alarm" });
    for (const label of ["claim", "claim: done", "claim", "claim: done"]) await handle(world, label);
    return { world, mail, untilMs };
  }
});

describe("an order whose numbers were lost", () => {
  test("goes on above those that a limit has seen, and ends its claims there", async () => {
    const world = new World({ baskets: true, limits: true });
    const seen = 9_999_999_999_999;
    world.limits.unclaim({ identity: "contact:1", claimId: orderId(1), step: seen, countsUntilMs: null });
    await play(world, { act: "reserve", pick: 0 });
    for (const label of ["claim", "claim: done", "reserve to", "reserve: held"]) await handle(world, label);
    await play(world, { act: "place", pick: 0 });
    for (const label of ["claim", "claim: done"]) await handle(world, label);
    expect(world.store.load(orderId(1))?.effect.step).toBe(seen + 1);
    await world.drain();
    world.checkAtRest();
  });
});
