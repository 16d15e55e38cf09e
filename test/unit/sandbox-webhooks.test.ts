import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Sandbox } from "../../scripts/sandbox/server.ts";
import {
  API_KEY,
  clientOf,
  freshOrder,
  startListener,
  startTestSandbox,
  WEBHOOK_SECRET,
} from "./sandbox-client.ts";

let dir: string;
let listener: Awaited<ReturnType<typeof startListener>>;
let sandbox: Sandbox;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "sandbox-"));
});
afterEach(async () => {
  await sandbox?.close();
  await listener?.close();
  rmSync(dir, { recursive: true });
});

describe("webhooks", () => {
  test("each step is announced with a signature of the Standard Webhooks specification", async () => {
    listener = await startListener();
    sandbox = await startTestSandbox({ webhookUrl: listener.url });
    const client = clientOf(sandbox.url);
    const order = freshOrder();
    const { body } = await client.pay(order);
    await client.post(`/v1/payments/${body.id}/capture`, `${order}:capture:2`);
    await client.post(`/v1/payments/${body.id}/refund`, `${order}:refund:3`);
    await vi.waitFor(() => expect(listener.heard).toHaveLength(3), 3_000);
    expect(listener.types().sort()).toEqual(["payment.authorized", "payment.captured", "payment.refunded"]);
    for (const { headers, body: text } of listener.heard) {
      const event = new Webhook(WEBHOOK_SECRET).verify(text, headers as Record<string, string>);
      expect(event).toMatchObject({
        data: { order, paymentId: body.id, sessionId: null, amountMinor: 12_900, currency: "EUR" },
      });
    }
  });

  test("a session that runs out is announced by the clock", async () => {
    listener = await startListener();
    sandbox = await startTestSandbox({ webhookUrl: listener.url });
    await clientOf(sandbox.url).openSession(freshOrder(), Date.now() + 50);
    await vi.waitFor(() => expect(listener.types()).toEqual(["session.expired"]), 3_000);
  });

  test("a refused delivery comes again under the same id", async () => {
    listener = await startListener((_, nth) => (nth === 1 ? 503 : 204));
    sandbox = await startTestSandbox({ webhookUrl: listener.url });
    await clientOf(sandbox.url).pay(freshOrder());
    await vi.waitFor(() => expect(listener.heard).toHaveLength(2), 3_000);
    const ids = listener.heard.map(({ headers }) => headers["webhook-id"]);
    expect(ids[0]).toBe(ids[1]);
    await vi.waitFor(async () => {
      expect((await clientOf(sandbox.url).ledger()).webhooks).toEqual({ delivered: 1 });
    }, 3_000);
  });

  test("dropped events are never sent, duplicates twice", async () => {
    listener = await startListener();
    sandbox = await startTestSandbox({ webhookUrl: listener.url, faults: { webhookDropRate: 1 } });
    const client = clientOf(sandbox.url);
    await client.pay(freshOrder());
    sandbox.setFaults({ webhookDuplicateRate: 1, webhookDelayMs: 50 });
    const order = freshOrder();
    await client.pay(order);
    await vi.waitFor(() => expect(listener.heard).toHaveLength(2), 3_000);
    expect(listener.heard.every(({ body }) => body.includes(order))).toBe(true);
    expect((await client.ledger()).webhooks.dropped).toBe(1);
  });
});

describe("durability", () => {
  const launch = async (webhookUrl: string | null) => {
    const options = { port: 0, dir, apiKey: API_KEY, webhookSecret: WEBHOOK_SECRET, webhookUrl };
    const main = resolve(import.meta.dirname, "../../scripts/sandbox/main.ts");
    const child = spawn(process.execPath, [main, JSON.stringify(options)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(child.stdout, "data");
    const ready = JSON.parse(String(line)) as { ready: boolean; url: string; pid: number };
    expect(ready).toMatchObject({ ready: true, pid: child.pid });
    return { child, client: clientOf(ready.url) };
  };

  test("after kill -9 the ledger, the keys and the outbox are still there", async () => {
    listener = await startListener();
    const doomed = await launch("http://127.0.0.1:9/nobody-listens");
    const orders = Array.from({ length: 40 }, freshOrder);
    const acknowledged: string[] = [];
    const paying = orders.map(async (order) => {
      const { body } = await doomed.client.pay(order);
      acknowledged.push(order);
      if (acknowledged.length === 20) doomed.child.kill("SIGKILL");
      return body.id;
    });
    await Promise.allSettled(paying);
    expect(acknowledged.length).toBeGreaterThanOrEqual(20);

    const { child, client } = await launch(listener.url);
    const { operations, payments } = await client.ledger();
    expect(payments.map(({ order }) => order)).toEqual(expect.arrayContaining(acknowledged));
    const again = await client.pay(acknowledged[0] as string);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    await vi.waitFor(() => expect(listener.heard.length).toBe(operations.length), 5_000);
    child.kill("SIGTERM");
    await once(child, "exit");
  });

  test("a restart on the same directory goes on where it stopped", async () => {
    const order = freshOrder();
    const first = await startTestSandbox({ dir });
    const paid = await clientOf(first.url).pay(order);
    await first.close();
    sandbox = await startTestSandbox({ dir });
    const client = clientOf(sandbox.url);
    expect((await client.get(`/v1/payments/${paid.body.id}`)).body.status).toBe("authorized");
    expect((await client.post(`/v1/payments/${paid.body.id}/capture`, `${order}:capture:2`)).status).toBe(
      200,
    );
  });
});
