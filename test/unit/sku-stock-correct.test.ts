import { describe, expect, test } from "vitest";
import {
  decideCount,
  decideDifference,
  decideRepublish,
  decideReturn,
} from "../../durable-objects/sku-stock/correcting/correct.ts";
import { heldRow, type ReservationRow } from "../../durable-objects/sku-stock/decide.ts";
import { LIMITS } from "../../schema/limits.ts";
import { full, OPENS_AT_MS, orderId, reserveItem, terms } from "./sku-stock-fakes.ts";

const counts = { stock: 5, available: 2, reserved: 2, sold: 1 };

describe("a difference", () => {
  test("never goes below what is taken, nor above what a SKU can have", () => {
    expect(decideDifference(counts, { delta: -2 })).toMatchObject({
      ok: true,
      value: { kind: "adjust", counts: { stock: 3, available: 0 }, delta: -2, short: 0 },
    });
    expect(decideDifference(counts, { delta: -3 })).toMatchObject({ refusal: { code: "stock_below_taken" } });
    expect(decideDifference(counts, { delta: LIMITS.stockMax - 5 }).ok).toBe(true);
    expect(decideDifference(counts, { delta: LIMITS.stockMax - 4 })).toMatchObject({
      refusal: { code: "invalid_request" },
    });
  });
});

describe("a count", () => {
  test("moves the stock by what it found more or less than was believed unsold at its instant", () => {
    expect(decideCount(counts, { count: 7 }, 4)).toMatchObject({
      value: { kind: "count", counts: { stock: 8, available: 5, reserved: 2, sold: 1 }, delta: 3, short: 0 },
    });
    expect(decideCount(counts, { count: 3 }, 4)).toMatchObject({ value: { delta: -1, short: 0 } });
    expect(decideCount(counts, { count: 4 }, 4)).toMatchObject({ value: { counts, delta: 0, short: 0 } });
  });

  test("takes the free units and tells how many are short, when shoppers hold more than were found", () => {
    expect(decideCount(counts, { count: 1 }, 4)).toMatchObject({
      value: { counts: { stock: 3, available: 0, reserved: 2, sold: 1 }, delta: -2, short: 1 },
    });
  });
});

describe("a return", () => {
  const bought: ReservationRow = {
    ...heldRow(terms(), reserveItem(1, { quantity: 2 }), { nowMs: OPENS_AT_MS, ttlMs: 1 }),
    state: "committed",
    orderId: orderId(1),
  };
  const sold = { stock: 5, available: 0, reserved: 0, sold: 5 };
  const back = (quantity: number, isResellable: boolean, row: ReservationRow | null = bought) =>
    decideReturn(sold, { kind: "return", orderId: orderId(1), quantity, isResellable }, row);

  test("goes to what is available, or out of the stock", () => {
    expect(back(2, true)).toMatchObject({
      value: { kind: "return", counts: { stock: 5, available: 2, sold: 3 }, delta: 0, row: { returned: 2 } },
    });
    expect(back(1, false)).toMatchObject({
      value: {
        kind: "write_off",
        counts: { stock: 4, available: 0, sold: 4 },
        delta: -1,
        row: { returned: 1 },
      },
    });
  });

  test("is never more than the order has bought and not returned", () => {
    const refused = { ok: false, refusal: { code: "return_exceeds_sold" } };
    expect(back(3, true)).toEqual(refused);
    expect(back(1, true, { ...bought, returned: 1 }).ok).toBe(true);
    expect(back(2, true, { ...bought, returned: 1 })).toEqual(refused);
    expect(back(1, true, null)).toEqual(refused);
    expect(back(1, true, { ...bought, state: "pinned" })).toEqual(refused);
    expect(back(1, true, { ...bought, orderId: orderId(2) })).toEqual(refused);
  });
});

describe("a document published again", () => {
  test("moves the stock by the difference of the two figures, so that corrections in between stay", () => {
    const corrected = { stock: 12, available: 12, reserved: 0, sold: 0 };
    expect(decideRepublish(corrected, terms({ stock: 10 }), terms({ stock: 10 }))).toEqual(corrected);
    expect(decideRepublish(corrected, terms({ stock: 10 }), terms({ stock: 7 }))).toEqual(full(9));
    expect(decideRepublish(full(0), null, terms({ stock: 7 }))).toEqual(full(7));
  });

  test("never takes what is reserved or sold, and never gives more than a SKU can have", () => {
    expect(decideRepublish(counts, terms({ stock: 10 }), terms({ stock: 0 }))).toMatchObject({
      stock: 3,
      available: 0,
    });
    const nearly = full(LIMITS.stockMax - 1);
    expect(decideRepublish(nearly, terms({ stock: 1 }), terms({ stock: 9 }))).toEqual(full(LIMITS.stockMax));
  });

  test("without the SKU takes all that is free, corrections too", () => {
    const removed = terms({ stock: 0, isRemoved: true });
    expect(decideRepublish(full(12), terms({ stock: 10 }), removed)).toEqual(full(0));
  });
});
