import { describe, expect, test } from "vitest";
import { heldRow, type ReservationRow } from "../../durable-objects/sku-stock/decide.ts";
import {
  decideOffer,
  decideWait,
  standingOf,
  unitsToCome,
  type WaitingRow,
} from "../../durable-objects/sku-stock/waiting/turn.ts";
import { LIMITS } from "../../schema/limits.ts";
import { fingerprint, full, OPENS_AT_MS, reserveItem, shopperId, terms } from "./sku-stock-fakes.ts";

const ours = terms();
const row = (number: number, over: Partial<ReservationRow> = {}): ReservationRow => ({
  ...heldRow(ours, reserveItem(number), { nowMs: OPENS_AT_MS, ttlMs: 60_000 }),
  ...over,
});
const entry = (number: number, over: Partial<WaitingRow> = {}): WaitingRow => ({
  ...reserveItem(number),
  seq: number,
  state: "waiting",
  sinceMs: OPENS_AT_MS,
  nextStep: 0,
  ...over,
});
const none = { ok: true, value: { entry: null } };

describe("wait", () => {
  const decide = (over: Partial<Parameters<typeof decideWait>[0]> = {}) =>
    decideWait({
      terms: ours,
      existing: null,
      open: null,
      shopperRows: [],
      waiting: 0,
      item: reserveItem(1),
      nowMs: OPENS_AT_MS,
      ...over,
    });
  const code = (over: Parameters<typeof decide>[0]) => {
    const decision = decide(over);
    return decision.ok ? "ok" : decision.refusal.code;
  };

  test("is for a drop with a list, while it is open, at both edges of its time", () => {
    expect(code({ terms: terms({ waitingOpen: false }) })).toBe("waiting_list_closed");
    expect(code({ nowMs: ours.opensAtMs - 1 })).toBe("drop_not_open");
    expect(decide({ nowMs: ours.opensAtMs })).toEqual(none);
    expect(decide({ nowMs: ours.closesAtMs - 1 })).toEqual(none);
    expect(code({ nowMs: ours.closesAtMs })).toBe("drop_closed");
  });

  test("is bounded: the last place is given, the one after it is not", () => {
    expect(decide({ waiting: LIMITS.waitingEntriesMax - 1 })).toEqual(none);
    expect(code({ waiting: LIMITS.waitingEntriesMax })).toBe("waiting_list_full");
  });

  test("counts what the shopper holds and has bought, less what was returned", () => {
    const other = (over: Partial<ReservationRow>) => [row(9, { shopperId: shopperId(1), ...over })];
    expect(code({ shopperRows: other({ quantity: 2 }) })).toBe("shopper_limit_reached");
    expect(code({ shopperRows: other({ quantity: 2, state: "committed" }) })).toBe("shopper_limit_reached");
    expect(code({ shopperRows: other({ quantity: 2, state: "committed", returned: 1 }) })).toBe("ok");
    expect(code({ shopperRows: other({ quantity: 2, state: "lapsed" }) })).toBe("ok");
  });

  test("gives a repeat its entry, also when the list is full or the drop over, and refuses another body", () => {
    const existing = entry(1, { state: "left" });
    const late = { existing, waiting: LIMITS.waitingEntriesMax, nowMs: ours.closesAtMs };
    expect(decide(late)).toEqual({ ok: true, value: { entry: existing } });
    expect(code({ existing, item: reserveItem(1, { fingerprint: fingerprint(9) }) })).toBe(
      "idempotency_key_reused",
    );
    expect(code({ shopperRows: [row(1)] })).toBe("idempotency_key_reused");
  });

  test("gives one open entry a shopper: another key gets the same one, another quantity is refused", () => {
    const open = entry(5, { shopperId: shopperId(1) });
    expect(decide({ open })).toEqual({ ok: true, value: { entry: open } });
    expect(code({ open: { ...open, quantity: 2 } })).toBe("already_waiting");
  });
});

describe("an offer", () => {
  const decide = (over: Partial<Parameters<typeof decideOffer>[0]> = {}) =>
    decideOffer({
      terms: ours,
      counts: full(1),
      entry: entry(1),
      shopperRows: [],
      nowMs: OPENS_AT_MS,
      ...over,
    });

  test("holds the units under the entry's own id until the offer's deadline", () => {
    expect(decide()).toMatchObject({
      kind: "offer",
      change: {
        kind: "offer",
        units: 1,
        counts: { available: 0, reserved: 1 },
        row: { reservationId: entry(1).reservationId, state: "held", deadlineAtMs: OPENS_AT_MS + 30_000 },
      },
    });
  });

  test("is all of an entry's units or none: too few and it waits", () => {
    expect(decide({ entry: entry(1, { quantity: 2 }) })).toEqual({ kind: "wait" });
    expect(decide({ entry: entry(1, { quantity: 2 }), counts: full(2) }).kind).toBe("offer");
  });

  test("does not lift a shopper over the limit, and never meets a row of its id", () => {
    const others = [row(9, { shopperId: shopperId(1), quantity: 2 })];
    expect(decide({ shopperRows: others })).toEqual({ kind: "drop" });
    expect(decide({ shopperRows: [row(1, { state: "lapsed" })] })).toEqual({ kind: "drop" });
  });

  test("may come to an entry for as long as free and reserved units suffice for it", () => {
    expect(unitsToCome({ stock: 9, available: 1, reserved: 2, sold: 6 })).toBe(3);
  });
});

test("an entry stands as the reservation of its offer stands", () => {
  const offered = entry(1, { state: "offered" });
  const at = (state: ReservationRow["state"] | null, nowMs = OPENS_AT_MS) =>
    standingOf(offered, state && row(1, { state }), ours, nowMs);
  expect(at("held")).toBe("offered");
  expect([at("pinned"), at("committed"), at("released")]).toEqual(["taken", "taken", "taken"]);
  expect(at("lapsed")).toBe("lapsed");
  // Given back: the row is gone.
  expect(at(null)).toBe("left");
  expect(standingOf(entry(1, { state: "left" }), null, ours, OPENS_AT_MS)).toBe("left");
  expect(standingOf(entry(1), null, ours, ours.closesAtMs - 1)).toBe("waiting");
  expect(standingOf(entry(1), null, ours, ours.closesAtMs)).toBe("lapsed");
});
