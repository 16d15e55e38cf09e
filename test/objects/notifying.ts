import { env } from "cloudflare:workers";
import type { DeliveryId, NotificationMessage } from "../../schema/events.ts";
import type { OrderId } from "../../schema/ids.ts";
import type { Snapshot } from "../../schema/line.ts";
import type { MailMessage } from "../../schema/mail.ts";
import type { EndpointId } from "../../schema/webhooks.ts";
import { d1Mails } from "../../workers/console/mails/store.ts";
import { consumeNotifications } from "../../workers/console/notify/consume-notifications.ts";
import type { NotifyDeps } from "../../workers/console/notify/deps.ts";
import { d1Tellings } from "../../workers/console/notify/store.ts";
import { runDeliveries } from "../../workers/console/webhooks/run-deliveries.ts";
import { newKey, secretOf } from "../../workers/console/webhooks/signing-keys.ts";
import { d1Webhooks } from "../../workers/console/webhooks/store.ts";
import { parseKeyset } from "../../workers/edge/keyset.ts";
import type { QueueMessage } from "../../workers/queue/message.ts";
import { d1Parking } from "../../workers/queue/store.ts";

export const START_MS = 1_800_000_000_000;
const keysetOf = (kid: string, fill: number) =>
  JSON.stringify([{ kid, secret: Buffer.alloc(32, fill).toString("base64url") }]);

type Sent = { url: string; headers: Headers; body: string; redirect: string | undefined };
type Fate = { fate: "open" | "acked" | "retried"; delaySeconds?: number | undefined };

/** The console's notifications over the real D1, with a receiver, a mailbox and queues that the test holds in hand. */
export function aConsole() {
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
export async function anOrder(status = "processing", money = "none"): Promise<OrderId> {
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
export const change = (orderId: OrderId, status: string, money: string) =>
  env.DB.prepare("UPDATE orders SET status = ?, money = ?, version = version + 1 WHERE order_id = ?")
    .bind(status, money, orderId)
    .run();

export async function anEndpoint(
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
export const deliveriesOf = (deps: NotifyDeps, endpointId: EndpointId) =>
  deps.webhooks.deliveries({ endpointId, state: null, after: "", limit: 100 });

export const refund = (orderId: OrderId, refundedMinor: number) =>
  env.DB.prepare("UPDATE orders SET refunded_minor = ?, version = version + 2 WHERE order_id = ?")
    .bind(refundedMinor, orderId)
    .run();

/** The rows that the tests of a file look at as a whole. */
export async function forgetAll(): Promise<void> {
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
}
