import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { OrderAnswer, ReservationAnswer } from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { Snapshot } from "../../../schema/line.ts";
import { ask, expectRefusal, told } from "../ask.ts";
import { eventually } from "../eventually.ts";
import { Shopper } from "../shopper.ts";
import { LETS_ALL_IN, moneyOf, publishDrop, rowsOf, stockOf, unitsOf, type World } from "../world.ts";

const BY_TOKEN = { kind: "token", token: "tok_ok" } as const;

export function claimsOfStock(world: () => World): void {
  const arrive = (count: number) =>
    Promise.all(Array.from({ length: count }, () => Shopper.arrived(world())));

  describe.concurrent("the stock", () => {
    it("of ten units gives exactly ten of thirty parallel reservations", async () => {
      const drop = await publishDrop(world(), { ...LETS_ALL_IN, opensInMs: 1_500, skus: [{ stock: 10 }] });
      const crowd = await arrive(30);
      const passes = await Promise.all(crowd.map((shopper) => shopper.admitted(drop.id)));
      const replies = await Promise.all(
        crowd.map((shopper, at) =>
          shopper.reserve(drop.id, { pass: passes[at]?.pass ?? "", skuId: drop.sku }),
        ),
      );
      const held = replies.filter(({ status }) => status === 201);
      expect(held).toHaveLength(10);
      for (const reply of replies) if (reply.status !== 201) expectRefusal(reply, "all_reserved");

      const { level, ledger, reservations } = await stockOf(world(), drop.id, drop.sku);
      expect(level).toMatchObject({ stock: 10, available: 0, reserved: 10, sold: 0 });
      expect(reservations.filter(({ state }) => state === "held")).toHaveLength(10);
      for (const row of ledger) expect(row.available + row.reserved + row.sold).toBe(row.stock);
    });

    it("offers a lapsed reservation on, and tells its holder so", async () => {
      const drop = await publishDrop(world(), { ...LETS_ALL_IN, timing: { reservationTtlMs: 5_000 } });
      const [first, second] = await Promise.all([Shopper.arrived(world()), Shopper.arrived(world())]);
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
      expect(await unitsOf(world(), drop.id, drop.sku)).toBe("0/1/0");
      expect(await rowsOf(world(), drop.id)).toEqual([]);
    });

    it("tells a last unit that is reserved from one that is sold", async () => {
      const drop = await publishDrop(world(), LETS_ALL_IN);
      const [first, second] = await Promise.all([Shopper.arrived(world()), Shopper.arrived(world())]);
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
      const drop = await publishDrop(world(), { skus: [{ stock: 9, perShopper: 2 }] });
      const shopper = await Shopper.arrived(world());
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
      expect(await unitsOf(world(), drop.id, drop.sku)).toBe("7/1/1");
    });

    it("of a crowd that buys at once ends sold to the last unit, each paid for once", async () => {
      const drop = await publishDrop(world(), { ...LETS_ALL_IN, opensInMs: 1_500, skus: [{ stock: 5 }] });
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
        expect(await moneyOf(world(), orderId)).toMatchObject({ captures: 1, doubleCaptures: 0 });
      }
      expect(await unitsOf(world(), drop.id, drop.sku)).toBe("0/0/5");
      await eventually("five rows in D1", async () => {
        const rows = await rowsOf(world(), drop.id);
        expect(rows.map(({ status }) => status)).toEqual(Array(5).fill("confirmed"));
        return true;
      });
    });
  });

  describe.concurrent("the line", () => {
    it("lets nobody in before the start, and then says when to ask", async () => {
      const drop = await publishDrop(world(), { opensInMs: 60_000 });
      const shopper = await Shopper.arrived(world());
      const { ticket, cohort, cohortClosesAtMs } = await shopper.joined(drop.id);
      expect({ cohort, cohortClosesAtMs }).toEqual({ cohort: 0, cohortClosesAtMs: drop.opensAtMs });
      const refused = expectRefusal(await shopper.askPass(drop.id, ticket), "not_admitted_yet");
      expect(refused.retryAfterMs).toBeGreaterThan(5_000);
      const page = await ask(`${world().platform.urls.edge}/v1/drops/${drop.id}/record`);
      expect(page.json).toMatchObject({ rootedThrough: -1, revealedThrough: -1, steps: 0, joined: 1 });
    });
  });
}
