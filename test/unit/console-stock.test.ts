import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import type { OrderAnswer } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { ok, refuse } from "../../schema/result.ts";
import type { OrderCommandAnswer } from "../../schema/rpc/order-commands.ts";
import type { AdjustAnswer, AdjustItem } from "../../schema/rpc/sku-stock.ts";
import { fakeConsole, STOCK_SYNC_SECRET } from "./console-fakes.ts";

const level = { skuId: "runner-42", stock: 12, available: 12, reserved: 0, sold: 0 };
const applied = ok({ outcome: "applied", delta: 2, short: 0, level }) as AdjustAnswer;
const PATH = "/v1/drops/spring/skus/runner-42/stock";
const RETURNS = "/v1/drops/spring/skus/runner-42/returns";
const key = { "Idempotency-Key": "key-1" };
const difference = { kind: "difference", delta: 2, reason: "a delivery" };
const count = { kind: "count", count: 0, asOf: "2027-01-15T08:00:00+01:00", reason: "stocktaking" };
const back = { orderId: `ord_00${"1".repeat(32)}`, quantity: 1, isResellable: true };

function stockOf(
  answer: (skuId: string) => AdjustAnswer = () => applied,
  told: OrderCommandAnswer = ok({} as OrderAnswer),
) {
  const made: [string, string, AdjustItem[]][] = [];
  const commands: unknown[] = [];
  const console = fakeConsole({
    adjustStock: async (dropId, skuId, items) => {
      made.push([dropId, skuId, items]);
      return [answer(skuId)];
    },
    commandOrder: async (command) => {
      commands.push(command);
      return told;
    },
  });
  return { made, commands, ...console };
}

describe("a correction", () => {
  test("reaches the SKU under the id of its key, and is logged with its reason and its outcome", async () => {
    const { call, made, rows } = stockOf();
    const answer = await call("POST", PATH, difference, key);
    expect(answer).toMatchObject({ status: 200, body: { outcome: "applied", delta: 2, level } });
    await call("POST", PATH, count, { "Idempotency-Key": '"key-2"' });
    const made$ = (adjustmentId: string, change: unknown, reason: string) => [
      "spring",
      "runner-42",
      [{ adjustmentId, change, reason }],
    ];
    expect(made).toEqual([
      made$("console:key-1", { kind: "difference", delta: 2 }, "a delivery"),
      made$("console:key-2", { kind: "count", count: 0, asOfMs: Date.parse(count.asOf) }, "stocktaking"),
    ]);
    expect(rows.log).toMatchObject([
      { action: "correct_stock", subject: "spring/runner-42", detail: expect.stringContaining("a delivery") },
      { action: "correct_stock" },
    ]);
  });

  test("that the stock refuses is told by its code, and is not logged", async () => {
    const { call, rows } = stockOf(() => refuse({ code: "stock_below_taken" }));
    expect(await call("POST", PATH, difference, key)).toMatchObject({
      status: 409,
      body: { code: "stock_below_taken" },
    });
    expect(rows.log).toEqual([]);
  });

  const longest = "x".repeat(LIMITS.stockReasonMaxChars);
  test.each([
    ["without a key", difference, {}, "idempotency_key_missing"],
    ["with an empty key", difference, { "Idempotency-Key": '""' }, "idempotency_key_invalid"],
    ["of nothing", { ...difference, delta: 0 }, key, "invalid_request"],
    ["of half a unit", { ...difference, delta: 0.5 }, key, "invalid_request"],
    ["of too many", { ...difference, delta: LIMITS.stockMax + 1 }, key, "invalid_request"],
    ["without a reason", { ...difference, reason: "  " }, key, "invalid_request"],
    ["with an essay", { ...difference, reason: `${longest}x` }, key, "invalid_request"],
    ["of a kind that is none", { ...difference, kind: "guess" }, key, "invalid_request"],
    ["below zero", { ...count, count: -1 }, key, "invalid_request"],
    ["at no time", { ...count, asOf: "yesterday" }, key, "invalid_request"],
    ["with a surprise", { ...count, stock: 3 }, key, "invalid_request"],
  ])("%s is refused and reaches no stock", async (_, body, headers: Record<string, string>, code) => {
    const { call, made } = stockOf();
    expect((await call("POST", PATH, body, headers)).body.code).toBe(code);
    expect(made).toEqual([]);
  });

  test("at its bounds is made", async () => {
    const { call } = stockOf();
    for (const body of [
      { ...difference, delta: -LIMITS.stockMax, reason: longest },
      { ...count, count: LIMITS.stockMax },
    ])
      expect((await call("POST", PATH, body, key)).status).toBe(200);
    expect((await call("POST", RETURNS, { ...back, quantity: 11 }, key)).body.code).toBe("invalid_request");
    expect((await call("POST", RETURNS, { ...back, orderId: "ord_1" }, key)).body.code).toBe(
      "invalid_request",
    );
    expect((await call("GET", PATH)).body.code).toBe("method_not_allowed");
  });
});

describe("a return", () => {
  const { orderId, ...units } = back;
  const act = {
    kind: "return",
    dropId: "spring",
    line: { skuId: "runner-42", quantity: 1 },
    isResellable: true,
    reason: "returned",
  };

  test("is told to its order first, and then to the stock under the id that the order uses", async () => {
    const { call, made, commands, rows } = stockOf();
    const answer = await call("POST", RETURNS, back, key);
    expect(answer).toMatchObject({ status: 200, body: { outcome: "applied", delta: 2, level } });
    expect(commands).toMatchObject([{ orderId, commandId: "console:key-1", act }]);
    const item = {
      adjustmentId: `order:${orderId}:console:key-1`,
      change: { kind: "return", orderId, ...units },
      reason: "returned",
    };
    expect(made).toEqual([["spring", "runner-42", [item]]]);
    expect(rows.log).toMatchObject([{ action: "return_units", subject: orderId }]);
  });

  test("that the order refuses reaches no stock, and is not logged", async () => {
    for (const code of ["return_exceeds_sold", "order_not_found", "idempotency_key_reused"] as const) {
      const { call, made, rows } = stockOf(undefined, refuse({ code }));
      expect((await call("POST", RETURNS, back, key)).body.code).toBe(code);
      expect([made, rows.log]).toEqual([[], []]);
    }
  });
});

describe("stock sync", () => {
  const items = [
    { skuId: "runner-42", difference: 2 },
    { skuId: "runner-43", count: 7, asOf: "2027-01-15T08:00:00Z" },
  ];
  const signed = (body: string, secret = STOCK_SYNC_SECRET, at = new Date()) => ({
    Authorization: "",
    "webhook-id": "msg-1",
    "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
    "webhook-signature": new Webhook(secret).sign("msg-1", at, body),
  });
  const send = ({ call }: ReturnType<typeof stockOf>, given: unknown, headers?: Record<string, string>) => {
    const body = typeof given === "string" ? given : JSON.stringify(given);
    return call("POST", "/stock-sync/spring", body, headers ?? signed(body));
  };

  test("is let in by its signature alone, and answers an item at a time", async () => {
    const stock = stockOf((skuId) =>
      skuId === "runner-42" ? applied : refuse({ code: "sku_not_found", detail: "gone" }),
    );
    expect(await send(stock, { items })).toMatchObject({
      status: 200,
      body: {
        items: [
          { skuId: "runner-42", outcome: "applied", delta: 2 },
          { skuId: "runner-43", outcome: "refused", code: "sku_not_found", detail: "gone" },
        ],
      },
    });
    expect(stock.made.map(([, skuId, [item]]) => [skuId, item?.adjustmentId, item?.change.kind])).toEqual([
      ["runner-42", "sync:msg-1", "difference"],
      ["runner-43", "sync:msg-1", "count"],
    ]);
    expect(stock.rows.log).toMatchObject([{ actor: "stock-sync", subject: "spring" }]);
  });

  test("with another signature, another body, no signature or an old one reaches no stock", async () => {
    const stock = stockOf();
    const body = JSON.stringify({ items });
    const other = `whsec_${Buffer.alloc(32, 8).toString("base64")}`;
    const wrong = [
      signed(body, other),
      signed(`${body} `),
      { Authorization: "" },
      signed(body, STOCK_SYNC_SECRET, new Date(Date.now() - 6 * 60_000)),
      { ...signed(body), "webhook-id": "msg-2" },
    ];
    for (const headers of wrong)
      expect(await send(stock, body, headers)).toMatchObject({
        status: 401,
        body: { code: "signature_invalid" },
      });
    expect(stock.made).toEqual([]);
  });

  test("is bounded, of one form, and names a SKU once", async () => {
    const stock = stockOf();
    const many = (length: number) => Array.from({ length }, (_, n) => ({ skuId: `sku-${n}`, difference: 1 }));
    expect((await send(stock, { items: many(LIMITS.skusPerDropMax) })).status).toBe(200);
    stock.made.length = 0;
    for (const bad of [
      { items: many(LIMITS.skusPerDropMax + 1) },
      { items: [] },
      { items: [items[0], items[0]] },
      { items: [{ skuId: "runner-42", difference: 1, count: 2, asOf: "2027-01-15T08:00:00Z" }] },
      { items: [{ skuId: "runner-42", count: 2 }] },
      { items, more: true },
    ])
      expect((await send(stock, bad)).body.code).toBe("invalid_request");
    expect((await send(stock, "{")).body.code).toBe("invalid_json");
    expect((await send(stock, " ".repeat(LIMITS.webhookBodyMaxBytes + 1))).body.code).toBe("body_too_large");
    expect(stock.made).toEqual([]);
  });

  test("is to come again when a SKU gave no answer, and is no door without a secret", async () => {
    const stock = stockOf(() => refuse({ code: "internal" }));
    expect((await send(stock, { items })).status).toBe(500);
    expect(stock.rows.log).toEqual([]);
    stock.deps.stockSyncSecret = null;
    expect((await send(stock, { items })).body.code).toBe("not_found");
  });
});
