import { describe, expect, it } from "vitest";
import { eventually } from "../eventually.ts";
import { atGateway, Shopper } from "../shopper.ts";
import { auditedOrder, moneyOf, publishDrop, rowsOf, unitsOf, type World } from "../world.ts";

const ONE_CAPTURE = { authorizations: 1, captures: 1, doubleCaptures: 0, voidedMinor: 0, refundedMinor: 0 };
const NOTHING_TAKEN = { captures: 0, capturedMinor: 0, refundedMinor: 0 };

export function claimsOfPurchases(world: () => World): void {
  async function rowOf(dropId: string, status: string) {
    return eventually(`one ${status} row of ${dropId}`, async () => {
      const rows = await rowsOf(world(), dropId);
      expect(rows.map((row) => row.status)).toEqual([status]);
      return rows[0];
    });
  }

  describe.concurrent("a purchase", () => {
    it("by token ends confirmed with one capture, one unit sold and one row in D1", async () => {
      const drop = await publishDrop(world(), { skus: [{ stock: 3 }] });
      const shopper = await Shopper.arrived(world());
      const placed = await shopper.orderedByToken(drop.id, drop.sku);
      expect(placed).toMatchObject({
        dropId: drop.id,
        lines: [{ skuId: drop.sku, quantity: 1, unitPriceMinor: 12_900, totalMinor: 12_900 }],
        subtotalMinor: 12_900,
        charges: [],
        totalMinor: 12_900,
        currency: "EUR",
      });

      const order = await shopper.settled(placed.orderId);
      expect(order).toMatchObject({
        status: "confirmed",
        money: "captured",
        cancelReason: null,
        paymentUrl: null,
      });
      expect(await moneyOf(world(), order.orderId)).toEqual({ ...ONE_CAPTURE, capturedMinor: 12_900 });
      expect(await unitsOf(world(), drop.id, drop.sku)).toBe("2/0/1");
      const row = await rowOf(drop.id, "confirmed");
      expect(row).toMatchObject({
        orderId: order.orderId,
        shopperId: shopper.id,
        money: "captured",
        totalMinor: 12_900,
        email: "shopper@example.com",
        attention: null,
      });
    });

    it("of two units captures the price of both, once", async () => {
      const drop = await publishDrop(world(), { skus: [{ stock: 2, perShopper: 2, priceMinor: 999 }] });
      const shopper = await Shopper.arrived(world());
      const { orderId } = await shopper.orderedByToken(drop.id, drop.sku, "tok_ok", 2);
      expect(await shopper.settled(orderId)).toMatchObject({
        status: "confirmed",
        lines: [{ quantity: 2, totalMinor: 1_998 }],
        totalMinor: 1_998,
      });
      expect(await moneyOf(world(), orderId)).toMatchObject({ ...ONE_CAPTURE, capturedMinor: 1_998 });
      expect(await unitsOf(world(), drop.id, drop.sku)).toBe("0/0/2");
    });

    it("at the gateway's page ends confirmed with one capture, and the page leads back to the order", async () => {
      const drop = await publishDrop(world());
      const shopper = await Shopper.arrived(world());
      const waiting = await shopper.sentToPay(drop.id, drop.sku);
      expect(waiting).toMatchObject({ status: "awaiting_payment", money: "none" });
      expect(await unitsOf(world(), drop.id, drop.sku)).toBe("0/1/0");

      const back = await atGateway(waiting.paymentUrl, "pay");
      expect(back.status).toBe(303);
      expect(back.headers.get("location")).toBe(`${world().platform.urls.edge}/orders/${waiting.orderId}`);
      const order = await shopper.settled(waiting.orderId);
      expect(order).toMatchObject({ status: "confirmed", money: "captured", paymentUrl: null });
      expect(await moneyOf(world(), order.orderId)).toEqual({ ...ONE_CAPTURE, capturedMinor: 12_900 });
      expect(await unitsOf(world(), drop.id, drop.sku)).toBe("0/0/1");
      await rowOf(drop.id, "confirmed");
    });

    it("with a declined card is canceled, gives the unit back and takes nothing", async () => {
      const drop = await publishDrop(world());
      const shopper = await Shopper.arrived(world());
      const { orderId } = await shopper.orderedByToken(drop.id, drop.sku, "tok_declined");
      const order = await shopper.settled(orderId);
      expect(order).toMatchObject({ status: "canceled", cancelReason: "payment_declined", money: "none" });
      expect(await moneyOf(world(), orderId)).toMatchObject({ ...NOTHING_TAKEN, authorizations: 0 });
      expect(await unitsOf(world(), drop.id, drop.sku)).toBe("1/0/0");
      await rowOf(drop.id, "canceled");
    });

    it("that is canceled at the gateway's page gives the unit back and takes nothing", async () => {
      const drop = await publishDrop(world());
      const shopper = await Shopper.arrived(world());
      const { orderId, paymentUrl } = await shopper.sentToPay(drop.id, drop.sku);
      expect((await atGateway(paymentUrl, "decline")).status).toBe(402);
      expect((await atGateway(paymentUrl, "cancel")).status).toBe(303);
      const order = await shopper.settled(orderId);
      expect(order).toMatchObject({ status: "canceled", cancelReason: "payment_expired", money: "none" });
      expect(await moneyOf(world(), orderId)).toMatchObject({ ...NOTHING_TAKEN, authorizations: 0 });
      expect(await unitsOf(world(), drop.id, drop.sku)).toBe("1/0/0");
      expect((await atGateway(paymentUrl, "pay")).status).toBe(410);
    });

    it("leaves nothing for a person to look at", async () => {
      const drop = await publishDrop(world());
      const shopper = await Shopper.arrived(world());
      const { orderId } = await shopper.orderedByToken(drop.id, drop.sku);
      await shopper.settled(orderId);
      const audited = await auditedOrder(world(), orderId);
      expect(audited.attention).toBeNull();
      expect(audited.attempts.map(({ operation, outcome }) => [operation, outcome])).toEqual([
        ["authorize", "succeeded"],
        ["capture", "succeeded"],
      ]);
    });
  });
}
