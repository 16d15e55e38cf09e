import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { stubs } from "../../durable-objects/stubs.ts";
import type { AmountMinor } from "../../schema/money.ts";
import { ok, refuse } from "../../schema/result.ts";
import type { OrderAct } from "../../schema/rpc/order-commands.ts";
import type { OrderTerms } from "../../schema/rpc/orders.ts";
import { orderReturnId } from "../../schema/stock.ts";
import { fingerprint, OPENS_AT_MS, orderTerms, shopperId } from "../unit/sku-stock-fakes.ts";
import { freshShop } from "./buying.ts";
import { pass, useClock } from "./fresh.ts";

useClock(OPENS_AT_MS);

type Shop = Awaited<ReturnType<typeof freshShop>>;
const PRICE = 12_900;
const terms = (over: Partial<OrderTerms>) => ({ terms: ok(orderTerms(over)) });
const ask = async (shop: Shop, number: number, act: OrderAct, key = "one", body = 1) => {
  const [answer] = await shop
    .rpc()
    .command([
      { orderId: shop.id(number), commandId: key, fingerprint: fingerprint(body), shopperId: null, act },
    ]);
  return answer;
};
const CANCEL: OrderAct = { kind: "cancel", by: "shopper" };
const refund = (over: Partial<Extract<OrderAct, { kind: "refund" }>> = {}): OrderAct => ({
  kind: "refund",
  amountMinor: null,
  lines: [],
  restock: true,
  reason: "sent back",
  ...over,
});
/** The open command is begun and has done what it should. */
const settle = async (shop: Shop, number: number, attempt: number, instrument?: string) => {
  const command = await shop.begin(number, attempt);
  if (!command) throw new Error("nothing to begin");
  const told = instrument === undefined ? {} : { instrument };
  return [command, await shop.report(command, { kind: "succeeded", ref: `pay_${number}`, ...told })] as const;
};
const placed = async (shop: Shop, number: number, over: Partial<OrderTerms>) => {
  await shop.reserve(number);
  const [answer] = await shop.rpc().place([shop.item(number, terms(over))]);
  return answer;
};

describe("an order's charges", () => {
  const region = {
    label: "Parcel",
    amountMinor: 490 as AmountMinor,
    taxRatePermyriad: 1_900,
    isTaxIncluded: false,
  };
  test("are reckoned once and are the same in its answer and at the gateway", async () => {
    const shop = await freshShop();
    const order = await shop.buy(1, terms({ charging: { kind: "table", region }, termsVersion: "v7" }));
    const totalMinor = PRICE + 490 + 2_544;
    expect(order).toMatchObject({
      subtotalMinor: PRICE,
      charges: [{ amountMinor: 490 }, { amountMinor: 2_544, isIncluded: false }],
      totalMinor,
      consents: { termsVersion: "v7", atMs: OPENS_AT_MS },
    });
    expect(await shop.begin(1, 1)).toMatchObject({ amountMinor: totalMinor });
  });

  test("by a quote for other lines refuse the order, and its basket is given back", async () => {
    const shop = await freshShop();
    const quote = { kind: "quote" as const, currency: "EUR", subtotalMinor: PRICE - 1, charges: [] };
    expect(await placed(shop, 1, { charging: quote })).toMatchObject({
      refusal: { code: "shipping_quote_invalid" },
    });
    expect(await shop.level()).toMatchObject({ available: 5, reserved: 0 });
    expect(await shop.audited(1)).toBeUndefined();
  });

  test("that its drop does not allow refuse a new order, and not the repeat of one that is there", async () => {
    const shop = await freshShop();
    const refused = { terms: refuse({ code: "terms_not_accepted" as const }) };
    await shop.reserve(1);
    expect(await shop.rpc().place([shop.item(1, refused)])).toMatchObject([
      { refusal: { code: "terms_not_accepted" } },
    ]);
    expect(await shop.rpc().place([shop.item(1)])).toMatchObject([{ ok: true }]);
    expect(await shop.rpc().place([shop.item(1, refused)])).toMatchObject([{ ok: true }]);
  });
});

describe("limits over orders", () => {
  const contact = { claims: [{ identity: "contact:ada", max: 1 }] };

  test("refuse a second order of one mail, keep its basket, and let it in once the first is canceled", async () => {
    const shop = await freshShop();
    expect(await placed(shop, 1, contact)).toMatchObject({ ok: true });
    expect(await placed(shop, 2, contact)).toMatchObject({ refusal: { code: "shopper_limit_reached" } });
    expect(await shop.level()).toMatchObject({ reserved: 2 });
    expect(await ask(shop, 1, CANCEL)).toMatchObject({ value: { status: "canceled", money: "none" } });
    expect(await shop.level()).toMatchObject({ reserved: 1, available: 4 });
    expect(await placed(shop, 2, contact)).toMatchObject({ ok: true });
  });

  test("of a payment instrument are held between authorization and commit: over it, void, and the unit goes back", async () => {
    const shop = await freshShop();
    const one = { unitsPerInstrument: 1 };
    await placed(shop, 1, one);
    await placed(shop, 2, one);
    const [, capture] = await settle(shop, 1, 1, "card_1");
    expect(capture).toMatchObject({ operation: "capture" });
    const [, undo] = await settle(shop, 2, 1, "card_1");
    expect(undo).toMatchObject({ operation: "void" });
    expect(await shop.audited(2)).toMatchObject({ status: "canceled", cancelReason: "limit_reached" });
    expect(await shop.level()).toMatchObject({ sold: 1, reserved: 0, available: 4 });
  });

  test("end with a refund of all units, and the card may buy again", async () => {
    const shop = await freshShop();
    const one = { unitsPerInstrument: 1 };
    await placed(shop, 1, one);
    const [, capture] = await settle(shop, 1, 1, "card_1");
    if (!capture) throw new Error("nothing to capture");
    await shop.report(capture, { kind: "succeeded", ref: "pay_1" });
    expect(await ask(shop, 1, refund())).toMatchObject({ value: { status: "confirmed" } });
    expect(await shop.level()).toMatchObject({ sold: 0, available: 5 });
    await placed(shop, 2, one);
    expect((await settle(shop, 2, 1, "card_1"))[1]).toMatchObject({ operation: "capture" });
  });
});

describe("units that the brand says are back", () => {
  test("end the order's claims with the last of them; the console's own call to the stock and a later refund bring nothing more", async () => {
    const shop = await freshShop();
    const one = { unitsPerInstrument: 1 };
    await placed(shop, 1, one);
    const { dropId } = shop.item(1);
    const level = await shop.level();
    if (!level) throw new Error("no stock");
    const { skuId } = level;
    const back: OrderAct = {
      kind: "return",
      dropId,
      line: { skuId, quantity: 1 },
      isResellable: true,
      reason: "too small",
    };
    expect(await ask(shop, 1, back)).toMatchObject({ refusal: { code: "return_exceeds_sold" } });
    const [, capture] = await settle(shop, 1, 1, "card_1");
    if (!capture) throw new Error("nothing to capture");
    await shop.report(capture, { kind: "succeeded", ref: "pay_1" });
    expect(await ask(shop, 1, back)).toMatchObject({ value: { status: "confirmed", money: "captured" } });
    expect(await shop.level()).toMatchObject({ sold: 0, available: 5 });

    const change = { kind: "return", orderId: shop.id(1), quantity: 1, isResellable: true } as const;
    const adjustmentId = orderReturnId(shop.id(1), "one");
    const again = { adjustmentId, change, reason: "too small" };
    expect(await stubs.sku(env as StateEnv, dropId, skuId).adjust([again])).toMatchObject([
      { value: { outcome: "applied", level: { sold: 0, available: 5 } } },
    ]);
    expect(await ask(shop, 1, back, "two")).toMatchObject({ refusal: { code: "return_exceeds_sold" } });
    await placed(shop, 2, one);
    expect((await settle(shop, 2, 1, "card_1"))[1]).toMatchObject({ operation: "capture" });
    expect(await ask(shop, 1, refund(), "three")).toMatchObject({ value: { status: "confirmed" } });
    expect(await shop.level()).toMatchObject({ sold: 1, available: 4 });
  });
});

describe("what is asked of an order", () => {
  test("is done once for each key; another body under it is refused, and so is a stranger", async () => {
    const shop = await freshShop();
    await shop.buy(1);
    const first = await ask(shop, 1, CANCEL);
    expect(first).toMatchObject({ value: { status: "canceled", cancelReason: "by_shopper" } });
    expect(await ask(shop, 1, CANCEL)).toEqual(first);
    expect(await ask(shop, 1, CANCEL, "one", 2)).toMatchObject({
      refusal: { code: "idempotency_key_reused" },
    });
    expect(await ask(shop, 1, CANCEL, "two")).toMatchObject({ refusal: { code: "order_canceled" } });
    const [stranger] = await shop.rpc().command([
      {
        orderId: shop.id(1),
        commandId: "three",
        fingerprint: fingerprint(1),
        shopperId: shopperId(9),
        act: CANCEL,
      },
    ]);
    expect(stranger).toMatchObject({ refusal: { code: "order_not_found" } });
  });

  test("refunds: a part, then the rest with its unit, each a numbered command over its own amount", async () => {
    const shop = await freshShop();
    await shop.buy(1);
    await shop.pay(1);
    await ask(shop, 1, refund({ amountMinor: 900, restock: false }), "a");
    const [part] = await settle(shop, 1, 3);
    expect(part).toMatchObject({ operation: "refund", amountMinor: 900, refundedMinor: 0 });
    expect(await shop.audited(1)).toMatchObject({ refund: "partly_refunded", refundedMinor: 900 });
    expect(await ask(shop, 1, refund({ amountMinor: PRICE - 899, restock: false }), "b")).toMatchObject({
      refusal: { code: "refund_exceeds_captured" },
    });
    await ask(shop, 1, refund(), "c");
    const [rest] = await settle(shop, 1, 4);
    expect(rest).toMatchObject({ amountMinor: PRICE - 900, refundedMinor: 900 });
    expect(await shop.audited(1)).toMatchObject({
      status: "confirmed",
      money: "refunded",
      refund: "refunded",
    });
    expect(await shop.level()).toMatchObject({ available: 5, sold: 0 });
  });

  test("cancels a paid order with units that are gone: out of the stock, and the money goes back", async () => {
    const shop = await freshShop();
    await shop.buy(1);
    await shop.pay(1);
    await ask(shop, 1, { kind: "cancel", by: "brand", restock: false, reason: "lost" });
    expect(await shop.level()).toMatchObject({ stock: 4, available: 4, sold: 0 });
    const [back] = await settle(shop, 1, 3);
    expect(back).toMatchObject({ operation: "refund", amountMinor: PRICE });
    expect(await shop.audited(1)).toMatchObject({ status: "canceled", cancelReason: "by_brand" });
  });

  test("ships: then it can be refunded and not canceled", async () => {
    const shop = await freshShop();
    await shop.buy(1);
    await shop.pay(1);
    const post = { carrier: "Post", trackingNumber: "JJ1", trackingUrl: null, lines: null };
    expect(await ask(shop, 1, { kind: "ship", ...post }, "s")).toMatchObject({
      value: { fulfillment: "shipped", isCancelable: false, shipments: [{ trackingNumber: "JJ1" }] },
    });
    expect(await ask(shop, 1, CANCEL)).toMatchObject({ refusal: { code: "order_shipped" } });
    expect(await ask(shop, 1, refund({ amountMinor: 1, restock: false }), "r")).toMatchObject({ ok: true });
  });

  test("by its shopper is too late once the time after the confirmation is over", async () => {
    const shop = await freshShop();
    await shop.buy(1);
    await shop.pay(1);
    pass(60_000);
    expect(await ask(shop, 1, CANCEL)).toMatchObject({ refusal: { code: "cancel_window_over" } });
  });
});

test("the database refuses a refund beyond what was captured, whoever writes it", async () => {
  const shop = await freshShop();
  await shop.buy(1);
  await shop.pay(1);
  const write = (minor: number) =>
    runInDurableObject(shop.stub(), (_, { storage }) => {
      storage.sql.exec("UPDATE orders SET refunded_minor = ?", minor);
    });
  await write(PRICE);
  await expect(write(PRICE + 1)).rejects.toThrow(/CHECK/);
});
