import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OrderAnswer, ReservationAnswer, TicketAnswer } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { Snapshot } from "../../schema/line.ts";
import { ask, expectRefusal, type Reply, told } from "./ask.ts";
import { eventually } from "./eventually.ts";
import { Shopper } from "./shopper.ts";
import { moneyOf, publishDrop, rowsOf, startWorld, stockOf, unitsOf, type World } from "./world.ts";

const BY_TOKEN = { kind: "token", token: "tok_ok" } as const;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.end());

const arrive = (count: number) => Promise.all(Array.from({ length: count }, () => Shopper.arrived(world)));

describe.concurrent("a write", () => {
  it("needs its Idempotency-Key, and one of visible ASCII of a bounded length", async () => {
    const drop = await publishDrop(world);
    const shopper = await Shopper.arrived(world);
    const bodies = { tickets: {}, reservations: {}, orders: {} };
    for (const [write, body] of Object.entries(bodies)) {
      const path = `/drops/${drop.id}/${write}`;
      const withKey = (key?: string) => shopper.ask(path, { method: "POST", body, key });
      expectRefusal(await withKey(), "idempotency_key_missing");
      for (const key of ["", "a b", "a\u00e9", "k".repeat(LIMITS.idempotencyKeyMaxChars + 1), '"open', '""'])
        expectRefusal(await withKey(key), "idempotency_key_invalid");
    }
    const longest = "k".repeat(LIMITS.idempotencyKeyMaxChars);
    told(await shopper.post(`/drops/${drop.id}/tickets`, {}, longest), 201, TicketAnswer);
  });

  it("is answered the same the second time, whatever the order of its fields and the form of its key", async () => {
    const drop = await publishDrop(world, { skus: [{ stock: 5, perShopper: 5 }] });
    const shopper = await Shopper.arrived(world);
    const { pass } = await shopper.admitted(drop.id);
    const key = randomUUID();
    const first = await shopper.reserve(drop.id, { pass, skuId: drop.sku, quantity: 1 }, key);
    const held = told(first, 201, ReservationAnswer);
    const repeats = [
      await shopper.reserve(drop.id, { pass, skuId: drop.sku, quantity: 1 }, key),
      await shopper.reserve(drop.id, { pass, skuId: drop.sku, quantity: 1 }, `"${key}"`),
      await shopper.reserve(drop.id, { pass, skuId: drop.sku }, key),
      await shopper.post(
        `/drops/${drop.id}/reservations`,
        `{"quantity":1, "skuId":"${drop.sku}","pass":"${pass}"}`,
        key,
      ),
    ];
    for (const repeat of repeats) expect([repeat.status, repeat.json]).toEqual([201, held]);
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("4/1/0");

    const placed = told(await shopper.place(drop.id, held, BY_TOKEN, key), 202, OrderAnswer);
    const again = told(await shopper.place(drop.id, held, BY_TOKEN, `"${key}"`), 202, OrderAnswer);
    expect(again.orderId).toBe(placed.orderId);
    const order = await shopper.settled(placed.orderId);
    expect(told(await shopper.place(drop.id, held, BY_TOKEN, key), 202, OrderAnswer)).toEqual(order);
    expect(await moneyOf(world, order.orderId)).toMatchObject({ authorizations: 1, captures: 1 });
  });

  it("is refused with the key of another body, and changes nothing then", async () => {
    const drop = await publishDrop(world, { skus: [{ stock: 5, perShopper: 5 }] });
    const shopper = await Shopper.arrived(world);
    const { pass } = await shopper.admitted(drop.id);
    const key = randomUUID();
    const held = told(await shopper.reserve(drop.id, { pass, skuId: drop.sku }, key), 201, ReservationAnswer);
    expectRefusal(
      await shopper.reserve(drop.id, { pass, skuId: drop.sku, quantity: 2 }, key),
      "idempotency_key_reused",
    );
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("4/1/0");

    const { orderId } = told(await shopper.place(drop.id, held, BY_TOKEN, key), 202, OrderAnswer);
    const other = { kind: "token", token: "tok_declined" } as const;
    expectRefusal(await shopper.place(drop.id, held, other, key), "idempotency_key_reused");
    expect(await shopper.settled(orderId)).toMatchObject({ status: "confirmed" });
  });

  it("under the same key by another shopper is another write", async () => {
    const drop = await publishDrop(world, { skus: [{ stock: 2 }] });
    const [one, other] = await Promise.all([Shopper.arrived(world), Shopper.arrived(world)]);
    const key = randomUUID();
    const ids = await Promise.all(
      [one, other].map(async (shopper) => {
        const { pass } = await shopper.admitted(drop.id);
        const reply = await shopper.reserve(drop.id, { pass, skuId: drop.sku }, key);
        return told(reply, 201, ReservationAnswer).reservationId;
      }),
    );
    expect(new Set(ids).size).toBe(2);
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("0/2/0");
  });

  it("by a double click makes one reservation and one order", async () => {
    const drop = await publishDrop(world, { skus: [{ stock: 20, perShopper: 10 }] });
    const shopper = await Shopper.arrived(world);
    const { pass } = await shopper.admitted(drop.id);
    const clicks = <Value>(act: () => Promise<Value>) => Promise.all(Array.from({ length: 8 }, act));

    const reserveKey = randomUUID();
    const held = await clicks(async () =>
      told(await shopper.reserve(drop.id, { pass, skuId: drop.sku }, reserveKey), 201, ReservationAnswer),
    );
    expect(new Set(held.map(({ reservationId }) => reservationId)).size).toBe(1);
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("19/1/0");

    const [reservation] = held as [ReservationAnswer];
    const orderKey = randomUUID();
    const placed = await clicks(async () => {
      // "Still running" is an honest answer to a second click; the same key again tells how it went.
      const reply = await eventually("an answer to the click", async () => {
        const answer: Reply = await shopper.place(drop.id, reservation, BY_TOKEN, orderKey);
        return answer.status === 409 ? undefined : answer;
      });
      return told(reply, 202, OrderAnswer).orderId;
    });
    expect(new Set(placed).size).toBe(1);
    await shopper.settled(placed[0] as string);
    expect(await moneyOf(world, placed[0] as string)).toMatchObject({ authorizations: 1, captures: 1 });
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("19/0/1");
    await eventually("one row in D1", async () => {
      expect(await rowsOf(world, drop.id)).toMatchObject([{ status: "confirmed" }]);
      return true;
    });
  });

  it("of an order for a reservation that has its order already is refused under a new key", async () => {
    const drop = await publishDrop(world);
    const shopper = await Shopper.arrived(world);
    const held = await shopper.held(drop.id, drop.sku);
    const first = told(await shopper.place(drop.id, held, BY_TOKEN), 202, OrderAnswer);
    expectRefusal(await shopper.place(drop.id, held, BY_TOKEN), "reservation_taken");
    expect(await shopper.settled(first.orderId)).toMatchObject({ status: "confirmed" });
    expectRefusal(await shopper.place(drop.id, held, BY_TOKEN), "reservation_taken");
  });

  it("of joining is the same place in the same window, with the same key or another", async () => {
    const drop = await publishDrop(world, { opensInMs: 60_000 });
    const shopper = await Shopper.arrived(world);
    const [first, second] = [await shopper.joined(drop.id), await shopper.joined(drop.id)];
    expect(second).toMatchObject({ ticketId: first.ticketId, cohort: 0 });
    await eventually("one person in the log", async () => {
      const snapshot = told(await shopper.ask(`/drops/${drop.id}/snapshot`), 200, Snapshot);
      return snapshot.joined === 1 ? true : undefined;
    });
  });
});

describe.concurrent("the stock", () => {
  it("of ten units gives exactly ten of thirty parallel reservations", async () => {
    const drop = await publishDrop(world, { opensInMs: 1_500, skus: [{ stock: 10 }] });
    const crowd = await arrive(30);
    const passes = await Promise.all(crowd.map((shopper) => shopper.admitted(drop.id)));
    const replies = await Promise.all(
      crowd.map((shopper, at) => shopper.reserve(drop.id, { pass: passes[at]?.pass ?? "", skuId: drop.sku })),
    );
    const held = replies.filter(({ status }) => status === 201);
    expect(held).toHaveLength(10);
    for (const reply of replies) if (reply.status !== 201) expectRefusal(reply, "all_reserved");

    const { level, ledger, reservations } = await stockOf(world, drop.id, drop.sku);
    expect(level).toMatchObject({ stock: 10, available: 0, reserved: 10, sold: 0 });
    expect(reservations.filter(({ state }) => state === "held")).toHaveLength(10);
    for (const row of ledger) expect(row.available + row.reserved + row.sold).toBe(row.stock);
  });

  it("offers a lapsed reservation on, and tells its holder so", async () => {
    const drop = await publishDrop(world, { timing: { reservationTtlMs: 5_000 } });
    const [first, second] = await Promise.all([Shopper.arrived(world), Shopper.arrived(world)]);
    const [{ pass }, { pass: secondPass }] = await Promise.all([
      first.admitted(drop.id),
      second.admitted(drop.id),
    ]);
    const key = randomUUID();
    const askFirst = () => first.reserve(drop.id, { pass, skuId: drop.sku }, key);
    const held = told(await askFirst(), 201, ReservationAnswer);
    const again = () => second.reserve(drop.id, { pass: secondPass, skuId: drop.sku });
    expectRefusal(await again(), "all_reserved");

    const taken = await eventually("the unit to be free", async () =>
      told(await again(), 201, ReservationAnswer),
    );
    expect(Date.now()).toBeGreaterThanOrEqual(held.expiresAtMs);
    expect(taken.reservationId).not.toBe(held.reservationId);
    expectRefusal(await askFirst(), "reservation_lapsed");
    expectRefusal(await first.place(drop.id, held, BY_TOKEN), "reservation_lapsed");
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("0/1/0");
    expect(await rowsOf(world, drop.id)).toEqual([]);
  });

  it("tells a last unit that is reserved from one that is sold", async () => {
    const drop = await publishDrop(world);
    const [first, second] = await Promise.all([Shopper.arrived(world), Shopper.arrived(world)]);
    const [held, { pass }] = await Promise.all([first.held(drop.id, drop.sku), second.admitted(drop.id)]);
    const again = () => second.reserve(drop.id, { pass, skuId: drop.sku });
    expect(expectRefusal(await again(), "all_reserved").retryAfterMs).toBe(LIMITS.allReservedRetryMs);
    const { orderId } = told(await first.place(drop.id, held, BY_TOKEN), 202, OrderAnswer);
    await first.settled(orderId);
    expect(expectRefusal(await again(), "sold_out").retryAfterMs).toBeUndefined();

    await eventually("the public picture to say so", async () => {
      const snapshot = told(await second.ask(`/drops/${drop.id}/snapshot`), 200, Snapshot);
      expect(snapshot).toMatchObject({
        phase: "sold_out",
        skus: [{ stock: 1, available: 0, reserved: 0, sold: 1 }],
      });
      expect(snapshot.soldOutAtMs).not.toBeNull();
      return true;
    });
  });

  it("gives one shopper no more than the limit, over reservations and orders", async () => {
    const drop = await publishDrop(world, { skus: [{ stock: 9, perShopper: 2 }] });
    const shopper = await Shopper.arrived(world);
    const { pass } = await shopper.admitted(drop.id);
    const reserve = (quantity: number) => shopper.reserve(drop.id, { pass, skuId: drop.sku, quantity });
    expectRefusal(await reserve(3), "shopper_limit_reached");
    const held = told(await reserve(1), 201, ReservationAnswer);
    expectRefusal(await reserve(2), "shopper_limit_reached");
    told(await reserve(1), 201, ReservationAnswer);
    expectRefusal(await reserve(1), "shopper_limit_reached");
    const { orderId } = told(await shopper.place(drop.id, held, BY_TOKEN), 202, OrderAnswer);
    await shopper.settled(orderId);
    expectRefusal(await reserve(1), "shopper_limit_reached");
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("7/1/1");
  });

  it("of a crowd that buys at once ends sold to the last unit, each paid for once", async () => {
    const drop = await publishDrop(world, { opensInMs: 1_500, skus: [{ stock: 5 }] });
    const crowd = await arrive(10);
    const orders = await Promise.all(
      crowd.map(async (shopper) => {
        const { pass } = await shopper.admitted(drop.id);
        const reply = await shopper.reserve(drop.id, { pass, skuId: drop.sku });
        if (reply.status !== 201) return null;
        const held = told(reply, 201, ReservationAnswer);
        const { orderId } = told(await shopper.place(drop.id, held, BY_TOKEN), 202, OrderAnswer);
        return shopper.settled(orderId);
      }),
    );
    const bought = orders.filter((order) => order !== null);
    expect(bought.map(({ status }) => status)).toEqual(Array(5).fill("confirmed"));
    for (const { orderId } of bought) {
      expect(await moneyOf(world, orderId)).toMatchObject({ captures: 1, doubleCaptures: 0 });
    }
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("0/0/5");
    await eventually("five rows in D1", async () => {
      const rows = await rowsOf(world, drop.id);
      expect(rows.map(({ status }) => status)).toEqual(Array(5).fill("confirmed"));
      return true;
    });
  });
});

describe.concurrent("the line", () => {
  it("lets nobody in before the start, and then says when to ask", async () => {
    const drop = await publishDrop(world, { opensInMs: 60_000 });
    const shopper = await Shopper.arrived(world);
    const { ticket, cohort, cohortClosesAtMs } = await shopper.joined(drop.id);
    expect({ cohort, cohortClosesAtMs }).toEqual({ cohort: 0, cohortClosesAtMs: drop.opensAtMs });
    const refused = expectRefusal(await shopper.askPass(drop.id, ticket), "not_admitted_yet");
    expect(refused.retryAfterMs).toBeGreaterThan(30_000);
    const page = await ask(`${world.platform.urls.edge}/v1/drops/${drop.id}/record`);
    expect(page.json).toMatchObject({ cohorts: [], steps: [] });
  });
});
