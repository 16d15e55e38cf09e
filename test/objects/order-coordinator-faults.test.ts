import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { toOrderRow } from "../../durable-objects/order-coordinator/projection/rows.ts";
import { upsert } from "../../durable-objects/order-coordinator/projection/store.ts";
import { OrderStore } from "../../durable-objects/order-coordinator/store.ts";
import { takeOn } from "../../durable-objects/order-coordinator/take-on.ts";
import { LIMITS } from "../../schema/limits.ts";
import { reserveItem } from "../unit/sku-stock-fakes.ts";
import { freshShop } from "./buying.ts";
import { alarmAtMs, authorized, inD1 } from "./coordinating.ts";
import { pass, useClock } from "./fresh.ts";

useClock();

describe("a crash", () => {
  test("between the row and the pin is taken up by the alarm", async () => {
    const shop = await freshShop();
    await shop.reserve(1);
    await runInDurableObject(shop.stub(), async (_, { storage }) => {
      const item = shop.item(1);
      takeOn(new OrderStore(storage), item, Date.now());
      await storage.setAlarm(Date.now() + LIMITS.effectRetryBaseMs);
    });
    await evictDurableObject(shop.stub());
    pass(LIMITS.effectRetryBaseMs);
    expect(await shop.alarm()).toBe(true);
    expect(await shop.audited(1)).toMatchObject({
      status: "processing",
      attempts: [{ operation: "authorize", state: "due" }],
    });
    expect(await shop.level()).toMatchObject({ reserved: 1 });
  });

  test("while a command is begun leaves its lease, after which the outcome is looked up", async () => {
    const shop = await freshShop();
    await shop.buy(1);
    const command = await shop.begin(1, 1);
    await evictDurableObject(shop.stub());
    expect(await shop.begin(1, 1)).toBeNull();
    pass(30_000);
    await shop.alarm();
    expect(await shop.begin(1, 1)).toEqual({ ...command, mode: "resolve" });
  });

  test("loses nothing that was acknowledged", async () => {
    const shop = await freshShop();
    const placed = await shop.buy(1);
    await evictDurableObject(shop.stub());
    expect(await shop.rpc().place([shop.item(1)])).toEqual([{ ok: true, value: placed }]);
  });
});

describe("begin and report", () => {
  test("a stale or repeated message begins nothing", async () => {
    const shop = await freshShop();
    await shop.buy(1);
    expect(await shop.begin(1, 2)).toBeNull();
    expect(await shop.begin(1, 1)).not.toBeNull();
    expect(await shop.begin(1, 1)).toBeNull();
    await runInDurableObject(shop.stub(), (instance) => instance.alarm());
    expect(await shop.begin(1, 1)).toBeNull();
  });

  test("a report that comes twice, or too late, changes nothing and hands out nothing", async () => {
    const shop = await freshShop();
    await shop.buy(1);
    const authorize = await shop.begin(1, 1);
    if (!authorize) throw new Error("nothing to begin");
    await shop.report(authorize, { kind: "succeeded", ref: "pay_1" });
    const before = await shop.audited(1);
    expect(await shop.report(authorize, { kind: "succeeded", ref: "pay_1" })).toBeNull();
    expect(await shop.report(authorize, { kind: "declined", reason: "late" })).toBeNull();
    expect(await shop.audited(1)).toEqual(before);
  });

  test("a batch answers in its order, each order's next command once", async () => {
    const shop = await freshShop();
    for (const number of [1, 2, 3]) await shop.buy(number);
    const begun = await shop
      .rpc()
      .begin([3, 1, 2].map((number) => ({ orderId: shop.id(number), attempt: 1 })));
    expect(begun.map((command) => command?.orderId)).toEqual([shop.id(3), shop.id(1), shop.id(2)]);
    const outcome = { kind: "succeeded" as const, ref: "pay" };
    const reports = [2, 3, 2, 1].map((number) => ({ orderId: shop.id(number), attempt: 1, outcome }));
    const next = await shop.rpc().report(reports);
    expect(next.map((command) => command?.orderId)).toEqual([shop.id(2), shop.id(3), undefined, shop.id(1)]);
  });

  test("redrive makes a waiting command due at once, and not one that is begun", async () => {
    const shop = await freshShop();
    await shop.buy(1);
    expect(await shop.rpc().redrive(shop.id(1))).toBe(true);
    expect(await alarmAtMs(shop)).toBeLessThanOrEqual(Date.now() + 50);
    await shop.begin(1, 1);
    expect(await shop.rpc().redrive(shop.id(1))).toBe(false);
  });
});

describe("the alarm", () => {
  test("runs twice without doing anything twice", async () => {
    const shop = await freshShop();
    await shop.buy(1);
    pass(60_000);
    await shop.alarm();
    const before = await shop.audited(1);
    await shop.rpc().knock();
    await runInDurableObject(shop.stub(), (instance) => instance.alarm());
    expect(await shop.audited(1)).toMatchObject({ ...before, projectedVersion: expect.any(Number) });
    expect(before).toMatchObject({ status: "canceled", cancelReason: "payment_expired" });
    expect(await shop.level()).toMatchObject({ available: 5 });
  });

  test("that fails is logged and comes again", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    const shop = await freshShop();
    await shop.buy(1);
    await runInDurableObject(shop.stub(), (_, { storage }) => {
      storage.sql.exec(
        "CREATE TRIGGER trouble BEFORE UPDATE ON orders BEGIN SELECT RAISE(ABORT, 'trouble'); END",
      );
    });
    pass(60_000);
    await shop.alarm();
    expect(logged.mock.calls.flat().join()).toContain("order_not_woken");
    expect(await alarmAtMs(shop)).toBe(Date.now() + 50);
    await runInDurableObject(shop.stub(), (_, { storage }) => {
      storage.sql.exec("DROP TRIGGER trouble");
    });
    expect(await shop.alarm()).toBe(true);
    expect(await shop.audited(1)).toMatchObject({ status: "canceled" });
  });
});

describe("an unknown outcome", () => {
  test("holds its unit for a while, then gives it back; money that comes later buys a free unit", async () => {
    const shop = await freshShop();
    await shop.buy(1);
    const authorize = await shop.begin(1, 1);
    if (!authorize) throw new Error("nothing to begin");
    await shop.report(authorize, { kind: "unknown", reason: "timeout" });
    pass(119_999);
    await shop.alarm();
    expect(await shop.level()).toMatchObject({ reserved: 1 });
    pass(1);
    await shop.alarm();
    expect(await shop.audited(1)).toMatchObject({ status: "canceled", cancelReason: "payment_unknown" });
    expect(await shop.level()).toMatchObject({ available: 5 });
    const resolve = await shop.begin(1, 1);
    expect(resolve?.mode).toBe("resolve");
    const capture = resolve && (await shop.report(resolve, { kind: "succeeded", ref: "pay_1" }));
    expect(capture?.operation).toBe("capture");
    expect(await shop.level()).toMatchObject({ sold: 1 });
  });

  test("whose money comes when no unit is left is voided", async () => {
    const shop = await freshShop({ stock: 1 });
    await shop.buy(1);
    const authorize = await shop.begin(1, 1);
    if (!authorize) throw new Error("nothing to begin");
    await shop.report(authorize, { kind: "unknown", reason: "timeout" });
    pass(120_000);
    await shop.alarm();
    await shop.sku.rpc().reserve([reserveItem(2)]);
    await shop.rpc().gatewayEvents([authorized(shop, 1, "pay_1")]);
    expect((await shop.begin(1, 2))?.operation).toBe("void");
    expect(await shop.audited(1)).toMatchObject({ status: "canceled", cancelReason: "payment_unknown" });
  });
});

describe("D1", () => {
  test("follows within moments, in the newest version", async () => {
    const shop = await freshShop();
    await shop.buy(1);
    await shop.pay(1);
    expect(await inD1(shop, 1)).toBeNull();
    pass(LIMITS.projectionDelayMs);
    await shop.alarm();
    const order = await shop.audited(1);
    expect(await inD1(shop, 1)).toEqual({ status: "confirmed", money: "captured", version: order?.version });
    expect(order?.projectedVersion).toBe(order?.version);
    const { results } = await env.DB.prepare(
      "SELECT operation, outcome FROM attempts WHERE order_id = ? ORDER BY attempt",
    )
      .bind(shop.id(1))
      .all();
    expect(results).toEqual([
      { operation: "authorize", outcome: "succeeded" },
      { operation: "capture", outcome: "succeeded" },
    ]);
    expect(await alarmAtMs(shop)).toBeNull();
  });

  test("keeps the newest version when batches arrive out of order, or twice", async () => {
    const shop = await freshShop();
    await shop.buy(1);
    const row = await runInDurableObject(shop.stub(), (_, { storage }) => {
      const record = new OrderStore(storage).load(shop.id(1));
      if (!record) throw new Error("no such order");
      return toOrderRow(record);
    });
    const attempt = {
      orderId: row.orderId,
      attempt: 1,
      operation: "authorize" as const,
      outcome: null,
      ref: null,
      reason: null,
      tries: 0,
    };
    const batch = (version: number, status: "processing" | "confirmed", state: "due" | "begun") =>
      upsert(env.DB, [{ ...row, version, status }], [{ ...attempt, state, version }]);
    await batch(8, "confirmed", "begun");
    await batch(8, "confirmed", "begun");
    await batch(7, "processing", "due");
    expect(await inD1(shop, 1)).toMatchObject({ status: "confirmed", version: 8 });
    const { results } = await env.DB.prepare("SELECT state, version FROM attempts WHERE order_id = ?")
      .bind(row.orderId)
      .all();
    expect(results).toEqual([{ state: "begun", version: 8 }]);
  });

  test("takes hundreds of orders, each once, over as many alarms as it needs", async () => {
    const shop = await freshShop({ stock: 500 });
    const numbers = Array.from({ length: 230 }, (_, index) => index + 1);
    await shop.reserve(...numbers);
    await shop.rpc().place(numbers.map((number) => shop.item(number)));
    for (let turn = 0; turn < 3; turn += 1) {
      pass(LIMITS.projectionDelayMs);
      await shop.alarm();
    }
    const count = await env.DB.prepare("SELECT COUNT(*) AS rows FROM orders WHERE drop_id = ?")
      .bind(shop.sku.dropId)
      .first("rows");
    expect(count).toBe(230);
    expect(
      (await shop.rpc().audit(null)).orders.every((order) => order.projectedVersion === order.version),
    ).toBe(true);
  });
});
