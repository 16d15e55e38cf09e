import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { OrderAnswer, ReservationAnswer } from "../../../schema/http.ts";
import { expectRefusal, told } from "../ask.ts";
import { eventually } from "../eventually.ts";
import { Shopper } from "../shopper.ts";
import { moneyOf, publishDrop, rowsOf, unitsOf, type World } from "../world.ts";

const BY_TOKEN = { kind: "token", token: "tok_ok" } as const;

export function claimsOfBaskets(world: () => World): void {
  /** A drop of three SKUs with so many units, and a shopper whose turn it is. */
  async function atTheShop(...stocks: number[]) {
    const skus = stocks.map((stock, nth) => ({ stock, perShopper: 2, priceMinor: 1_000 * (nth + 1) }));
    const drop = await publishDrop(world(), { skus });
    const shopper = await Shopper.arrived(world());
    const { pass } = await shopper.admitted(drop.id);
    const lines = drop.skus.map((skuId) => ({ skuId, quantity: 1 }));
    const units = () => Promise.all(drop.skus.map((skuId) => unitsOf(world(), drop.id, skuId)));
    return { drop, shopper, pass, lines, units };
  }

  describe.concurrent("a basket", () => {
    it("of two is bought whole: one order, one capture of both prices, a unit of each sold", async () => {
      const { drop, shopper, pass, lines, units } = await atTheShop(2, 2);
      const held = told(await shopper.reserve(drop.id, { pass, lines }), 201, ReservationAnswer);
      expect(held).toMatchObject({ subtotalMinor: 3_000, currency: "EUR" });
      expect(held.lines.map(({ totalMinor }) => totalMinor).toSorted()).toEqual([1_000, 2_000]);
      expect(await units()).toEqual(["1/1/0", "1/1/0"]);
      const { orderId } = told(await shopper.place(drop.id, held, BY_TOKEN), 202, OrderAnswer);
      expect(await shopper.settled(orderId)).toMatchObject({
        status: "confirmed",
        lines: held.lines,
        subtotalMinor: 3_000,
        totalMinor: 3_000,
      });
      expect(await moneyOf(world(), orderId)).toMatchObject({ captures: 1, capturedMinor: 3_000 });
      expect(await units()).toEqual(["1/0/1", "1/0/1"]);
      await eventually("one row in D1, with both lines", async () => {
        expect(await rowsOf(world(), drop.id)).toMatchObject([{ status: "confirmed", lines: held.lines }]);
        return true;
      });
    });

    it("of which one SKU is gone holds nothing, says which, and its key may be used for another", async () => {
      const { drop, shopper, pass, lines, units } = await atTheShop(1, 0);
      const key = randomUUID();
      const { skuId } = expectRefusal(await shopper.reserve(drop.id, { pass, lines }, key), "sold_out");
      expect(skuId).toBe(drop.skus[1]);
      expect(await units()).toEqual(["1/0/0", "0/0/0"]);
      told(await shopper.reserve(drop.id, { pass, lines: lines.slice(0, 1) }, key), 201, ReservationAnswer);
    });

    it("whose payment is declined gives all its units back", async () => {
      const { drop, shopper, pass, lines, units } = await atTheShop(1, 1, 1);
      const held = told(await shopper.reserve(drop.id, { pass, lines }), 201, ReservationAnswer);
      const declined = { kind: "token", token: "tok_declined" } as const;
      const { orderId } = told(await shopper.place(drop.id, held, declined), 202, OrderAnswer);
      expect(await shopper.settled(orderId)).toMatchObject({ status: "canceled", money: "none" });
      expect(await units()).toEqual(["1/0/0", "1/0/0", "1/0/0"]);
    });

    it("clicked for many times at once is one basket", async () => {
      const { drop, shopper, pass, lines, units } = await atTheShop(9, 9);
      const key = randomUUID();
      const clicks = Array.from({ length: 8 }, () => shopper.reserve(drop.id, { pass, lines }, key));
      const held = (await Promise.all(clicks)).map((reply) => told(reply, 201, ReservationAnswer));
      for (const one of held) expect(one).toEqual(held[0]);
      expect(await units()).toEqual(["8/1/0", "8/1/0"]);
    });

    it("can be given back, however often, and then is no order's; one that an order has cannot", async () => {
      const { drop, shopper, pass, lines, units } = await atTheShop(1, 1);
      const key = randomUUID();
      const held = told(await shopper.reserve(drop.id, { pass, lines }, key), 201, ReservationAnswer);
      for (let turn = 0; turn < 2; turn += 1) {
        const reply = await shopper.giveBack(drop.id, held.reservationId);
        expect([reply.status, reply.text]).toEqual([204, ""]);
      }
      expect(await units()).toEqual(["1/0/0", "1/0/0"]);
      expectRefusal(await shopper.place(drop.id, held, BY_TOKEN), "reservation_given_back");
      expectRefusal(await shopper.reserve(drop.id, { pass, lines }, key), "reservation_given_back");

      const kept = told(await shopper.reserve(drop.id, { pass, lines }), 201, ReservationAnswer);
      const { orderId } = told(await shopper.place(drop.id, kept, BY_TOKEN), 202, OrderAnswer);
      expectRefusal(await shopper.giveBack(drop.id, kept.reservationId), "reservation_taken");
      expect(await shopper.settled(orderId)).toMatchObject({ status: "confirmed" });
    });
  });
}
