import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextAlarm, unitsTaken } from "../../durable-objects/sku-stock/decide.ts";
import {
  bench,
  fingerprint,
  full,
  orderId,
  reservationId,
  reserveItem,
  shopperId,
  terms,
} from "./sku-stock-fakes.ts";

const step = (number: number, order: number, at: number) => ({
  reservationId: reservationId(number),
  orderId: orderId(order),
  shopperId: shopperId(number),
  step: at,
});

describe("reserve", () => {
  test("takes units from available into reserved, until a deadline", () => {
    const sku = bench(full(3));
    expect(sku.reserve(reserveItem(1, { quantity: 2 }))).toBe("reserve");
    expect(sku.counts).toEqual({ stock: 3, available: 1, reserved: 2, sold: 0 });
    expect(sku.row(1)).toMatchObject({ state: "held", deadlineAtMs: terms().opensAtMs + 60_000, step: 0 });
  });

  test("opens at the first millisecond of the drop and not before, closes at its end and not before", () => {
    const sku = bench(full(9));
    sku.nowMs = terms().opensAtMs - 1;
    expect(sku.reserve(reserveItem(1))).toBe("drop_not_open");
    sku.nowMs = terms().opensAtMs;
    expect(sku.reserve(reserveItem(1))).toBe("reserve");
    sku.nowMs = terms().closesAtMs - 1;
    expect(sku.reserve(reserveItem(2))).toBe("reserve");
    sku.nowMs = terms().closesAtMs;
    expect(sku.reserve(reserveItem(3))).toBe("drop_closed");
    expect(sku.reserve(reserveItem(1))).toBe("held again");
  });

  test("tells all_reserved from sold_out: the first may pass, the second is certain", () => {
    const sku = bench(full(1));
    sku.reserve(reserveItem(1));
    expect(sku.reserve(reserveItem(2))).toBe("all_reserved");
    sku.pin(step(1, 1, 1));
    sku.commit({ ...step(1, 1, 2), late: false });
    expect(sku.reserve(reserveItem(2))).toBe("sold_out");
  });

  test("counts what a shopper holds, pins and bought against the limit, and not what lapsed", () => {
    const sku = bench(full(9));
    const ours = (number: number, quantity = 1) => reserveItem(number, { shopperId: shopperId(7), quantity });
    expect(sku.reserve(ours(1, 2))).toBe("reserve");
    expect(sku.reserve(ours(2))).toBe("shopper_limit_reached");
    sku.lapse(1);
    expect(unitsTaken([...sku.rows.values()])).toBe(0);
    expect(sku.reserve(ours(2, 2))).toBe("reserve");
  });

  test("gives a repeat its row, refuses another body, and tells a repeat that its row lapsed", () => {
    const sku = bench(full(1));
    sku.reserve(reserveItem(1));
    expect(sku.reserve(reserveItem(1))).toBe("held again");
    expect(sku.reserve(reserveItem(1, { fingerprint: fingerprint(99) }))).toBe("idempotency_key_reused");
    sku.lapse(1);
    expect(sku.reserve(reserveItem(1))).toBe("reservation_lapsed");
    expect(sku.reserve(reserveItem(1, { fingerprint: fingerprint(99) }))).toBe("idempotency_key_reused");
  });
});

describe("an order's steps", () => {
  const held = () => {
    const sku = bench(full(1));
    sku.reserve(reserveItem(1));
    return sku;
  };

  test("pin, commit, reverse move units once each, however often they are asked", () => {
    const sku = held();
    expect([sku.pin(step(1, 1, 1)), sku.pin(step(1, 1, 1))]).toEqual(["pinned", "pinned again"]);
    const commit = { ...step(1, 1, 2), late: false };
    expect([sku.commit(commit), sku.commit(commit)]).toEqual(["commit", "committed again"]);
    expect(sku.counts).toEqual({ stock: 1, available: 0, reserved: 0, sold: 1 });
    expect([sku.release(step(1, 1, 3)), sku.release(step(1, 1, 3))]).toEqual(["reverse", "released again"]);
    expect(sku.counts).toEqual(full(1));
  });

  test("a step that was overtaken does nothing", () => {
    const sku = held();
    sku.pin(step(1, 1, 1));
    sku.release(step(1, 1, 3));
    expect(sku.commit({ ...step(1, 1, 2), late: true })).toBe("request_in_progress");
    expect(sku.pin(step(1, 1, 1))).toBe("reservation_lapsed");
    expect(sku.counts).toEqual(full(1));
  });

  test("another order's reservation, and another shopper's, cannot be taken", () => {
    const sku = held();
    expect(sku.pin({ ...step(1, 1, 1), shopperId: shopperId(2) })).toBe("reservation_not_found");
    sku.pin(step(1, 1, 1));
    expect(sku.pin(step(1, 2, 1))).toBe("reservation_taken");
    expect(sku.commit({ ...step(1, 2, 9), late: true })).toBe("reservation_not_found");
    expect(sku.release(step(1, 2, 9))).toBe("reservation_not_found");
    expect(sku.row(1)?.state).toBe("pinned");
  });

  test("a pin after the deadline is refused, and a commit without a pin", () => {
    const sku = held();
    expect(sku.commit({ ...step(1, 1, 1), late: false })).toBe("reservation_not_found");
    sku.lapse(1);
    expect(sku.pin(step(1, 1, 1))).toBe("reservation_lapsed");
  });

  test("late money takes a free unit again, once, and is refused when there is none", () => {
    const sku = held();
    sku.pin(step(1, 1, 1));
    sku.release(step(1, 1, 2));
    expect(sku.commit({ ...step(1, 1, 3), late: false })).toBe("reservation_lapsed");
    const late = { ...step(1, 1, 3), late: true };
    expect([sku.commit(late), sku.commit(late)]).toEqual(["late", "committed again"]);
    sku.release(step(1, 1, 4));
    sku.reserve(reserveItem(2));
    expect(sku.commit({ ...step(1, 1, 5), late: true })).toBe("sold_out");
  });
});

test("late money does not lift a shopper over the limit with units taken since", () => {
  const sku = bench(full(3), terms({ perShopper: 1 }));
  sku.reserve(reserveItem(1));
  sku.pin(step(1, 1, 1));
  sku.release(step(1, 1, 2));
  expect(sku.reserve(reserveItem(2, { shopperId: shopperId(1) }))).toBe("reserve");
  expect(sku.commit({ ...step(1, 1, 3), late: true })).toBe("reservation_lapsed");
  sku.lapse(2);
  expect(sku.commit({ ...step(1, 1, 3), late: true })).toBe("late");
});

test("the alarm is at the earliest of deadline and push, and none when nothing is due", () => {
  expect(nextAlarm({ earliestDeadlineMs: 5, pushDueAtMs: 3 })).toBe(3);
  expect(nextAlarm({ earliestDeadlineMs: 5, pushDueAtMs: null })).toBe(5);
  expect(nextAlarm({ earliestDeadlineMs: null, pushDueAtMs: null })).toBeNull();
});

test("in any history units are conserved, never negative, and add up to the rows", () => {
  const number = fc.integer({ min: 1, max: 4 });
  const act = fc.record({
    kind: fc.constantFrom("reserve", "pin", "commit", "late", "release", "lapse"),
    number,
    order: fc.integer({ min: 1, max: 2 }),
    step: fc.integer({ min: 1, max: 6 }),
    quantity: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5 }), fc.array(act, { maxLength: 40 }), (stock, acts) => {
      const sku = bench(full(stock), terms({ perShopper: 3 }));
      for (const { kind, number, order, step: at, quantity } of acts) {
        const item = step(number, order, at);
        if (kind === "reserve") sku.reserve(reserveItem(number, { quantity }));
        else if (kind === "pin") sku.pin(item);
        else if (kind === "commit" || kind === "late") sku.commit({ ...item, late: kind === "late" });
        else if (kind === "release") sku.release(item);
        else if (sku.row(number)?.state === "held") sku.lapse(number);
        const { available, reserved, sold } = sku.counts;
        expect(Math.min(available, reserved, sold)).toBeGreaterThanOrEqual(0);
        expect(available + reserved + sold).toBe(stock);
        const units = (...states: string[]) =>
          [...sku.rows.values()].reduce(
            (sum, row) => sum + (states.includes(row.state) ? row.quantity : 0),
            0,
          );
        expect(reserved).toBe(units("held", "pinned"));
        expect(sold).toBe(units("committed"));
      }
    }),
    { numRuns: 1_000 },
  );
});
