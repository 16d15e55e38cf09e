import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import type { WebhookDeliveryRow } from "../../schema/tables.ts";
import { fakeConsole } from "./console-fakes.ts";
import type { fakeNotify } from "./notify-fakes.ts";

const URL = "https://hooks.shop.com/dropline";
const wanted = (changes: object = {}) => ({ url: URL, eventTypes: ["order.confirmed"], ...changes });
const notifyOf = ({ deps }: ReturnType<typeof fakeConsole>) => deps.notify as ReturnType<typeof fakeNotify>;

function aDelivery(changes: Partial<WebhookDeliveryRow> = {}): WebhookDeliveryRow {
  return {
    deliveryId: `dlv_${"1".repeat(32)}`,
    eventId: `evt_${"1".repeat(32)}`,
    endpointId: "shop",
    state: "parked",
    tries: 14,
    nextAtMs: 0,
    lastStatus: 500,
    lastReason: "status_500",
    createdAtMs: 100,
    updatedAtMs: 100,
    ...changes,
  };
}

describe("webhook endpoints", () => {
  test("the secret is shown when one is made, and never again", async () => {
    const { call } = fakeConsole();
    const made = await call("PUT", "/v1/webhook-endpoints/shop", wanted());
    expect(made.status).toBe(201);
    expect(made.body.secret).toMatch(/^whsec_/);
    const changed = await call("PUT", "/v1/webhook-endpoints/shop", wanted({ description: "ours" }));
    expect(changed).toMatchObject({ status: 200, body: { description: "ours" } });
    const shown = await call("GET", "/v1/webhook-endpoints/shop");
    const listed = await call("GET", "/v1/webhook-endpoints");
    for (const { body } of [changed, shown, listed]) {
      expect(JSON.stringify(body)).not.toContain("whsec_");
      expect(JSON.stringify(body)).not.toContain("salt");
    }
  });

  test("a rotation shows the new secret once and says until when the old one signs", async () => {
    const { call } = fakeConsole();
    const made = await call("PUT", "/v1/webhook-endpoints/shop", wanted());
    const rotated = await call("POST", "/v1/webhook-endpoints/shop/rotate", { keepOldMs: 5_000 });
    expect(rotated.status).toBe(200);
    expect(rotated.body.secret).not.toBe(made.body.secret);
    expect(rotated.body.keys).toMatchObject([{ retiresAtMs: null }, { retiresAtMs: 1_800_000_005_000 }]);
    expect((await call("POST", "/v1/webhook-endpoints/shop/rotate")).status).toBe(200);
  });

  test("an overlap is refused beyond its bound, and taken at it", async () => {
    const { call } = fakeConsole();
    await call("PUT", "/v1/webhook-endpoints/shop", wanted());
    const rotate = (keepOldMs: number) => call("POST", "/v1/webhook-endpoints/shop/rotate", { keepOldMs });
    expect((await rotate(LIMITS.webhookKeyOverlapMaxMs)).status).toBe(200);
    expect((await rotate(LIMITS.webhookKeyOverlapMaxMs + 1)).body).toMatchObject({ code: "invalid_request" });
  });

  test("what is wrong is named", async () => {
    const { call } = fakeConsole();
    const wrong: [object, string][] = [
      [wanted({ url: "http://shop.com/" }), "url"],
      [wanted({ url: "https://10.0.0.1/" }), "url"],
      [wanted({ url: `https://shop.com/${"a".repeat(LIMITS.urlMaxChars)}` }), "url"],
      [wanted({ eventTypes: [] }), "eventTypes"],
      [wanted({ eventTypes: ["order.lost"] }), "eventTypes.0"],
      [wanted({ eventTypes: ["order.placed", "order.placed"] }), "eventTypes"],
      [wanted({ surprise: 1 }), ""],
    ];
    for (const [body, path] of wrong) {
      const { body: answer } = await call("PUT", "/v1/webhook-endpoints/shop", body);
      expect(answer).toMatchObject({ code: "invalid_request", errors: [{ path }] });
    }
    expect((await call("PUT", "/v1/webhook-endpoints/No_Slug", wanted())).body.code).toBe("invalid_request");
  });

  test("there are so many and no more", async () => {
    const { call } = fakeConsole();
    for (let n = 1; n <= LIMITS.webhookEndpointsMax; n++)
      expect((await call("PUT", `/v1/webhook-endpoints/shop-${n}`, wanted())).status).toBe(201);
    expect((await call("PUT", "/v1/webhook-endpoints/one-more", wanted())).body.code).toBe(
      "too_many_endpoints",
    );
    expect((await call("PUT", "/v1/webhook-endpoints/shop-1", wanted())).status).toBe(200);
  });

  test("what is not there is told", async () => {
    const { call } = fakeConsole();
    const code = async (method: string, path: string, body?: unknown) =>
      (await call(method, path, body)).body.code;
    expect(await code("GET", "/v1/webhook-endpoints/none")).toBe("endpoint_not_found");
    expect(await code("DELETE", "/v1/webhook-endpoints/none")).toBe("endpoint_not_found");
    expect(await code("POST", "/v1/webhook-endpoints/none/rotate")).toBe("endpoint_not_found");
    const range = { fromMs: 0, toMs: 1 };
    expect(await code("POST", "/v1/webhook-endpoints/none/replay", range)).toBe("endpoint_not_found");
    expect(await code("POST", `/v1/deliveries/dlv_${"9".repeat(32)}/replay`)).toBe("delivery_not_found");
    expect(await code("POST", "/v1/webhook-endpoints")).toBe("method_not_allowed");
  });
});

describe("a replay", () => {
  test("of one delivery queues it under its id; a repeat while it is on its way does nothing", async () => {
    const console = fakeConsole();
    await console.call("PUT", "/v1/webhook-endpoints/shop", wanted());
    const delivery = aDelivery();
    notifyOf(console).rows.deliveries.push(delivery);
    const replay = () => console.call("POST", `/v1/deliveries/${delivery.deliveryId}/replay`);
    expect(await replay()).toMatchObject({ status: 200, body: { state: "pending" } });
    expect(await replay()).toMatchObject({ status: 200 });
    expect(notifyOf(console).queued.deliveries).toEqual([delivery.deliveryId]);
  });

  test("of a range takes what was parked in it, and what was delivered if asked", async () => {
    const console = fakeConsole();
    await console.call("PUT", "/v1/webhook-endpoints/shop", wanted());
    const at = (n: number, changes: Partial<WebhookDeliveryRow>) =>
      notifyOf(console).rows.deliveries.push(
        aDelivery({ deliveryId: `dlv_${String(n).padStart(32, "0")}`, ...changes }),
      );
    at(1, { createdAtMs: 99 });
    at(2, { createdAtMs: 100 });
    at(3, { createdAtMs: 150, state: "delivered" });
    at(4, { createdAtMs: 200 });
    at(5, { createdAtMs: 150, endpointId: "other" });
    const replay = (body: object) => console.call("POST", "/v1/webhook-endpoints/shop/replay", body);
    expect((await replay({ fromMs: 100, toMs: 200 })).body).toEqual({ replayed: 1, next: null });
    expect((await replay({ fromMs: 100, toMs: 200, states: ["delivered"] })).body.replayed).toBe(1);
    expect((await replay({ fromMs: 200, toMs: 200 })).body.code).toBe("invalid_request");
    expect(console.rows.log.map(({ action }) => action)).toContain("replay_deliveries");
  });
});

test("a replay of more than one call takes goes on, also within one millisecond", async () => {
  const console = fakeConsole();
  await console.call("PUT", "/v1/webhook-endpoints/shop", wanted());
  const { deliveries } = notifyOf(console).rows;
  for (let n = 0; n <= LIMITS.replayRowsMax; n += 1)
    deliveries.push(aDelivery({ deliveryId: `dlv_${String(n).padStart(32, "0")}`, createdAtMs: 100 }));
  const replay = (after: object) =>
    console.call("POST", "/v1/webhook-endpoints/shop/replay", { fromMs: 100, toMs: 101, ...after });
  const first = await replay({});
  expect(first.body.replayed).toBe(LIMITS.replayRowsMax);
  expect((await replay({ after: first.body.next })).body).toEqual({ replayed: 1, next: null });
  expect(deliveries.every(({ state }) => state === "pending")).toBe(true);
  // Replayed again by a cursor: what came before it is left alone.
  for (const row of deliveries) row.state = "parked";
  expect((await replay({ after: first.body.next })).body.replayed).toBe(1);
  expect((await replay({ after: { createdAtMs: 100 } })).body.code).toBe("invalid_request");
});

test("a parked notification goes back on its queue", async () => {
  const console = fakeConsole();
  const body = { kind: "order", orderId: `ord_00${"1".repeat(32)}`, version: 3 };
  console.rows.parked.push({
    messageId: "m1",
    queue: "dropline-notifications-dead",
    body: JSON.stringify(body),
    orderId: body.orderId,
    parkedAtMs: 1,
    redrivenAtMs: null,
  });
  expect((await console.call("POST", "/v1/parked/m1/redrive")).body).toMatchObject({ due: true });
  expect(notifyOf(console).queued.notifications).toEqual([body]);
});
