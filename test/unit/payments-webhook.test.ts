import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { signWebhook } from "../../scripts/sandbox/courier.ts";
import { createApp } from "../../workers/payments/app.ts";
import { anOrder, aWorld, passing, permanent } from "./payments-world.ts";
import { WEBHOOK_SECRET } from "./sandbox-client.ts";

const anEvent = (data: Record<string, unknown> = {}, type = "payment.captured") =>
  JSON.stringify({
    type,
    timestamp: new Date().toISOString(),
    data: {
      order: anOrder(),
      paymentId: "pay_1",
      sessionId: null,
      amountMinor: 12_900,
      currency: "EUR",
      ...data,
    },
  });

type World = ReturnType<typeof aWorld>;

async function deliver(
  world: World,
  body: string | Uint8Array,
  headers: Record<string, string> = sign(body),
) {
  const request = new Request("http://payments/webhooks/sandbox", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: body as BodyInit,
  });
  const response = await createApp(world.deps).fetch(request, {}, fakeContext);
  expect(response.headers.get("cache-control")).toBe("no-store");
  if (response.status === 204) return { status: 204, code: null, headers: response.headers };
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const { code, status } = (await response.json()) as { code: string; status: number };
  expect(status).toBe(response.status);
  return { status, code, headers: response.headers };
}

const fakeContext = { waitUntil() {}, passThroughOnException() {}, props: {} } as unknown as ExecutionContext;

function sign(body: string | Uint8Array, { secret = WEBHOOK_SECRET, nowMs = Date.now() } = {}) {
  return signWebhook(secret, { messageId: "msg_1", body: Buffer.from(body).toString("utf8"), nowMs });
}

describe("a webhook of the sandbox", () => {
  test.each([
    ["payment.authorized", "authorized"],
    ["payment.captured", "captured"],
    ["payment.voided", "voided"],
    ["payment.refunded", "refunded"],
    ["session.expired", "session_expired"],
  ])("%s reaches the coordinator as %s", async (type, kind) => {
    const world = aWorld({});
    const orderId = anOrder();
    expect(await deliver(world, anEvent({ order: orderId, sessionId: "ses_1" }, type))).toMatchObject({
      status: 204,
    });
    expect(world.calls.events).toEqual([
      { orderId, kind, paymentRef: "pay_1", sessionRef: "ses_1", amountMinor: 12_900, currency: "EUR" },
    ]);
  });

  test("what was paid with, and how much has gone back, reaches the coordinator too", async () => {
    const world = aWorld({});
    await deliver(world, anEvent({ instrument: "card_1" }, "payment.authorized"));
    await deliver(world, anEvent({ refundedMinor: 900, amountMinor: 400 }, "payment.refunded"));
    expect(world.calls.events).toMatchObject([
      { kind: "authorized", instrument: "card_1" },
      { kind: "refunded", amountMinor: 400, refundedMinor: 900 },
    ]);
    const long = "x".repeat(LIMITS.instrumentMaxChars + 1);
    expect(await deliver(world, anEvent({ instrument: long }))).toMatchObject({ code: "invalid_request" });
  });

  test("a duplicate is taken in again: the coordinator does nothing the second time", async () => {
    const world = aWorld({});
    const body = anEvent();
    expect((await deliver(world, body)).status).toBe(204);
    expect((await deliver(world, body)).status).toBe(204);
    expect(world.calls.events).toHaveLength(2);
  });

  test.each([
    [
      "another secret",
      (body: string) => sign(body, { secret: `whsec_${btoa("some other secret, of 32 bytes!!!")}` }),
    ],
    ["another body", () => sign(anEvent())],
    ["another id", (body: string) => ({ ...sign(body), "webhook-id": "msg_2" })],
    [
      "another time",
      (body: string) => ({ ...sign(body), "webhook-timestamp": String(Math.floor(Date.now() / 1_000) - 1) }),
    ],
    ["no signature", () => ({})],
    ["an empty signature", (body: string) => ({ ...sign(body), "webhook-signature": "v1," })],
    [
      "another version",
      (body: string) => ({
        ...sign(body),
        "webhook-signature": sign(body)["webhook-signature"].replace("v1,", "v2,"),
      }),
    ],
  ])("signed with %s is refused and not passed on", async (_, headersFor) => {
    const world = aWorld({});
    const body = anEvent();
    expect(await deliver(world, body, headersFor(body))).toMatchObject({
      status: 401,
      code: "signature_invalid",
    });
    expect(world.calls.events).toEqual([]);
  });

  test.each([
    [-299_000, 204],
    [-302_000, 401],
    [299_000, 204],
    [302_000, 401],
  ])("signed %i ms from now is answered %i", async (offsetMs, status) => {
    const world = aWorld({});
    const body = anEvent();
    expect((await deliver(world, body, sign(body, { nowMs: Date.now() + offsetMs }))).status).toBe(status);
  });

  test("bytes that are not UTF-8 are refused, even when their replacement was signed", async () => {
    const bytes = Buffer.concat([Buffer.from('{"type":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    const world = aWorld({});
    expect((await deliver(world, bytes, sign(bytes))).code).toBe("signature_invalid");
  });

  test("signed nonsense is refused with its reason", async () => {
    const world = aWorld({});
    expect((await deliver(world, "{")).code).toBe("invalid_json");
    expect((await deliver(world, `\ufeff${anEvent()}`)).code).toBe("invalid_json");
    expect((await deliver(world, "[]")).code).toBe("invalid_request");
    expect((await deliver(world, anEvent({ order: "somebody-else's" }))).code).toBe("invalid_request");
    expect((await deliver(world, anEvent({ amountMinor: 1.5 }))).code).toBe("invalid_request");
    expect(world.calls.events).toEqual([]);
  });

  test("an event of a kind without use is taken in and left alone", async () => {
    const world = aWorld({});
    expect((await deliver(world, anEvent({}, "payout.paid"))).status).toBe(204);
    expect((await deliver(world, anEvent({}, "constructor"))).status).toBe(204);
    expect(world.calls.events).toEqual([]);
  });

  test("an order that nobody knows is taken in and logged", async () => {
    const world = aWorld({ knowsOrders: false });
    expect((await deliver(world, anEvent())).status).toBe(204);
    expect(world.logged).toContainEqual(
      expect.objectContaining({ level: "error", event: "webhook_order_unknown" }),
    );
  });

  test("a coordinator that does not answer makes the gateway send it again", async () => {
    const world = aWorld({ eventFails: [permanent] });
    const answer = await deliver(world, anEvent());
    expect(answer).toMatchObject({ status: 503, code: "unavailable" });
    expect(answer.headers.get("retry-after")).toBe("5");
  });

  test("a coordinator that was reset is asked again at once", async () => {
    const world = aWorld({ eventFails: [passing] });
    expect((await deliver(world, anEvent())).status).toBe(204);
    expect(world.calls.events).toHaveLength(2);
  });

  test("a body of the greatest size is read, one byte more is not", async () => {
    const world = aWorld({});
    const frame = anEvent({ note: "" });
    const greatest = anEvent({ note: "x".repeat(LIMITS.webhookBodyMaxBytes - frame.length) });
    expect(greatest).toHaveLength(LIMITS.webhookBodyMaxBytes);
    expect((await deliver(world, greatest)).status).toBe(204);
    expect(await deliver(world, `${greatest} `)).toMatchObject({ status: 413, code: "body_too_large" });
  });
});

test.each([
  ["GET", "/webhooks/sandbox"],
  ["POST", "/webhooks/stripe"],
  ["GET", "/"],
])("%s %s is not there", async (method, path) => {
  const response = await createApp(aWorld({}).deps).request(path, { method });
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: "not_found", requestId: expect.any(String) });
  expect(response.headers.get("cache-control")).toBe("no-store");
});
