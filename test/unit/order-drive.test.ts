import { describe, expect, test, vi } from "vitest";
import { resolveDelayMs, statusOf } from "../../durable-objects/order-coordinator/decide.ts";
import type { SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { type Act, World } from "./order-world.ts";
import { OPENS_AT_MS, orderId, reservationId, reserveItem } from "./sku-stock-fakes.ts";

vi.spyOn(console, "error").mockImplementation(() => {});

/** An order's numbers begin above its clock, so that one that was forgotten never counts an earlier number again. */
const FIRST_STEP = OPENS_AT_MS + 1;

/** Lets the parcel whose label begins so arrive, or meet another fate. */
async function handle(
  world: World,
  label: string,
  act: "deliver" | "lose" | "duplicate" | "detach" = "deliver",
  mood: "fine" | "decline" | "dead" = "fine",
) {
  const pick = world.parcels.findIndex((parcel) => parcel.label.startsWith(label));
  if (pick < 0)
    throw new Error(`nothing called "${label}" is on its way: ${world.parcels.map((one) => one.label)}`);
  await world.play({ act, pick, mood });
}
const play = async (world: World, ...acts: Act[]) => {
  for (const act of acts) await world.play(act);
};
const reserveAndPlace: Act[] = [
  { act: "reserve", pick: 1 },
  { act: "place", pick: 1 },
];
const ours = (world: World) => {
  const record = world.store.load(orderId(2));
  if (!record) throw new Error("the order is gone");
  return record;
};

/** An order (by token) whose unit is pinned and whose authorize waits to be begun. */
async function placed(): Promise<World> {
  const world = new World();
  await play(world, ...reserveAndPlace);
  await handle(world, "pin to");
  await handle(world, "pin: pinned");
  return world;
}

describe("one order, undisturbed", () => {
  test("is pinned, authorized, committed, captured, confirmed", async () => {
    const world = await placed();
    await handle(world, "message 2:1");
    await handle(world, "execute authorize");
    await handle(world, "answer to execute authorize");
    await handle(world, "report execute authorize");
    await handle(world, "commit to");
    expect(world.capturesOf.size).toBe(0);
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
    expect(world.parcels.filter(({ label }) => label.startsWith("execute"))).toHaveLength(1);
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
    expect(world.parcels.map(({ label }) => label)).toContain("resolve authorize of 2:1");
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
    expect(world.gateway.payments.size).toBe(0);
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
    const copy = world.parcels.splice(
      world.parcels.findIndex(({ label }) => label.startsWith("commit to")),
      1,
    );
    await world.drain();
    expect(ours(world).facts).toMatchObject({ wanted: "abandon", money: "voided" });
    expect(world.sku.counts).toMatchObject({ available: 2, sold: 0 });
    world.parcels.push(...copy);
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
    expect(world.parcels).toHaveLength(1);
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

const UNCLAIMED = ["unclaim", "unclaim: done"];

describe("two orders of one basket", () => {
  const WITH_LIMITS = { baskets: true, limits: true };
  const unitsOf = (world: World) =>
    [...world.claims.values()].flat().map(({ claimId, units, untilMs }) => [claimId, units, untilMs]);

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
    const before = world.parcels.map(({ label }) => label);
    await play(world, { act: "rival", pick: 0 });
    expect(world.parcels.map(({ label }) => label)).toEqual(before);
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
    expect(world.parcels.filter(({ label }) => label.startsWith("unclaim"))).toEqual([]);
    await world.drain();
    world.checkAtRest();
    expect(statusOf(ours(world).facts)).toBe("confirmed");
  });

  test("may follow each other, once a limit kept the first one out: the basket stays as it was", async () => {
    const world = await ordered();
    // Somebody of the same contact has bought all that it may.
    world.claims.set("contact:1", [{ claimId: "another", units: 4, untilMs: null, step: 0 }]);
    for (const label of ["claim", "claim: done", ...UNCLAIMED, ...UNCLAIMED]) await handle(world, label);
    expect(world.store.load(orderId(1))).toBeNull();
    expect(world.skuOf("a-sku" as SkuId).row(1)?.state).toBe("held");
    world.claims.delete("contact:1");
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

describe("a limit that comes after another", () => {
  test("keeps the order out as the first does: its own claims end, the basket and its claim stay", async () => {
    const world = new World({ baskets: true, limits: true });
    await play(world, { act: "reserve", pick: 0 });
    for (const label of ["claim", "claim: done", "reserve to", "reserve: held"]) await handle(world, label);
    const mail = [...world.claims.keys()][0] ?? "";
    const before = world.claims.get(mail);
    await play(world, { act: "place", pick: 0 });
    await handle(world, "claim");
    await handle(world, "claim: done");
    expect(world.claims.get("contact:1")).toHaveLength(1);
    // The basket's own is the second: it lapsed, and the units were bought otherwise.
    await play(world, { act: "advance", ms: 30_000 + LIMITS.claimSlackMs });
    world.claims.set(mail, [{ claimId: "another", units: 3, untilMs: null, step: 0 }]);
    await handle(world, "claim");
    await handle(world, "claim: done");
    for (const label of [...UNCLAIMED, ...UNCLAIMED]) await handle(world, label);
    expect(before).toHaveLength(1);
    expect(world.parcels).toEqual([]);
    expect(world.claims.get("contact:1")).toEqual([]);
    expect(world.claims.get(mail)).toHaveLength(1);
    expect(world.skuOf("a-sku" as SkuId).row(1)?.state).toBe("held");
    expect(world.store.load(orderId(1))).toBeNull();
  });
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

describe("a pin that outlives its caller", () => {
  test("was never sent for a reservation that does not exist yet", async () => {
    const world = new World();
    await play(world, { act: "place", pick: 1 });
    expect(world.parcels).toEqual([]);
    expect(world.store.load(orderId(2))).toBeNull();
  });

  test("leaves the basket until its own deadline also when a claim for the order comes after all", async () => {
    const { world, mail, untilMs } = await keptOut();
    // Whoever had bought the units gave them back: there is room again, and a copy of the order's first call arrives.
    world.claims.set(mail, [{ claimId: reservationId(1), units: 1, untilMs, step: 0 }]);
    expect(world.late).toHaveLength(1);
    await play(world, { act: "late", pick: 0 });
    expect(world.claims.get(mail)).toMatchObject([{ untilMs: null }]);
    for (const label of [...UNCLAIMED, ...UNCLAIMED]) await handle(world, label);
    expect(world.store.load(orderId(1))).toBeNull();
    expect(world.claims.get(mail)).toMatchObject([{ claimId: reservationId(1), units: 1, untilMs }]);
  });

  test("is deaf to a claim for the order that comes once the order is forgotten", async () => {
    const { world, mail, untilMs } = await keptOut();
    world.claims.set(mail, [{ claimId: reservationId(1), units: 1, untilMs, step: 0 }]);
    for (const label of [...UNCLAIMED, ...UNCLAIMED]) await handle(world, label);
    expect(world.store.load(orderId(1))).toBeNull();
    await play(world, { act: "late", pick: 0 });
    expect(world.claims.get(mail)).toMatchObject([{ claimId: reservationId(1), units: 1, untilMs }]);
  });

  /** The first call for the basket's own claim got no answer and is still on its way; the second was refused. */
  async function keptOut() {
    const world = new World({ baskets: true, limits: true });
    await play(world, { act: "reserve", pick: 0 });
    for (const label of ["claim", "claim: done", "reserve to", "reserve: held"]) await handle(world, label);
    const [mail = ""] = world.claims.keys();
    const untilMs = world.claims.get(mail)?.[0]?.untilMs ?? null;
    await play(world, { act: "place", pick: 0 });
    for (const label of ["claim", "claim: done"]) await handle(world, label);
    await handle(world, "claim", "detach");
    world.claims.set(mail, [{ claimId: "another", units: 3, untilMs: null, step: 0 }]);
    await play(world, { act: "advance", ms: LIMITS.effectRetryBaseMs }, { act: "alarm" });
    for (const label of ["claim", "claim: done", "claim", "claim: done"]) await handle(world, label);
    return { world, mail, untilMs };
  }
});

describe("an order whose numbers were lost", () => {
  test("goes on above those that a limit has seen, and ends its claims there", async () => {
    const world = new World({ baskets: true, limits: true });
    const seen = 9_999_999_999_999;
    world.unclaim({ identity: "contact:1", claimId: orderId(1), step: seen, countsUntilMs: null });
    await play(world, { act: "reserve", pick: 0 });
    for (const label of ["claim", "claim: done", "reserve to", "reserve: held"]) await handle(world, label);
    await play(world, { act: "place", pick: 0 });
    for (const label of ["claim", "claim: done"]) await handle(world, label);
    expect(world.store.load(orderId(1))?.effect.step).toBe(seen + 1);
    await world.drain();
    world.checkAtRest();
  });
});
