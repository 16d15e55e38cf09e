import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { Projector } from "../../durable-objects/order-coordinator/projection/projector.ts";
import { OrderStore } from "../../durable-objects/order-coordinator/store.ts";
import type { OrderNotification } from "../../schema/events.ts";
import { freshShop } from "./buying.ts";
import { pass, useClock } from "./fresh.ts";

useClock();

type Shop = Awaited<ReturnType<typeof freshShop>>;

/** A queue that remembers what was sent, and may then fail the caller all the same. */
function recordingQueue({ fails = false } = {}) {
  const calls: OrderNotification[][] = [];
  const queue = {
    async sendBatch(messages: Iterable<MessageSendRequest<OrderNotification>>) {
      calls.push([...messages].map(({ body }) => body));
      if (fails) throw new Error("the process died here");
    },
  } as unknown as Queue<OrderNotification>;
  return { calls, queue };
}

/** One run of the outbox over the object's own rows, as its alarm does it. */
function runOutbox(shop: Shop, notifications: Queue<OrderNotification>): Promise<void> {
  return runInDurableObject(shop.stub(), (_, { storage }) =>
    new Projector({ store: new OrderStore(storage), database: env.DB, notifications }).run(),
  );
}

test("orders that changed within the delay are announced in one call, each once, at its latest version", async () => {
  const shop = await freshShop();
  await shop.buy(1);
  await shop.buy(2);
  await shop.pay(1);
  pass(5_000);
  const { calls, queue } = recordingQueue();
  await runOutbox(shop, queue);
  const versions = await Promise.all([shop.audited(1), shop.audited(2)]);
  expect(calls).toHaveLength(1);
  expect(calls[0]?.toSorted((a, b) => a.orderId.localeCompare(b.orderId))).toEqual([
    { kind: "order", orderId: shop.id(1), version: versions[0]?.version },
    { kind: "order", orderId: shop.id(2), version: versions[1]?.version },
  ]);
  await runOutbox(shop, queue);
  expect(calls).toHaveLength(1);
});

test("what D1 has is there before it is announced", async () => {
  const shop = await freshShop();
  await shop.buy(1);
  let seen: string | null = null;
  const queue = {
    async sendBatch() {
      const row = await env.DB.prepare("SELECT status FROM orders WHERE order_id = ?")
        .bind(shop.id(1))
        .first();
      seen = (row as { status: string } | null)?.status ?? null;
    },
  } as unknown as Queue<OrderNotification>;
  await runOutbox(shop, queue);
  expect(seen).toBe("processing");
});

test("an announcement that was sent and not noted is made again after an eviction, and one that was noted is not", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const shop = await freshShop();
  await shop.buy(1);
  const dying = recordingQueue({ fails: true });
  await runOutbox(shop, dying.queue);
  expect(dying.calls).toHaveLength(1);
  expect(await shop.audited(1)).toMatchObject({ projectedVersion: 0 });
  await evictDurableObject(shop.stub());
  const living = recordingQueue();
  await runOutbox(shop, living.queue);
  expect(living.calls).toEqual(dying.calls);
  await evictDurableObject(shop.stub());
  await runOutbox(shop, living.queue);
  expect(living.calls).toHaveLength(1);
});

test("a queue that is away holds up no order, and its announcement waits", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const shop = await freshShop();
  await shop.buy(1);
  await runOutbox(shop, recordingQueue({ fails: true }).queue);
  await shop.pay(1);
  expect(await shop.audited(1)).toMatchObject({ status: "confirmed", projectedVersion: 0 });
  const { calls, queue } = recordingQueue();
  await runOutbox(shop, queue);
  const order = await shop.audited(1);
  expect(calls).toEqual([[{ kind: "order", orderId: shop.id(1), version: order?.version }]]);
  expect(order?.projectedVersion).toBe(order?.version);
});
