import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Sandbox } from "../../scripts/sandbox/server.ts";
import { clientOf, freshOrder, startTestSandbox } from "./sandbox-client.ts";

let sandbox: Sandbox;
let client: ReturnType<typeof clientOf>;
let nowMs: number;

beforeEach(async () => {
  nowMs = Date.now();
  sandbox = await startTestSandbox({ nowMs: () => nowMs });
  client = clientOf(sandbox.url);
});
afterEach(() => sandbox.close());

describe("payments", () => {
  test("an authorized payment is captured once and can then be refunded", async () => {
    const order = freshOrder();
    const paid = await client.pay(order);
    expect(paid).toMatchObject({ status: 201, body: { status: "authorized", order } });
    const path = `/v1/payments/${paid.body.id}`;
    expect(await client.post(`${path}/capture`, `${order}:capture:2`)).toMatchObject({
      status: 200,
      body: { status: "captured" },
    });
    expect(await client.post(`${path}/refund`, `${order}:refund:3`)).toMatchObject({
      status: 200,
      body: { status: "refunded" },
    });
    const { payments } = await client.ledger();
    expect(payments).toMatchObject([{ order, capturedMinor: 12_900, voidedMinor: 0, refundedMinor: 12_900 }]);
  });

  test("a second capture under another key is refused and written down as a double capture", async () => {
    const order = freshOrder();
    const path = `/v1/payments/${(await client.pay(order)).body.id}/capture`;
    await client.post(path, `${order}:capture:2`);
    expect(await client.post(path, `${order}:capture:3`)).toMatchObject({
      status: 409,
      body: { error: { code: "already_captured" } },
    });
    const { operations, payments } = await client.ledger();
    expect(operations.map(({ outcome }) => outcome)).toEqual([
      "succeeded",
      "succeeded",
      "refused_double_capture",
    ]);
    expect(payments).toMatchObject([{ capturedMinor: 12_900 }]);
  });

  test("a voided payment can be neither captured nor refunded", async () => {
    const order = freshOrder();
    const path = `/v1/payments/${(await client.pay(order)).body.id}`;
    expect(await client.post(`${path}/void`, `${order}:void:2`)).toMatchObject({
      body: { status: "voided", voidedMinor: 12_900 },
    });
    expect(await client.post(`${path}/capture`, `${order}:capture:3`)).toMatchObject({
      status: 409,
      body: { error: { code: "already_voided" } },
    });
    expect(await client.post(`${path}/refund`, `${order}:refund:4`)).toMatchObject({
      status: 409,
      body: { error: { code: "not_captured" } },
    });
  });

  test("another amount than the authorized one is not captured", async () => {
    const order = freshOrder();
    const path = `/v1/payments/${(await client.pay(order)).body.id}/capture`;
    expect((await client.post(path, `${order}:capture:2`, { amountMinor: 1 })).status).toBe(400);
  });

  test("tok_declined and tok_capture_declined are refused with 402", async () => {
    expect(await client.pay(freshOrder(), "tok_declined")).toMatchObject({
      status: 402,
      body: { error: { code: "card_declined" } },
    });
    const order = freshOrder();
    const { body } = await client.pay(order, "tok_capture_declined");
    expect(await client.post(`/v1/payments/${body.id}/capture`, `${order}:capture:2`)).toMatchObject({
      status: 402,
      body: { error: { code: "capture_declined" } },
    });
  });
});

describe("idempotency keys", () => {
  test("a repeat gets the first answer and does nothing", async () => {
    const order = freshOrder();
    const first = await client.pay(order);
    const again = await client.pay(order);
    expect(again.body).toEqual(first.body);
    expect(again.status).toBe(201);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect((await client.ledger()).operations).toHaveLength(1);
  });

  test("a decline is remembered too", async () => {
    const order = freshOrder();
    await client.pay(order, "tok_declined");
    expect((await client.pay(order, "tok_declined")).headers.get("idempotent-replayed")).toBe("true");
  });

  test("the same key with another body is refused", async () => {
    const order = freshOrder();
    await client.pay(order);
    expect(await client.pay(order, "tok_declined")).toMatchObject({
      status: 409,
      body: { error: { code: "idempotency_key_reused" } },
    });
  });

  test("a key is forgotten after 24 hours", async () => {
    const order = freshOrder();
    const first = await client.pay(order);
    nowMs += 24 * 60 * 60 * 1_000 + 1;
    expect((await client.get(`/v1/operations/${order}:authorize:1`)).status).toBe(404);
    expect((await client.pay(order)).body.id).not.toBe(first.body.id);
  });

  test("a write without a key is refused", async () => {
    expect((await client.post("/v1/payments", undefined, {})).body.error?.code).toBe(
      "idempotency_key_missing",
    );
  });

  test("an operation can be looked up by its key", async () => {
    const order = freshOrder();
    expect(await client.get(`/v1/operations/${order}:authorize:1`)).toMatchObject({
      status: 404,
      body: { error: { code: "operation_not_found" } },
    });
    const paid = await client.pay(order);
    expect(await client.get(`/v1/operations/${encodeURIComponent(`${order}:authorize:1`)}`)).toMatchObject({
      status: 200,
      body: { operation: "authorize", status: 201, body: paid.body },
    });
  });
});

describe("sessions", () => {
  const submit = (id: unknown, action: string) =>
    fetch(`${sandbox.url}/pay/${id}`, {
      method: "POST",
      redirect: "manual",
      body: new URLSearchParams({ action }),
    });

  test("the hosted page names the amount and works without a script", async () => {
    const { body } = await client.openSession(freshOrder());
    expect(body).toMatchObject({ status: "open", url: `${sandbox.url}/pay/${body.id}` });
    const page = await fetch(body.url as string);
    const html = await page.text();
    expect(html).toContain("Pay 129.00 EUR");
    expect(html).toContain('lang="en"');
    expect(html).not.toContain("<script");
    expect(page.headers.get("content-security-policy")).toContain("form-action 'self' http://shop.test");
  });

  test("paying authorizes once and leads back to the shop", async () => {
    const order = freshOrder();
    const { body } = await client.openSession(order);
    const paid = await submit(body.id, "pay");
    expect([paid.status, paid.headers.get("location")]).toEqual([303, `http://shop.test/orders/${order}`]);
    expect((await submit(body.id, "pay")).status).toBe(303);
    const { payments } = await client.ledger();
    expect(payments).toHaveLength(1);
    expect((await client.get(`/v1/sessions/${body.id}`)).body).toEqual({
      id: body.id,
      status: "authorized",
      paymentId: payments[0]?.id,
      instrument: expect.stringMatching(/^card_/),
    });
  });

  test("a decline lets the shopper try again", async () => {
    const { body } = await client.openSession(freshOrder());
    const declined = await submit(body.id, "decline");
    expect(declined.status).toBe(402);
    expect(await declined.text()).toContain("declined");
    expect((await submit(body.id, "pay")).status).toBe(303);
  });

  test("after its end nobody can pay", async () => {
    const { body } = await client.openSession(freshOrder(), nowMs + 1_000);
    nowMs += 1_000;
    expect((await submit(body.id, "pay")).status).toBe(410);
    expect((await client.get(`/v1/sessions/${body.id}`)).body.status).toBe("expired");
    expect((await client.ledger()).payments).toEqual([]);
  });

  test("expiring answers how the session stands, and never undoes a payment", async () => {
    const open = await client.openSession(freshOrder());
    expect((await client.post(`/v1/sessions/${open.body.id}/expire`, undefined)).body.status).toBe("expired");
    const paid = await client.openSession(freshOrder());
    await submit(paid.body.id, "pay");
    expect((await client.post(`/v1/sessions/${paid.body.id}/expire`, undefined)).body.status).toBe(
      "authorized",
    );
  });

  test("canceling ends the session and leads back", async () => {
    const { body } = await client.openSession(freshOrder());
    expect((await submit(body.id, "cancel")).status).toBe(303);
    expect((await client.get(`/v1/sessions/${body.id}`)).body.status).toBe("expired");
  });
});

describe("doors", () => {
  test("a wrong API key opens neither /v1 nor /control", async () => {
    const stranger = clientOf(sandbox.url, { apiKey: "wrong" });
    expect((await stranger.pay(freshOrder())).status).toBe(401);
    expect((await stranger.get("/control/ledger")).status).toBe(401);
    expect((await stranger.put("/control/faults", {})).status).toBe(401);
  });

  test("unknown paths and malformed bodies are refused with a code", async () => {
    expect((await client.get("/v1/nothing/here")).body.error?.code).toBe("not_found");
    expect((await client.post("/v1/payments", "k", { order: 1 })).body.error?.code).toBe("invalid_request");
    expect((await client.put("/control/faults", { declineRate: 2 })).body.error?.code).toBe(
      "invalid_request",
    );
  });

  test("the ledger is read in pages that lose nothing", async () => {
    const orders = Array.from({ length: 5 }, freshOrder);
    for (const order of orders) await client.pay(order);
    const first = await client.ledger(0);
    const rest = await client.ledger(first.operations[1]?.seq);
    expect(rest.operations.map(({ order }) => order)).toEqual(orders.slice(2));
    expect(rest.payments.map(({ order }) => order)).toEqual(orders.slice(2));
    expect(rest.next).toBeNull();
  });
});
