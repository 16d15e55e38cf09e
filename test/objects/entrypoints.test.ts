import { createExecutionContext, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { DropQueue } from "../../durable-objects/drop-queue/drop-queue.ts";
import { ForConsole } from "../../durable-objects/entrypoints/for-console.ts";
import { ForEdge } from "../../durable-objects/entrypoints/for-edge.ts";
import { ForPayments } from "../../durable-objects/entrypoints/for-payments.ts";
import { withRetry } from "../../durable-objects/entrypoints/retry.ts";
import state from "../../durable-objects/index.ts";
import { type OrderId, shardOfOrder } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { ok } from "../../schema/result.ts";
import type { KeyedReserveItem } from "../../schema/rpc/baskets.ts";
import type { PlaceItem } from "../../schema/rpc/orders.ts";
import {
  fingerprint,
  OPENS_AT_MS,
  orderId,
  orderTerms,
  reservationId,
  shopperId,
} from "../unit/sku-stock-fakes.ts";
import { basketItem } from "./buying.ts";
import {
  document,
  freshDrop,
  lineNamespaceStub,
  ordersNamespaceStub,
  SKU,
  setClock,
  useClock,
} from "./fresh.ts";

useClock();

const forEdge = () => new ForEdge(createExecutionContext(), env as StateEnv);
const forPayments = () => new ForPayments(createExecutionContext(), env as StateEnv);
const forConsole = () => new ForConsole(createExecutionContext(), env as StateEnv);

async function liveDrop(skus = [SKU as string]) {
  const dropId = freshDrop();
  setClock(OPENS_AT_MS - 1_000);
  const all = skus.map((id) => ({ id, name: id, stock: 20, priceMinor: 100 }));
  await forConsole().publish(document(dropId, { skus: all }), "1".repeat(64));
  setClock(OPENS_AT_MS);
  return dropId;
}

const orderItem = (
  number: number,
  { dropId, shard }: { dropId: PlaceItem["dropId"]; shard: number },
): PlaceItem => ({
  orderId: orderId(number, shard),
  fingerprint: fingerprint(number),
  shopperId: shopperId(number),
  dropId,
  reservationId: reservationId(number),
  email: "shopper@example.com",
  payment: { kind: "token", token: "tok_visa" },
  returnUrl: "https://shop.example.com/order",
  gateway: "sandbox",
  paymentWindowMs: 60_000,
  unknownHoldMs: 120_000,
  commandResendMs: 10_000,
  terms: ok(orderTerms()),
});

describe("payments", () => {
  test("commands of many shards are answered in the order they were asked", async () => {
    const dropId = await liveDrop();
    const ids: OrderId[] = [];
    for (const [index, shard] of [5, 0, 3, 5, 1, 0].entries()) {
      const item = orderItem(index + 1, { dropId, shard });
      await forEdge().reserve(shard, [basketItem(index + 1, dropId)]);
      expect(await forEdge().place(shard, [item])).toMatchObject([{ ok: true }]);
      ids.push(item.orderId);
    }
    const nobody = orderId(99, 2);
    const asked = [ids[3], nobody, ids[0], ids[5], ids[2], ids[1], ids[4]].map((id) => id as OrderId);
    const begun = await forPayments().begin(asked.map((id) => ({ orderId: id, attempt: 1 })));
    expect(begun.map((command) => command?.orderId ?? nobody)).toEqual(asked);
    const outcome = { kind: "succeeded" as const, ref: "pay" };
    const next = await forPayments().report(asked.map((id) => ({ orderId: id, attempt: 1, outcome })));
    expect(next.map((command) => command?.orderId ?? nobody)).toEqual(asked);
    expect(next.filter((command) => command?.operation === "capture")).toHaveLength(6);
    expect(
      await forEdge().readOrders(shardOfOrder(ids[0] as OrderId), [
        { orderId: ids[0] as OrderId, shopperId: shopperId(1) },
      ]),
    ).toMatchObject([{ ok: true }]);
    expect(await forConsole().redrive(ids[0] as OrderId)).toBe(false);
  });

  test("an empty batch asks nobody", async () => {
    expect(await forPayments().begin([])).toEqual([]);
    expect(await forPayments().report([])).toEqual([]);
  });
});

describe("one idempotency key", () => {
  const keyed = (
    dropId: KeyedReserveItem["dropId"],
    number: number,
    { skuId = SKU, ...over }: Partial<KeyedReserveItem> & { skuId?: typeof SKU } = {},
  ) => basketItem(number, dropId, { lines: [{ skuId, quantity: 1 }], ...over });
  const codes = (answers: Awaited<ReturnType<ForEdge["reserve"]>>) =>
    answers.map((answer) => (answer.ok ? "ok" : answer.refusal.code));

  test("reserves once, whatever SKU its second body names", async () => {
    const other = "other" as typeof SKU;
    const dropId = await liveDrop([SKU, other]);
    const first = keyed(dropId, 101);
    const second = keyed(dropId, 101, { skuId: other, fingerprint: fingerprint(9) });
    expect(codes(await forEdge().reserve(4, [first, second]))).toEqual(["ok", "idempotency_key_reused"]);
    expect(codes(await forEdge().reserve(4, [second, first]))).toEqual(["idempotency_key_reused", "ok"]);
    expect(await forConsole().stockAudit(dropId, other, 0, 0)).toMatchObject({ level: { reserved: 0 } });
  });

  test("used twice at once gets one answer, and is free again after a refusal", async () => {
    const dropId = await liveDrop();
    const [one, two] = await Promise.all([
      forEdge().reserve(4, [keyed(dropId, 102)]),
      forEdge().reserve(4, [keyed(dropId, 102)]),
    ]);
    expect(one).toEqual(two);
    const none = keyed(dropId, 103, { skuId: "none" as typeof SKU });
    expect(codes(await forEdge().reserve(4, [none]))).toEqual(["sku_not_found"]);
    expect(codes(await forEdge().reserve(4, [keyed(dropId, 103, { fingerprint: fingerprint(9) })]))).toEqual([
      "ok",
    ]);
  });
});

describe("a call into an object that was reset", () => {
  const failing = (times: number, marks: object) => {
    const call = vi.fn(async () => {
      if (call.mock.calls.length <= times) throw Object.assign(new Error("reset"), marks);
      return "answer";
    });
    return call;
  };

  test("is made again while the platform says that it may, at most three times", async () => {
    const twice = failing(2, { retryable: true });
    expect(await withRetry(twice)).toBe("answer");
    const always = failing(99, { retryable: true });
    await expect(withRetry(always)).rejects.toThrow("reset");
    expect(always).toHaveBeenCalledTimes(LIMITS.rpcTriesMax);
  });

  test("is not made again when the object is overloaded or the failure is for good", async () => {
    const overloaded = failing(9, { retryable: true, overloaded: true });
    await expect(withRetry(overloaded)).rejects.toThrow();
    const final = failing(9, {});
    await expect(withRetry(final)).rejects.toThrow();
    expect([overloaded, final].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });
});

describe("the cron", () => {
  const knock = () => state.scheduled({ scheduledTime: Date.now(), cron: "", noRetry() {} }, env as StateEnv);

  const lose = (stub: DurableObjectStub) =>
    runInDurableObject(stub, (_, { storage }) => storage.deleteAlarm());
  /** One that no other test here has orders in. */
  const SHARD = 7;

  test("wakes a line whose alarm was lost", async () => {
    const dropId = await liveDrop();
    await forEdge().join(dropId, new Uint8Array(16).fill(7), new Uint8Array(1));
    await lose(lineNamespaceStub(dropId));
    setClock(OPENS_AT_MS + 5_000);
    await knock();
    expect(await forEdge().closedCohorts(dropId, -1)).toMatchObject({
      ok: true,
      value: [{ cohort: 1, count: 1 }],
    });
  });

  test("wakes a coordinator whose alarm was lost, which sends again what is due", async () => {
    const dropId = await liveDrop();
    const order = orderItem(201, { dropId, shard: SHARD });
    await forEdge().reserve(SHARD, [basketItem(201, dropId)]);
    expect(await forEdge().place(SHARD, [order])).toMatchObject([{ ok: true }]);
    const dueAtMs = () =>
      runInDurableObject(ordersNamespaceStub(SHARD), (_, { storage }) => {
        const rows = storage.sql.exec("SELECT due_at_ms FROM orders WHERE order_id = ?", order.orderId);
        return Number(rows.one().due_at_ms);
      });
    const firstDueAtMs = await dueAtMs();
    expect(firstDueAtMs).toBeGreaterThan(OPENS_AT_MS);

    await lose(ordersNamespaceStub(SHARD));
    setClock(firstDueAtMs);
    await knock();
    expect(await dueAtMs()).toBe(firstDueAtMs + order.commandResendMs);
    const alarmAtMs = await runInDurableObject(ordersNamespaceStub(SHARD), (_, { storage }) =>
      storage.getAlarm(),
    );
    expect(alarmAtMs).not.toBeNull();
  });

  test("goes on past an object that cannot be reached", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    // Each drop of this file is knocked on; the first of them, whichever it is, fails.
    vi.spyOn(DropQueue.prototype, "knock").mockRejectedValueOnce(new Error("away"));
    const drops = [await liveDrop(), await liveDrop()];
    for (const drop of drops) await forEdge().join(drop, new Uint8Array(16).fill(7), new Uint8Array(1));
    setClock(OPENS_AT_MS + 5_000);
    await knock();
    expect(logged.mock.calls.flat().join()).toContain("knock_failed");
    const closed = await Promise.all(drops.map((drop) => forEdge().closedCohorts(drop, -1)));
    expect(closed).toContainEqual(
      expect.objectContaining({ value: [expect.objectContaining({ cohort: 1 })] }),
    );
  });
});
