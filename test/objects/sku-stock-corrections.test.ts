import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import type { AdjustAnswer, StockChange } from "../../schema/rpc/sku-stock.ts";
import { OPENS_AT_MS, orderId, reservationId, reserveItem, shopperId } from "../unit/sku-stock-fakes.ts";
import { freshSku, pass, setClock, useClock } from "./fresh.ts";

useClock();

type One = Awaited<ReturnType<typeof freshSku>>;
const told = (answer: AdjustAnswer | undefined) => (answer?.ok ? answer.value.outcome : answer?.refusal.code);
const adjust = async (one: One, adjustmentId: string, change: StockChange) =>
  (await one.rpc().adjust([{ adjustmentId, change, reason: "stocktaking" }]))[0];
const count = (one: One, id: string, units: number, asOfMs: number) =>
  adjust(one, id, { kind: "count", count: units, asOfMs });
const level = async (one: One) => (await one.rpc().audit(0, 0)).level;
const step = (number: number, at: number) => ({
  reservationId: reservationId(number),
  shopperId: shopperId(number),
  orderId: orderId(number),
  step: at,
});
async function sell(one: One, number: number) {
  await one.rpc().reserve([reserveItem(number)]);
  await one.rpc().pin([step(number, 1)]);
  await one.rpc().commit([{ ...step(number, 2), late: false }]);
}

describe("a count", () => {
  test("is of its own instant: what was sold since stays sold, what came since stays", async () => {
    const one = await freshSku({ stock: 10 });
    await sell(one, 1);
    pass(1_000);
    const asOfMs = Date.now();
    pass(1_000);
    await sell(one, 2);
    await adjust(one, "delivery", { kind: "difference", delta: 5 });
    pass(1_000);
    // 9 were believed unsold then, and 7 lay there.
    expect(await count(one, "c", 7, asOfMs)).toMatchObject({ ok: true, value: { delta: -2, short: 0 } });
    expect(await level(one)).toMatchObject({ stock: 13, available: 11, sold: 2 });
  });

  test("taken before one that was applied already is stale; taken at the same instant it replaces it", async () => {
    const one = await freshSku({ stock: 10 });
    pass(10_000);
    expect(told(await count(one, "a", 8, OPENS_AT_MS + 5_000))).toBe("applied");
    expect(told(await count(one, "b", 3, OPENS_AT_MS + 4_999))).toBe("stale");
    expect(await level(one)).toMatchObject({ stock: 8 });
    expect(await count(one, "c", 9, OPENS_AT_MS + 5_000)).toMatchObject({ value: { delta: 1 } });
    // Taken before the first was applied, and knew of what that one found.
    expect(await count(one, "d", 9, OPENS_AT_MS + 6_000)).toMatchObject({ value: { delta: 0 } });
    expect(await level(one)).toMatchObject({ stock: 9 });
  });

  test("takes the free units when shoppers hold more than were found, and says how many are short", async () => {
    const one = await freshSku({ stock: 3 });
    await one.rpc().reserve([reserveItem(1), reserveItem(2)]);
    expect(await count(one, "a", 1, Date.now())).toMatchObject({ ok: true, value: { delta: -1, short: 1 } });
    expect(await level(one)).toMatchObject({ stock: 2, available: 0, reserved: 2 });
    pass(60_000);
    expect(await count(one, "b", 1, Date.now())).toMatchObject({ ok: true, value: { delta: -1, short: 0 } });
    expect(await level(one)).toMatchObject({ stock: 1, available: 1 });
  });

  test("of a time that cannot be is refused, at both edges of what can", async () => {
    const one = await freshSku();
    expect(told(await count(one, "a", 3, OPENS_AT_MS - 1))).toBe("invalid_request");
    expect(told(await count(one, "b", 3, OPENS_AT_MS + LIMITS.countSkewMaxMs + 1))).toBe("invalid_request");
    expect(told(await count(one, "c", 3, OPENS_AT_MS))).toBe("applied");
    setClock(OPENS_AT_MS + LIMITS.countAgeMaxMs + 5);
    expect(told(await count(one, "d", 3, OPENS_AT_MS + 4))).toBe("invalid_request");
    expect(told(await count(one, "e", 3, OPENS_AT_MS + 5))).toBe("applied");
    expect(told(await count(one, "f", 3, Date.now() + LIMITS.countSkewMaxMs))).toBe("applied");
  });
});

describe("a return", () => {
  const back = (order: number, quantity: number, isResellable: boolean): StockChange => ({
    kind: "return",
    orderId: orderId(order),
    quantity,
    isResellable,
  });

  test("goes back on sale or out of the stock, and a sale reversed later brings no unit back twice", async () => {
    const one = await freshSku({ stock: 4 });
    await one.rpc().reserve([reserveItem(1, { quantity: 2 })]);
    await one.rpc().pin([step(1, 1)]);
    await one.rpc().commit([{ ...step(1, 2), late: false }]);
    await sell(one, 2);
    expect(told(await adjust(one, "a", back(1, 1, true)))).toBe("applied");
    expect(told(await adjust(one, "b", back(2, 1, false)))).toBe("applied");
    expect(await level(one)).toEqual({ skuId: "a-sku", stock: 3, available: 2, reserved: 0, sold: 1 });
    expect(told(await adjust(one, "c", back(2, 1, false)))).toBe("return_exceeds_sold");
    await one.rpc().release([step(1, 3), step(2, 3)]);
    expect(await level(one)).toEqual({ skuId: "a-sku", stock: 3, available: 3, reserved: 0, sold: 0 });
    const { ledger, reservations } = await one.rpc().audit(0, 0);
    expect(ledger.slice(-2).map(({ kind, quantity }) => [kind, quantity])).toEqual([
      ["reverse", 1],
      ["reverse", 0],
    ]);
    expect(reservations.map(({ state, returned }) => [state, returned])).toEqual([
      ["released", 1],
      ["released", 1],
    ]);
  });

  test("frees its shopper's limit", async () => {
    const one = await freshSku({ stock: 4, perShopper: 1 });
    await sell(one, 1);
    const again = reserveItem(2, { shopperId: shopperId(1) });
    expect((await one.rpc().reserve([again]))[0]?.ok).toBe(false);
    await adjust(one, "a", back(1, 1, true));
    expect((await one.rpc().reserve([again]))[0]?.ok).toBe(true);
  });
});

test("a correction leaves its id and its reason in the ledger", async () => {
  const one = await freshSku({ stock: 4 });
  await adjust(one, "delivery-7", { kind: "difference", delta: 2 });
  expect((await one.rpc().audit(0, 0)).ledger.at(-1)).toMatchObject({
    kind: "adjust",
    quantity: 2,
    adjustmentId: "delivery-7",
    reason: "stocktaking",
  });
});

test("a correction that goes wrong in the middle undoes itself alone", async () => {
  const one = await freshSku({ stock: 4 });
  const odd = { kind: "difference" as const, delta: 0.5 };
  const answers = await one.rpc().adjust([
    { adjustmentId: "a", change: { kind: "difference", delta: 1 }, reason: "" },
    { adjustmentId: "b", change: odd, reason: "" },
    { adjustmentId: "c", change: { kind: "difference", delta: 1 }, reason: "" },
  ]);
  expect(answers.map(told)).toEqual(["applied", "internal", "applied"]);
  expect(await level(one)).toMatchObject({ stock: 6, available: 6 });
});
