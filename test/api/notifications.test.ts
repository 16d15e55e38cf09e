import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OrderAnswer } from "../../schema/http.ts";
import type { OrderMailRow, WebhookDeliveryRow } from "../../schema/tables.ts";
import { ask, expectRefusal } from "./ask.ts";
import { Browser } from "./browser.ts";
import { eventually } from "./eventually.ts";
import { Shopper } from "./shopper.ts";
import { askConsole, fresh, publishDrop, startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.end());

type Received = { headers: IncomingHttpHeaders; body: string };

/** A shop's own receiver: what it answers to the tries of each webhook-id, one after the other; then 204. */
async function startReceiver(...statuses: number[]) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const tries = received.filter(
      ({ headers }) => headers["webhook-id"] === request.headers["webhook-id"],
    ).length;
    received.push({ headers: request.headers, body });
    response.writeHead(statuses[tries] ?? 204).end();
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  return { received, url: `http://127.0.0.1:${port}/hooks`, close: () => server.close() };
}

async function listening(eventTypes: string[], ...statuses: number[]) {
  const receiver = await startReceiver(...statuses);
  const endpoint = fresh("shop");
  const reply = await askConsole(world, `/webhook-endpoints/${endpoint}`, {
    method: "PUT",
    body: { url: receiver.url, eventTypes },
  });
  expect(reply.status, reply.text).toBe(201);
  const { secret } = reply.json as { secret: string };
  return { ...receiver, endpoint, secret };
}

const idOf = ({ headers }: Received) => String(headers["webhook-id"]);
/** What the library makes of it. @throws when the signature is not this secret's. */
const verified = (secret: string, { body, headers }: Received) =>
  new Webhook(secret).verify(body, headers as Record<string, string>) as {
    type: string;
    data: { orderId: string };
  };

async function deliveriesOf(endpoint: string): Promise<WebhookDeliveryRow[]> {
  return (
    (await askConsole(world, `/deliveries?endpoint=${endpoint}`)).json as { rows: WebhookDeliveryRow[] }
  ).rows;
}

/** The mails that the sandbox's outbox has about one order. */
async function mailsAbout(orderId: string): Promise<{ subject: string; text: string }[]> {
  const reply = await ask(`${world.sandbox.url}/control/mails?to=shopper@example.com`, {
    token: world.secrets.sandboxApiKey,
  });
  const { mails } = reply.json as { mails: { subject: string; text: string }[] };
  return mails.filter(({ text }) => text.includes(orderId));
}

async function linkOf(orderId: string): Promise<string> {
  const text = await eventually("a mail about the order", async () => (await mailsAbout(orderId))[0]?.text);
  const link = /^http\S+access=\S+$/m.exec(text)?.[0] ?? "";
  const { pathname, search } = new URL(link);
  return `${pathname}${search}`;
}

describe.concurrent("what others are told of an order", () => {
  it("reaches a shop that fails twice, under one webhook-id, signed so that the library verifies it; and again by replay", async () => {
    const shop = await listening(["order.confirmed"], 500, 503);
    const drop = await publishDrop(world);
    const shopper = await Shopper.arrived(world);
    const { orderId } = await shopper.orderedByToken(drop.id, drop.sku);
    const ours = () => shop.received.filter(({ body }) => body.includes(orderId));
    await eventually("the third try", () => (ours().length === 3 ? true : undefined), 25_000);
    expect(new Set(ours().map(idOf)).size).toBe(1);
    for (const one of ours())
      expect(verified(shop.secret, one)).toMatchObject({
        type: "order.confirmed",
        data: { orderId, status: "confirmed", contact: { email: "shopper@example.com" } },
      });
    const [delivery] = await eventually("the delivery's note", async () => {
      const rows = (await deliveriesOf(shop.endpoint)).filter(({ state }) => state === "delivered");
      return rows.length > 0
        ? rows.filter(({ deliveryId }) => deliveryId === idOf(ours()[0] as Received))
        : undefined;
    });
    expect(delivery).toMatchObject({ tries: 3, lastStatus: 204 });
    const replay = await askConsole(world, `/deliveries/${delivery?.deliveryId}/replay`, { method: "POST" });
    expect(replay.status, replay.text).toBe(200);
    await eventually("the replay", () => (ours().length === 4 ? true : undefined));
    expect(idOf(ours()[3] as Received)).toBe(delivery?.deliveryId);
    shop.close();
  });

  it("is signed with both keys after a rotation", async () => {
    const shop = await listening(["order.placed"]);
    const rotated = await askConsole(world, `/webhook-endpoints/${shop.endpoint}/rotate`, { method: "POST" });
    const { secret } = rotated.json as { secret: string };
    const drop = await publishDrop(world);
    const { orderId } = await (await Shopper.arrived(world)).orderedByToken(drop.id, drop.sku);
    const one = await eventually(
      "the webhook",
      () => shop.received.find(({ body }) => body.includes(orderId)),
      25_000,
    );
    expect(secret).not.toBe(shop.secret);
    for (const each of [secret, shop.secret]) expect(verified(each, one).type).toBe("order.placed");
    shop.close();
  });

  it("includes the stock, in absolute figures, by the cron", async () => {
    const shop = await listening(["stock.changed"]);
    const drop = await publishDrop(world, { skus: [{ stock: 7 }] });
    const bodies = () =>
      shop.received.map(({ body }) => JSON.parse(body).data).filter(({ skuId }) => skuId === drop.sku);
    await world.platform.scheduled();
    await eventually("the level", () => (bodies().length > 0 ? true : undefined));
    expect(bodies()[0]).toMatchObject({ dropId: drop.id, stock: 7, available: 7, reserved: 0, sold: 0 });
    shop.close();
  });

  it("is streamed to its shopper until it is settled, and a client that has it all is told to ask no more", async () => {
    const drop = await publishDrop(world);
    const shopper = await Shopper.arrived(world);
    const { orderId } = await shopper.orderedByToken(drop.id, drop.sku);
    const url = `${world.platform.urls.edge}/v1/orders/${orderId}/events`;
    const headers = { authorization: `Bearer ${shopper.session}` };
    const response = await fetch(url, { headers });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    expect(response.headers.get("cache-control")).toContain("no-store");
    // The stream ends by itself: this answers only when it has.
    const text = await response.text();
    const events = [...text.matchAll(/^event: order\nid: (\S+)\ndata: (.+)$/gm)];
    expect(OrderAnswer.parse(JSON.parse(events.at(-1)?.[2] ?? ""))).toMatchObject({
      orderId,
      status: "confirmed",
    });
    const again = await fetch(url, { headers: { ...headers, "last-event-id": events.at(-1)?.[1] ?? "" } });
    expect(again.status).toBe(204);
    const stranger = await Shopper.arrived(world);
    expectRefusal(await stranger.look(`${orderId}/events`), "order_not_found");
    expectRefusal(await ask(url), "session_missing");
  });

  it("is mailed with a link that opens the order on another device, and nothing else", async () => {
    const drop = await publishDrop(world, { skus: [{}, {}] });
    const shopper = await Shopper.arrived(world);
    const { orderId } = await shopper.orderedByToken(drop.id, drop.skus[0] ?? "");
    await shopper.settled(orderId);
    const other = await (await Shopper.arrived(world)).orderedByToken(drop.id, drop.skus[1] ?? "");
    const link = await linkOf(orderId);

    const device = new Browser(world.platform.urls.edge);
    const page = await device.go(link);
    expect(page.status).toBe(200);
    expect(new URL(page.url).search).toBe("");
    expect(page.html).toContain(orderId);
    expect(device.cookieNames()).toEqual(["dropline_order"]);

    expect((await device.go(`/orders/${other.orderId}`)).status).toBe(401);
    const token = new URLSearchParams(link.split("?")[1]).get("access") ?? "";
    expect((await device.go(`/orders/${other.orderId}?access=${token}`)).status).toBe(403);
    for (const path of [`/v1/orders/${orderId}`, `/v1/orders/${orderId}/events`]) {
      expectRefusal(await ask(`${world.platform.urls.edge}${path}`, { token }), "session_invalid");
      expectRefusal(
        await ask(`${world.platform.urls.edge}${path}`, { headers: { cookie: `dropline_session=${token}` } }),
        "session_invalid",
      );
    }
    const stranger = new Browser(world.platform.urls.edge);
    expect((await stranger.go(`/orders/${orderId}`)).status).toBe(401);
    expect((await stranger.go(`/orders/${orderId}?access=${token}x`)).status).toBe(403);

    const { rows } = (await askConsole(world, `/orders/${orderId}/mails`)).json as { rows: OrderMailRow[] };
    expect(rows.every(({ state }) => state === "sent" || state === "pending")).toBe(true);
  });
});
