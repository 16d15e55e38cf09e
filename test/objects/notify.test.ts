import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import type { MailId } from "../../schema/events.ts";
import type { DropId, OrderId, SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { statementsOf } from "../../workers/console/notify/store.ts";
import { sweep } from "../../workers/console/notify/sweep.ts";
import {
  aConsole,
  anEndpoint,
  anOrder,
  change,
  deliveriesOf,
  forgetAll,
  refund,
  START_MS,
} from "./notifying.ts";

beforeEach(forgetAll);

test("a change becomes one delivery for each endpoint that listens, and a repeat becomes nothing", async () => {
  const { deps, changed, queued } = aConsole();
  const listens = await anEndpoint(deps);
  const deaf = await anEndpoint(deps, ["order.refunded"]);
  const orderId = await anOrder("confirmed", "captured");
  expect(await changed(orderId)).toEqual([{ fate: "acked" }]);
  expect(await changed(orderId)).toEqual([{ fate: "acked" }]);
  const deliveries = await deliveriesOf(deps, listens.endpointId);
  expect(deliveries).toHaveLength(1);
  expect(queued.deliveries).toEqual(deliveries.map(({ deliveryId }) => deliveryId));
  expect(await deliveriesOf(deps, deaf.endpointId)).toEqual([]);
});

test("two that tell of an order at once, each of another version, lose no part of it", async () => {
  const [early, late] = [aConsole(), aConsole()];
  const { endpointId } = await anEndpoint(late.deps, ["order.refunded"]);
  const orderId = await anOrder("confirmed", "captured");
  const read = late.deps.tellings.untold;
  await refund(orderId, 500);
  const seenEarly = await read([orderId]);
  await refund(orderId, 1_000);
  early.deps.tellings.untold = async () => seenEarly;
  late.deps.tellings.untold = async (orderIds) => {
    late.deps.tellings.untold = read;
    const seenLate = await read(orderIds);
    expect(await early.changed(orderId)).toEqual([{ fate: "acked" }]);
    return seenLate;
  };
  expect(await late.changed(orderId)).toEqual([{ fate: "acked" }]);
  const { results } = await env.DB.prepare("SELECT body FROM events ORDER BY rowid").all<{ body: string }>();
  expect(results.map(({ body }) => JSON.parse(body).data.refundedMinor)).toEqual([500, 1_000]);
  expect(await deliveriesOf(late.deps, endpointId)).toHaveLength(2);
  expect([early.queued.notifications, late.queued.notifications].map(({ length }) => length)).toEqual([1, 1]);
});

test.each(["told", "lines"])(
  "an order whose %s nobody can read comes back alone, and is logged",
  async (column) => {
    const console = aConsole();
    const logged: unknown[] = [];
    console.deps.log = (entry) => logged.push(entry);
    const { endpointId } = await anEndpoint(console.deps);
    const orderIds: OrderId[] = [];
    for (let count = 0; count < 5; count++) orderIds.push(await anOrder("confirmed", "captured"));
    const bad = orderIds[1];
    await env.DB.prepare(`UPDATE orders SET ${column} = 'nonsense' WHERE order_id = ?`).bind(bad).run();
    const fates = await console.consume(
      ...orderIds.map((orderId) => ({ kind: "order", orderId, version: 1 })),
    );
    expect(fates.map(({ fate }) => fate)).toEqual(["acked", "retried", "acked", "acked", "acked"]);
    expect(await deliveriesOf(console.deps, endpointId)).toHaveLength(4);
    expect(logged).toMatchObject([{ event: "order_not_told", orderId: bad }]);
  },
);

test("what a hundred orders bring to twenty endpoints is written in batches that D1 takes", async () => {
  const console = aConsole();
  const types = ["order.placed", "order.confirmed"];
  for (let count = 0; count < LIMITS.webhookEndpointsMax; count++) await anEndpoint(console.deps, types);
  const messages: object[] = [];
  for (let count = 0; count < LIMITS.queueBatchMax; count++)
    messages.push({ kind: "order", orderId: await anOrder("confirmed", "captured"), version: 1 });
  const batches: number[] = [];
  const { tell } = console.deps.tellings;
  console.deps.tellings.tell = async (telling) => {
    batches.push(statementsOf(telling));
    await tell(telling);
  };
  await console.consume(...messages);
  expect(console.queued.deliveries).toHaveLength(LIMITS.queueBatchMax * LIMITS.webhookEndpointsMax * 2);
  expect(batches.length).toBeGreaterThan(1);
  expect(Math.max(...batches)).toBeLessThanOrEqual(LIMITS.tellStatementsMax);
  const row = await env.DB.prepare("SELECT COUNT(*) AS count FROM webhook_deliveries").first();
  expect(row).toEqual({ count: console.queued.deliveries.length });
});

test("what nobody can read is parked, and the rest of the batch goes on", async () => {
  const console = aConsole();
  const orderId = await anOrder("confirmed", "captured");
  const fates = await console.consume({ kind: "nonsense" }, { kind: "order", orderId, version: 1 });
  expect(fates).toEqual([{ fate: "acked" }, { fate: "acked" }]);
  expect(console.queued.notifications).toHaveLength(1);
  const { results } = await env.DB.prepare("SELECT queue, body FROM parked_messages").all();
  expect(results).toEqual([{ queue: "dropline-notifications", body: '{"kind":"nonsense"}' }]);
});

test("while D1 is away every message comes back", async () => {
  const console = aConsole();
  console.deps.tellings.untold = () => Promise.reject(new Error("away"));
  const [fate] = await console.consume({ kind: "order", orderId: await anOrder(), version: 1 });
  expect(fate?.fate).toBe("retried");
});

test("an order whose message was lost is told by the sweep", async () => {
  const console = aConsole();
  const { endpointId } = await anEndpoint(console.deps);
  await anOrder("confirmed", "captured");
  console.world.nowMs += LIMITS.notificationLateMs;
  await sweep(console.deps);
  expect(await deliveriesOf(console.deps, endpointId)).toHaveLength(0);
  console.world.nowMs += 1;
  await sweep(console.deps);
  expect(await deliveriesOf(console.deps, endpointId)).toHaveLength(1);
});

test("an order that comes first and cannot be written holds up no sweep", async () => {
  const console = aConsole();
  const { endpointId } = await anEndpoint(console.deps);
  const bad = await anOrder("confirmed", "captured");
  for (let count = 0; count < 4; count++) await anOrder("confirmed", "captured");
  const { tell } = console.deps.tellings;
  console.deps.tellings.tell = async (telling) => {
    if (telling.orders.some(({ orderId }) => orderId === bad)) throw new Error("too large");
    await tell(telling);
  };
  console.world.nowMs += LIMITS.notificationLateMs + 1;
  await sweep(console.deps);
  expect(await deliveriesOf(console.deps, endpointId)).toHaveLength(4);
});

test("more orders that cannot be told than one sweep takes up do not hide what changed after them", async () => {
  const console = aConsole();
  const { endpointId } = await anEndpoint(console.deps);
  await env.DB.prepare(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     INSERT INTO orders (order_id, drop_id, shopper_id, reservation_id, status, money, total_minor, currency, email,
       gateway, placed_at_ms, updated_at_ms, version, told)
     SELECT 'bad-' || i, 'runner', 's', 'r', 'confirmed', 'captured', 1, 'EUR', 'a@b.example', 'sandbox', 0, i, 1, 'nonsense'
     FROM n`,
  )
    .bind(LIMITS.sweepRowsMax + 1)
    .run();
  await anOrder("confirmed", "captured");
  console.world.nowMs += LIMITS.notificationLateMs + 1;
  await sweep(console.deps);
  expect(await deliveriesOf(console.deps, endpointId)).toHaveLength(1);
});

test("the levels of a drop with many SKUs are told in batches that D1 takes", async () => {
  const console = aConsole();
  await env.DB.prepare("INSERT INTO drops VALUES ('runner', ?)").bind(START_MS).run();
  const skuCount = 100;
  console.world.levels = Array.from({ length: skuCount }, (_, index) => ({
    skuId: `sku-${index}` as SkuId,
    stock: 5,
    available: 5,
    reserved: 0,
    sold: 0,
  }));
  for (let count = 0; count < LIMITS.webhookEndpointsMax; count++)
    await anEndpoint(console.deps, ["stock.changed"]);
  const batches: number[] = [];
  const { tell } = console.deps.tellings;
  console.deps.tellings.tell = async (telling) => {
    batches.push(statementsOf(telling));
    await tell(telling);
  };
  await sweep(console.deps);
  await sweep(console.deps);
  expect(console.queued.deliveries).toHaveLength(skuCount * LIMITS.webhookEndpointsMax);
  expect(batches.length).toBeGreaterThan(1);
  expect(Math.max(...batches)).toBeLessThanOrEqual(LIMITS.tellStatementsMax);
});

test("levels are told when somebody listens and they differ, and nobody is asked when nobody listens", async () => {
  const console = aConsole();
  await env.DB.prepare("INSERT INTO drops VALUES ('runner', ?)").bind(START_MS).run();
  const level = (available: number) => [
    { skuId: "a" as SkuId, stock: 5, available, reserved: 5 - available, sold: 0 },
  ];
  console.world.levels = level(5);
  await sweep(console.deps);
  expect(console.world.snapshots).toBe(0);
  const { endpointId } = await anEndpoint(console.deps, ["stock.changed"]);
  await sweep(console.deps);
  await sweep(console.deps);
  console.world.levels = level(3);
  await sweep(console.deps);
  expect(await deliveriesOf(console.deps, endpointId)).toHaveLength(2);
  const { results } = await env.DB.prepare("SELECT body FROM events ORDER BY rowid").all<{ body: string }>();
  expect(results.map(({ body }) => JSON.parse(body).data)).toMatchObject([
    { dropId: "runner" as DropId, skuId: "a", available: 5 },
    { skuId: "a", available: 3, reserved: 2, stock: 5 },
  ]);
});

test("a shopper gets one mail for what happened together, under a stable id, with a link to the order", async () => {
  const console = aConsole();
  const orderId = await anOrder("confirmed", "captured");
  await console.changed(orderId);
  await console.changed(orderId);
  const mails = console.queued.notifications;
  expect(mails).toEqual([{ kind: "mail", mailId: expect.stringMatching(/^mail_/) }]);
  await console.consume(...mails);
  await console.consume(...mails);
  expect(console.mailed).toHaveLength(1);
  const [mail] = console.mailed;
  expect(mail).toMatchObject({ to: "a@b.example", subject: "Test: Your order is confirmed" });
  expect(mail?.text).toContain("2 × Runner, EU 42");
  expect(mail?.text).toContain(`https://drops.example/orders/${orderId}?access=`);
  expect(mail?.html).toContain(`href="https://drops.example/orders/${orderId}?access=`);
  await change(orderId, "canceled", "refunded");
  await console.changed(orderId);
  await console.consume(...console.queued.notifications.slice(1));
  expect(console.mailed.map(({ subject }) => subject)).toEqual([
    "Test: Your order is confirmed",
    "Test: Your order was refunded",
  ]);
});

test("a mail that is not taken is handed over again under its id, and parked in the end", async () => {
  const console = aConsole();
  const tried: string[] = [];
  console.world.takeMail = async ({ mailId }) => {
    tried.push(mailId);
    throw new Error("503");
  };
  const orderId = await anOrder();
  await console.changed(orderId);
  for (let round = 0; round < LIMITS.mailTriesMax + 2; round++) {
    await console.consume(...console.queued.notifications.splice(0));
    console.world.nowMs += LIMITS.mailRetryMaxMs + LIMITS.notificationLateMs;
    await sweep(console.deps);
  }
  expect(tried).toHaveLength(LIMITS.mailTriesMax);
  expect(new Set(tried).size).toBe(1);
  expect(await console.deps.mails.ofOrder(orderId)).toMatchObject([
    { state: "parked", mailId: tried[0] as MailId },
  ]);
});

test("what names come from an order is text in the mail's HTML", async () => {
  const console = aConsole();
  const orderId = await anOrder("confirmed", "captured");
  await env.DB.prepare("UPDATE orders SET lines = ? WHERE order_id = ?")
    .bind(JSON.stringify([{ skuId: "<img src=x>", quantity: 1, unitPriceMinor: 1, totalMinor: 1 }]), orderId)
    .run();
  await console.changed(orderId);
  await console.consume(...console.queued.notifications);
  expect(console.mailed[0]?.html).toContain("&lt;img src=x&gt;");
  expect(console.mailed[0]?.html).not.toContain("<img");
});
