import { env } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import { beforeEach, expect, test } from "vitest";
import type { DeliveryId } from "../../schema/events.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { EndpointId, ReplayCursor } from "../../schema/webhooks.ts";
import { sweep } from "../../workers/console/notify/sweep.ts";
import { aConsole, anEndpoint, anOrder, deliveriesOf, forgetAll, START_MS } from "./notifying.ts";

beforeEach(forgetAll);

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
