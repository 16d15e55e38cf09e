import { env } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import { beforeEach, expect, test } from "vitest";
import type { DeliveryId, MailId, NotificationMessage } from "../../schema/events.ts";
import type { DropId, OrderId, SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Snapshot } from "../../schema/line.ts";
import type { MailMessage } from "../../schema/mail.ts";
import type { EndpointId, ReplayCursor } from "../../schema/webhooks.ts";
import { d1Mails } from "../../workers/console/mails/store.ts";
import { consumeNotifications } from "../../workers/console/notify/consume-notifications.ts";
import type { NotifyDeps } from "../../workers/console/notify/deps.ts";
import { d1Tellings, statementsOf } from "../../workers/console/notify/store.ts";
import { sweep } from "../../workers/console/notify/sweep.ts";
import { runDeliveries } from "../../workers/console/webhooks/run-deliveries.ts";
import { newKey, secretOf } from "../../workers/console/webhooks/signing-keys.ts";
import { d1Webhooks } from "../../workers/console/webhooks/store.ts";
import { parseKeyset } from "../../workers/edge/keyset.ts";
import type { QueueMessage } from "../../workers/queue/message.ts";
import { d1Parking } from "../../workers/queue/store.ts";

const START_MS = 1_800_000_000_000;
const keysetOf = (kid: string, fill: number) =>
  JSON.stringify([{ kid, secret: Buffer.alloc(32, fill).toString("base64url") }]);

type Sent = { url: string; headers: Headers; body: string; redirect: string | undefined };
type Fate = { fate: "open" | "acked" | "retried"; delaySeconds?: number | undefined };

/** The console's notifications over the real D1, with a receiver, a mailbox and queues that the test holds in hand. */
function aConsole() {
  const sent: Sent[] = [];
  const mailed: MailMessage[] = [];
  const queued = { notifications: [] as NotificationMessage[], deliveries: [] as DeliveryId[] };
  const world = {
    nowMs: START_MS,
    answer: (): Response | Promise<Response> => new Response(null, { status: 204 }),
    takeMail: async (_mail: MailMessage) => {},
    levels: [] as Snapshot["skus"],
    snapshots: 0,
  };
  const deps: NotifyDeps = {
    tellings: d1Tellings(env.DB),
    webhooks: d1Webhooks(env.DB),
    mails: d1Mails(env.DB),
    parking: d1Parking(env.DB),
    queueNotifications: async (messages) => void queued.notifications.push(...messages),
    queueDeliveries: async (ids) => void queued.deliveries.push(...ids),
    snapshot: async (dropId) => {
      world.snapshots += 1;
      return { ok: true, value: { dropId, atMs: world.nowMs, skus: world.levels } as Snapshot };
    },
    document: async () => ({ mode: "test", skus: [{ id: "runner-42", name: "Runner, EU 42" }] as never }),
    webhookKeys: parseKeyset("WEBHOOK_KEYS", keysetOf("w1", 1)),
    linkKeys: parseKeyset("LINK_KEYS", keysetOf("l1", 2)),
    mailer: {
      async send(mail) {
        await world.takeMail(mail);
        mailed.push(mail);
      },
    },
    storefrontUrl: "https://drops.example",
    toLoopback: false,
    fetch: async (input, init) => {
      sent.push({
        url: String(input),
        headers: new Headers(init?.headers),
        body: String(init?.body),
        redirect: init?.redirect,
      });
      return world.answer();
    },
    clock: { now: () => world.nowMs },
    random: () => 0.5,
    randomHex: (bytes) => "ab".repeat(bytes),
    log: () => {},
  };
  const consume = async (...bodies: unknown[]) =>
    deliver(bodies, (messages) => consumeNotifications(messages, deps));
  return {
    world,
    deps,
    sent,
    mailed,
    queued,
    consume,
    /** What an order's change says on the queue. */
    changed: (orderId: OrderId) => consume({ kind: "order", orderId, version: 1 }),
    try: (...ids: string[]) =>
      deliver(
        ids.map((deliveryId) => ({ deliveryId })),
        (messages) => runDeliveries(messages, deps),
      ),
  };
}

async function deliver(bodies: unknown[], act: (messages: QueueMessage[]) => Promise<void>): Promise<Fate[]> {
  const fates: Fate[] = bodies.map(() => ({ fate: "open" }));
  const messages = bodies.map((body, index): QueueMessage => {
    const fate = fates[index] as Fate;
    return {
      id: crypto.randomUUID(),
      body,
      attempts: 1,
      ack: () => {
        if (fate.fate === "open") fate.fate = "acked";
      },
      retry: (options) => {
        if (fate.fate === "open")
          Object.assign(fate, { fate: "retried", delaySeconds: options?.delaySeconds });
      },
    };
  });
  await act(messages);
  return fates;
}

let serial = 0;
async function anOrder(status = "processing", money = "none"): Promise<OrderId> {
  const orderId = `ord_00${String(++serial).padStart(32, "0")}` as OrderId;
  const lines = [{ skuId: "runner-42", quantity: 2, unitPriceMinor: 12_900, totalMinor: 25_800 }];
  await env.DB.prepare(
    `INSERT INTO orders (order_id, drop_id, shopper_id, reservation_id, status, money, lines, total_minor, currency, email,
       gateway, placed_at_ms, updated_at_ms, version)
     VALUES (?, 'runner', ?, 'rsv', ?, ?, ?, 25800, 'EUR', 'a@b.example', 'sandbox', ?, ?, 1)`,
  )
    .bind(orderId, `shp_${"1".repeat(32)}`, status, money, JSON.stringify(lines), START_MS, START_MS)
    .run();
  return orderId;
}
const change = (orderId: OrderId, status: string, money: string) =>
  env.DB.prepare("UPDATE orders SET status = ?, money = ?, version = version + 1 WHERE order_id = ?")
    .bind(status, money, orderId)
    .run();

async function anEndpoint(
  deps: NotifyDeps,
  eventTypes = ["order.confirmed"],
  endpointId = `shop-${++serial}`,
) {
  const key = newKey({ kid: "w1", nowMs: START_MS, randomHex: deps.randomHex });
  await deps.webhooks.saveEndpoint({
    endpointId,
    url: `https://hooks.shop.com/${endpointId}`,
    description: "",
    eventTypes: JSON.stringify(eventTypes),
    keys: JSON.stringify([key]),
    isEnabled: true,
    disabledReason: null,
    failingSinceMs: null,
    createdAtMs: START_MS,
    updatedAtMs: START_MS,
  });
  return {
    endpointId: endpointId as EndpointId,
    secret: await secretOf(deps.webhookKeys, endpointId as EndpointId, key),
  };
}
const deliveriesOf = (deps: NotifyDeps, endpointId: EndpointId) =>
  deps.webhooks.deliveries({ endpointId, state: null, after: "", limit: 100 });

beforeEach(async () => {
  for (const table of [
    "webhook_endpoints",
    "webhook_deliveries",
    "events",
    "order_mails",
    "orders",
    "stock_told",
    "drops",
  ])
    await env.DB.exec(`DELETE FROM ${table}`);
});

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

test("the body says what happened, and the library verifies it", async () => {
  const console = aConsole();
  const { secret } = await anEndpoint(console.deps);
  const orderId = await anOrder("confirmed", "captured");
  await console.changed(orderId);
  // The library holds the timestamp to the real clock.
  console.world.nowMs = Date.now() + 10_000;
  await env.DB.exec("UPDATE webhook_deliveries SET next_at_ms = 0");
  expect(await console.try(...console.queued.deliveries)).toEqual([{ fate: "acked" }]);
  const [first] = console.sent;
  if (first === undefined) throw new Error("nothing was sent");
  const { headers, body } = first;
  const verified = new Webhook(secret).verify(body, Object.fromEntries(headers));
  expect(verified).toMatchObject({
    type: "order.confirmed",
    timestamp: new Date(START_MS).toISOString(),
    data: { orderId, status: "confirmed", lines: [{ skuId: "runner-42", quantity: 2 }], totalMinor: 25_800 },
  });
  expect(headers.get("webhook-id")).toBe(console.queued.deliveries[0]);
});

test("a failure waits, longer each time, under the same id; the last one parks it, and a replay begins anew", async () => {
  const console = aConsole();
  const { endpointId } = await anEndpoint(console.deps);
  console.world.answer = () => new Response("no", { status: 500 });
  await console.changed(await anOrder("confirmed", "captured"));
  const [deliveryId = "" as DeliveryId] = console.queued.deliveries;
  const pauses: (number | undefined)[] = [];
  for (let tries = 1; tries <= LIMITS.webhookTriesMax; tries++) {
    const [fate] = await console.try(deliveryId);
    pauses.push(fate?.delaySeconds);
    if (fate?.fate === "acked") break;
    // A message that comes too early, or twice, tries nothing.
    expect(await console.try(deliveryId)).toEqual([{ fate: "acked" }]);
    console.world.nowMs += (fate?.delaySeconds ?? 0) * 1_000;
  }
  expect(console.sent).toHaveLength(LIMITS.webhookTriesMax);
  expect(new Set(console.sent.map(({ headers }) => headers.get("webhook-id")))).toEqual(
    new Set([deliveryId]),
  );
  expect(pauses.slice(0, 4)).toEqual([2, 5, 14, 41]);
  expect(await deliveriesOf(console.deps, endpointId)).toMatchObject([
    { state: "parked", lastStatus: 500, lastReason: "status_500", tries: LIMITS.webhookTriesMax },
  ]);
  console.world.answer = () => new Response(null, { status: 200 });
  expect(await console.deps.webhooks.replay([deliveryId], console.world.nowMs)).toEqual([deliveryId]);
  await console.try(deliveryId);
  expect(await deliveriesOf(console.deps, endpointId)).toMatchObject([{ state: "delivered", tries: 1 }]);
});

test("two consumers with the same message: one of them tries", async () => {
  const console = aConsole();
  await anEndpoint(console.deps);
  await console.changed(await anOrder("confirmed", "captured"));
  const [deliveryId = ""] = console.queued.deliveries;
  await Promise.all([console.try(deliveryId), console.try(deliveryId), console.try(deliveryId)]);
  expect(console.sent).toHaveLength(1);
});

test("a try that was begun and died is made again once its lease is over", async () => {
  const console = aConsole();
  await anEndpoint(console.deps);
  await console.changed(await anOrder("confirmed", "captured"));
  const [deliveryId = "" as DeliveryId] = console.queued.deliveries;
  const { nowMs } = console.world;
  await console.deps.webhooks.claim([deliveryId], { nowMs, leaseUntilMs: nowMs + LIMITS.webhookLeaseMs });
  await console.try(deliveryId);
  expect(console.sent).toHaveLength(0);
  console.world.nowMs += LIMITS.webhookLeaseMs + LIMITS.notificationLateMs + 1;
  await sweep(console.deps);
  expect(console.queued.deliveries).toEqual([deliveryId, deliveryId]);
  await console.try(deliveryId);
  expect(console.sent).toHaveLength(1);
});

test("an endpoint that fails for days is switched off, and the log says so; nothing is sent to it any more", async () => {
  const console = aConsole();
  const { endpointId } = await anEndpoint(console.deps);
  console.world.answer = () => Promise.reject(new TypeError("connection refused"));
  await console.changed(await anOrder("confirmed", "captured"));
  const [deliveryId = ""] = console.queued.deliveries;
  await console.try(deliveryId);
  expect(await console.deps.webhooks.endpoint(endpointId)).toMatchObject({
    failingSinceMs: START_MS,
    isEnabled: true,
  });
  console.world.nowMs += LIMITS.webhookDisableAfterMs;
  await console.try(deliveryId);
  expect(await console.deps.webhooks.endpoint(endpointId)).toMatchObject({
    isEnabled: false,
    disabledReason: "failing",
  });
  expect(await deliveriesOf(console.deps, endpointId)).toMatchObject([
    { state: "parked", lastReason: "endpoint_disabled" },
  ]);
  const { results } = await env.DB.prepare("SELECT action FROM operator_log WHERE subject = ?")
    .bind(endpointId)
    .all();
  expect(results).toEqual([{ action: "disable_webhook_endpoint" }]);
  await console.changed(await anOrder("confirmed", "captured"));
  expect(console.queued.deliveries).toHaveLength(1);
});

test("an address that is no longer taken is not called, and a redirect is not followed", async () => {
  const console = aConsole();
  const { endpointId } = await anEndpoint(console.deps);
  await env.DB.exec("UPDATE webhook_endpoints SET url = 'https://169.254.169.254/latest'");
  await console.changed(await anOrder("confirmed", "captured"));
  const [deliveryId = ""] = console.queued.deliveries;
  await console.try(deliveryId);
  expect(console.sent).toEqual([]);
  expect(await deliveriesOf(console.deps, endpointId)).toMatchObject([
    { state: "pending", lastReason: "address_refused" },
  ]);
  await env.DB.exec("UPDATE webhook_endpoints SET url = 'https://hooks.shop.com/'");
  console.world.answer = () =>
    new Response(null, { status: 307, headers: { location: "https://other.com/" } });
  console.world.nowMs += 60_000;
  await console.try(deliveryId);
  expect(console.sent).toMatchObject([{ url: "https://hooks.shop.com/", redirect: "manual" }]);
  expect(await deliveriesOf(console.deps, endpointId)).toMatchObject([
    { lastStatus: 307, lastReason: "redirected" },
  ]);
});

test("of an answer without end only so much is read", async () => {
  const console = aConsole();
  await anEndpoint(console.deps);
  let pulled = 0;
  const endless = new ReadableStream({
    pull(controller) {
      pulled += 1_024;
      controller.enqueue(new Uint8Array(1_024));
    },
  });
  console.world.answer = () => new Response(endless, { status: 200 });
  await console.changed(await anOrder("confirmed", "captured"));
  expect(await console.try(...console.queued.deliveries)).toEqual([{ fate: "acked" }]);
  expect(pulled).toBeLessThanOrEqual(LIMITS.webhookAnswerMaxBytes + 4 * 1_024);
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

const refund = (orderId: OrderId, refundedMinor: number) =>
  env.DB.prepare("UPDATE orders SET refunded_minor = ?, version = version + 2 WHERE order_id = ?")
    .bind(refundedMinor, orderId)
    .run();

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

test("a replay goes on behind its cursor, within one millisecond too", async () => {
  const { deps } = aConsole();
  const { endpointId } = await anEndpoint(deps, ["order.placed"]);
  const ids = ["a", "b", "c"].map((letter) => `dlv_${letter.repeat(32)}`);
  for (const deliveryId of ids)
    await env.DB.prepare(
      "INSERT INTO webhook_deliveries (delivery_id, endpoint_id, event_id, state, tries, next_at_ms, created_at_ms, updated_at_ms) VALUES (?, ?, 'evt', 'parked', 1, 0, 100, 100)",
    )
      .bind(deliveryId, endpointId)
      .run();
  const range = { endpointId: endpointId as EndpointId, fromMs: 100, toMs: 101, states: ["parked"] } as const;
  const found = async (after: ReplayCursor | null) =>
    (await deps.webhooks.toReplay({ ...range, after })).map(({ deliveryId }) => deliveryId);
  expect(await found(null)).toEqual(ids);
  const second = { createdAtMs: 100, deliveryId: ids[1] as DeliveryId };
  expect(await found(second)).toEqual([ids[2]]);
  expect(await found({ ...second, createdAtMs: 99 })).toEqual(ids);
});
