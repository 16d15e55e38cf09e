import { describe, expect, test, vi } from "vitest";
import { SkuStock } from "../../durable-objects/sku-stock/sku-stock.ts";
import { LIMITS } from "../../schema/limits.ts";
import { fingerprint, shopperId } from "../unit/sku-stock-fakes.ts";
import { freshShop } from "./buying.ts";
import { alarmAtMs, authorized, PRICE } from "./coordinating.ts";
import { pass, useClock } from "./fresh.ts";

useClock();

describe("a cold coordinator", () => {
  test("knows no order, begins nothing, and a knock does no harm", async () => {
    const shop = await freshShop();
    expect(await shop.order(1, shopperId(1))).toMatchObject({
      refusal: { code: "order_not_found" },
    });
    expect(await shop.begin(1, 1)).toBeNull();
    expect(
      await shop
        .rpc()
        .report([{ orderId: shop.id(1), attempt: 1, outcome: { kind: "unknown", reason: "x" } }]),
    ).toEqual([null]);
    expect(await shop.rpc().gatewayEvents([authorized(shop, 1, "pay_1")])).toEqual([false]);
    expect(await shop.rpc().redrive(shop.id(1))).toBe(false);
    await shop.rpc().knock();
    expect(await alarmAtMs(shop)).toBeNull();
  });
});

describe("one purchase", () => {
  test("goes from place over authorize and capture, handed out inline, to confirmed", async () => {
    const shop = await freshShop();
    expect(await shop.buy(1)).toMatchObject({
      status: "processing",
      money: "none",
      totalMinor: PRICE,
      pollAfterMs: 1_000,
    });
    expect(await shop.level()).toMatchObject({ reserved: 1, sold: 0 });
    const authorize = await shop.begin(1, 1);
    expect(authorize).toMatchObject({
      operation: "authorize",
      mode: "execute",
      key: `${shop.id(1)}:authorize:1`,
      amountMinor: PRICE,
      currency: "EUR",
      token: "tok_visa",
    });
    if (!authorize) throw new Error("unreachable");
    const capture = await shop.report(authorize, { kind: "succeeded", ref: "pay_1" });
    expect(capture).toMatchObject({ operation: "capture", mode: "execute", paymentRef: "pay_1", attempt: 2 });
    expect(await shop.level()).toMatchObject({ reserved: 0, sold: 1 });
    if (!capture) throw new Error("unreachable");
    expect(await shop.report(capture, { kind: "succeeded", ref: "pay_1" })).toBeNull();
    expect(await shop.order(1, shopperId(1))).toMatchObject({
      value: { status: "confirmed", money: "captured", pollAfterMs: null },
    });
  });

  test("by redirect shows where to pay, and goes on when the gateway says that the shopper did", async () => {
    const shop = await freshShop();
    await shop.buy(1, { payment: { kind: "redirect" } });
    const session = await shop.begin(1, 1);
    if (!session) throw new Error("nothing to begin");
    expect(session.operation).toBe("session");
    await shop.report(session, { kind: "succeeded", ref: "ses_1", url: "https://gateway.test/ses_1" });
    expect(await shop.order(1, shopperId(1))).toMatchObject({
      value: { status: "awaiting_payment", paymentUrl: "https://gateway.test/ses_1" },
    });
    await shop.rpc().gatewayEvents([authorized(shop, 1, "pay_1")]);
    await shop.rpc().gatewayEvents([authorized(shop, 1, "pay_1")]);
    expect(await shop.audited(1)).toMatchObject({
      status: "processing",
      money: "authorized",
      attention: null,
      paymentUrl: null,
    });
    expect(await shop.level()).toMatchObject({ sold: 1 });
    expect((await shop.begin(1, 3))?.operation).toBe("capture");
  });

  test("that is declined gives its unit back and says so", async () => {
    const shop = await freshShop();
    await shop.buy(1);
    const authorize = await shop.begin(1, 1);
    if (!authorize) throw new Error("nothing to begin");
    expect(await shop.report(authorize, { kind: "declined", reason: "card_declined" })).toBeNull();
    expect(await shop.audited(1)).toMatchObject({
      status: "canceled",
      cancelReason: "payment_declined",
      money: "none",
    });
    expect(await shop.level()).toMatchObject({ available: 5 });
  });

  test("whose capture fails gives its unit back and voids", async () => {
    const shop = await freshShop();
    await shop.buy(1);
    const authorize = await shop.begin(1, 1);
    const capture = authorize && (await shop.report(authorize, { kind: "succeeded", ref: "pay_1" }));
    const undo = capture && (await shop.report(capture, { kind: "declined", reason: "no" }));
    expect(undo).toMatchObject({ operation: "void", paymentRef: "pay_1" });
    expect(await shop.level()).toMatchObject({ available: 5, sold: 0 });
    if (undo) await shop.report(undo, { kind: "succeeded", ref: "pay_1" });
    expect(await shop.audited(1)).toMatchObject({
      status: "canceled",
      cancelReason: "capture_failed",
      money: "voided",
    });
  });

  test("of somebody else does not exist", async () => {
    const shop = await freshShop();
    await shop.buy(1);
    expect(await shop.order(1, shopperId(2))).toMatchObject({
      refusal: { code: "order_not_found" },
    });
  });
});

describe("place", () => {
  test("is answered the same when repeated, and refused with another body", async () => {
    const shop = await freshShop();
    const first = await shop.buy(1);
    const item = shop.item(1);
    expect(await shop.rpc().place([item, item])).toEqual([
      { ok: true, value: first },
      { ok: true, value: first },
    ]);
    const [reused] = await shop.rpc().place([{ ...item, fingerprint: fingerprint(9) }]);
    expect(reused).toMatchObject({ refusal: { code: "idempotency_key_reused" } });
    expect((await shop.rpc().audit(null)).orders).toHaveLength(1);
    expect((await shop.audited(1))?.attempts).toHaveLength(1);
  });

  test("after the reservation lapsed is refused and leaves nothing", async () => {
    const shop = await freshShop({ reservationTtlMs: 5_000 });
    await shop.reserve(1);
    pass(5_000);
    expect(await shop.rpc().place([shop.item(1)])).toMatchObject([
      { refusal: { code: "reservation_lapsed" } },
    ]);
    expect((await shop.rpc().audit(null)).orders).toEqual([]);
    await shop.alarm();
    expect(await alarmAtMs(shop)).toBeNull();
    expect(await shop.level()).toMatchObject({ available: 5 });
  });

  test("of one reservation by two orders gives it to one of them", async () => {
    const shop = await freshShop();
    await shop.reserve(1);
    const second = shop.item(2, { reservationId: shop.item(1).reservationId, shopperId: shopperId(1) });
    const answers = await shop.rpc().place([shop.item(1), second, shop.item(3)]);
    expect(answers.map((answer) => (answer.ok ? "ok" : answer.refusal.code))).toEqual([
      "ok",
      "reservation_taken",
      "reservation_not_found",
    ]);
    expect((await shop.rpc().audit(null)).orders).toHaveLength(1);
  });

  test("while the first is under way is told so; when the SKU cannot be reached, nobody knows yet", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const shop = await freshShop();
    await shop.reserve(1);
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    const pin = vi.spyOn(SkuStock.prototype, "pin").mockImplementation(async () => {
      asked.resolve();
      await answered.promise;
      throw new Error("away");
    });
    const placing = shop.rpc().place([shop.item(1)]);
    await asked.promise;
    // The row is written and nothing answers for it but the alarm, should this process die now.
    expect(await alarmAtMs(shop)).not.toBeNull();
    expect(await shop.rpc().place([shop.item(1)])).toMatchObject([
      { refusal: { code: "request_in_progress" } },
    ]);
    answered.resolve();
    expect(await placing).toMatchObject([{ refusal: { code: "unavailable" } }]);
    pin.mockRestore();
    expect(await shop.rpc().place([shop.item(1)])).toMatchObject([{ refusal: { code: "unavailable" } }]);
    pass(LIMITS.effectRetryBaseMs);
    expect(await shop.rpc().place([shop.item(1)])).toMatchObject([
      { ok: true, value: { status: "processing" } },
    ]);
  });
});
