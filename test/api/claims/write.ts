import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { OrderAnswer, ReservationAnswer, TicketAnswer } from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { Snapshot } from "../../../schema/line.ts";
import { expectRefusal, type Reply, told } from "../ask.ts";
import { eventually } from "../eventually.ts";
import { Shopper } from "../shopper.ts";
import { moneyOf, publishDrop, rowsOf, unitsOf, type World } from "../world.ts";

const BY_TOKEN = { kind: "token", token: "tok_ok" } as const;

export function claimsOfWrites(world: () => World): void {
  describe.concurrent("a write", () => {
    it("needs its Idempotency-Key, and one of visible ASCII of a bounded length", async () => {
      const drop = await publishDrop(world());
      const shopper = await Shopper.arrived(world());
      const bodies = { tickets: {}, reservations: {}, orders: {} };
      for (const [write, body] of Object.entries(bodies)) {
        const path = `/drops/${drop.id}/${write}`;
        const withKey = (key?: string) => shopper.ask(path, { method: "POST", body, key });
        expectRefusal(await withKey(), "idempotency_key_missing");
        for (const key of [
          "",
          "a b",
          "a\u00e9",
          "k".repeat(LIMITS.idempotencyKeyMaxChars + 1),
          '"open',
          '""',
        ])
          expectRefusal(await withKey(key), "idempotency_key_invalid");
      }
      const longest = "k".repeat(LIMITS.idempotencyKeyMaxChars);
      told(await shopper.post(`/drops/${drop.id}/tickets`, {}, longest), 201, TicketAnswer);
    });

    it("is answered the same the second time, whatever the order of its fields and the form of its key", async () => {
      const drop = await publishDrop(world(), { skus: [{ stock: 5, perShopper: 5 }] });
      const shopper = await Shopper.arrived(world());
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
          `{"lines":[{"quantity":1, "skuId":"${drop.sku}"}],"pass":"${pass}"}`,
          key,
        ),
      ];
      for (const repeat of repeats) expect([repeat.status, repeat.json]).toEqual([201, held]);
      expect(await unitsOf(world(), drop.id, drop.sku)).toBe("4/1/0");

      const placed = told(await shopper.place(drop.id, held, BY_TOKEN, key), 202, OrderAnswer);
      const again = told(await shopper.place(drop.id, held, BY_TOKEN, `"${key}"`), 202, OrderAnswer);
      expect(again.orderId).toBe(placed.orderId);
      const order = await shopper.settled(placed.orderId);
      expect(told(await shopper.place(drop.id, held, BY_TOKEN, key), 202, OrderAnswer)).toEqual(order);
      expect(await moneyOf(world(), order.orderId)).toMatchObject({ authorizations: 1, captures: 1 });
    });

    it("is refused with the key of another body, and changes nothing then", async () => {
      const drop = await publishDrop(world(), { skus: [{ stock: 5, perShopper: 5 }] });
      const shopper = await Shopper.arrived(world());
      const { pass } = await shopper.admitted(drop.id);
      const key = randomUUID();
      const held = told(
        await shopper.reserve(drop.id, { pass, skuId: drop.sku }, key),
        201,
        ReservationAnswer,
      );
      expectRefusal(
        await shopper.reserve(drop.id, { pass, skuId: drop.sku, quantity: 2 }, key),
        "idempotency_key_reused",
      );
      expect(await unitsOf(world(), drop.id, drop.sku)).toBe("4/1/0");

      const { orderId } = told(await shopper.place(drop.id, held, BY_TOKEN, key), 202, OrderAnswer);
      const other = { kind: "token", token: "tok_declined" } as const;
      expectRefusal(await shopper.place(drop.id, held, other, key), "idempotency_key_reused");
      expect(await shopper.settled(orderId)).toMatchObject({ status: "confirmed" });
    });

    it("under the same key by another shopper is another write", async () => {
      const drop = await publishDrop(world(), { skus: [{ stock: 2 }] });
      const [one, other] = await Promise.all([Shopper.arrived(world()), Shopper.arrived(world())]);
      const key = randomUUID();
      const ids = await Promise.all(
        [one, other].map(async (shopper) => {
          const { pass } = await shopper.admitted(drop.id);
          const reply = await shopper.reserve(drop.id, { pass, skuId: drop.sku }, key);
          return told(reply, 201, ReservationAnswer).reservationId;
        }),
      );
      expect(new Set(ids).size).toBe(2);
      expect(await unitsOf(world(), drop.id, drop.sku)).toBe("0/2/0");
    });

    it("by a double click makes one reservation and one order", async () => {
      const drop = await publishDrop(world(), { skus: [{ stock: 20, perShopper: 10 }] });
      const shopper = await Shopper.arrived(world());
      const { pass } = await shopper.admitted(drop.id);
      const clicks = <Value>(act: () => Promise<Value>) => Promise.all(Array.from({ length: 8 }, act));

      const reserveKey = randomUUID();
      const held = await clicks(async () =>
        told(await shopper.reserve(drop.id, { pass, skuId: drop.sku }, reserveKey), 201, ReservationAnswer),
      );
      expect(new Set(held.map(({ reservationId }) => reservationId)).size).toBe(1);
      expect(await unitsOf(world(), drop.id, drop.sku)).toBe("19/1/0");

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
      expect(await moneyOf(world(), placed[0] as string)).toMatchObject({ authorizations: 1, captures: 1 });
      expect(await unitsOf(world(), drop.id, drop.sku)).toBe("19/0/1");
      await eventually("one row in D1", async () => {
        expect(await rowsOf(world(), drop.id)).toMatchObject([{ status: "confirmed" }]);
        return true;
      });
    });

    it("of an order for a reservation that has its order already is refused under a new key", async () => {
      const drop = await publishDrop(world());
      const shopper = await Shopper.arrived(world());
      const held = await shopper.held(drop.id, drop.sku);
      const first = told(await shopper.place(drop.id, held, BY_TOKEN), 202, OrderAnswer);
      expectRefusal(await shopper.place(drop.id, held, BY_TOKEN), "reservation_taken");
      expect(await shopper.settled(first.orderId)).toMatchObject({ status: "confirmed" });
      expectRefusal(await shopper.place(drop.id, held, BY_TOKEN), "reservation_taken");
    });

    it("of joining is the same place in the same window, with the same key or another", async () => {
      const drop = await publishDrop(world(), { opensInMs: 60_000 });
      const shopper = await Shopper.arrived(world());
      const [first, second] = [await shopper.joined(drop.id), await shopper.joined(drop.id)];
      expect(second).toMatchObject({ ticketId: first.ticketId, cohort: 0 });
      await eventually("one person in the log", async () => {
        const snapshot = told(await shopper.ask(`/drops/${drop.id}/snapshot`), 200, Snapshot);
        return snapshot.joined === 1 ? true : undefined;
      });
    });
  });
}
