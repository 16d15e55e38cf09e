import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import { DropQueue } from "../../durable-objects/drop-queue/drop-queue.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { AmountMinor } from "../../schema/money.ts";
import type { StepAnswer } from "../../schema/rpc/sku-stock.ts";
import {
  fingerprint,
  OPENS_AT_MS,
  orderId,
  reservationId,
  reserveItem,
  shopperId,
} from "../unit/sku-stock-fakes.ts";
import {
  document,
  freshDrop,
  freshSku,
  line,
  pass,
  setClock,
  sku,
  skuNamespaceStub,
  useClock,
} from "./fresh.ts";

useClock();

const step = (number: number, at: number, order = number) => ({
  reservationId: reservationId(number),
  orderId: orderId(order),
  shopperId: shopperId(number),
  step: at,
});
const difference = (adjustmentId: string, delta: number) => ({
  adjustmentId,
  change: { kind: "difference" as const, delta },
  reason: "counted again",
});
const states = (answers: StepAnswer[]) =>
  answers.map((answer) => (answer.ok ? answer.value.state : answer.refusal.code));
const told = (answers: { ok: boolean; value?: unknown; refusal?: { code: string } }[]) =>
  answers.map((answer) => (answer.ok ? "ok" : answer.refusal?.code));
const level = async (one: Awaited<ReturnType<typeof freshSku>>) => (await one.rpc().audit(0, 0)).level;

describe("a cold SKU", () => {
  test("refuses everything until it is configured, and holds nothing", async () => {
    const cold = sku(freshDrop());
    expect(told(await cold.reserve([reserveItem(1), reserveItem(2)]))).toEqual([
      "sku_not_found",
      "sku_not_found",
    ]);
    expect(states(await cold.pin([step(1, 1)]))).toEqual(["reservation_not_found"]);
    expect(told(await cold.adjust([difference("a", 1)]))).toEqual(["sku_not_found"]);
    expect(await cold.audit(0, 0)).toMatchObject({ level: null, ledger: [], reservations: [] });
    await cold.knock();
  });

  test("takes its terms once: the same version again changes nothing, a new one moves what is available", async () => {
    const one = await freshSku({ stock: 3 });
    await one.rpc().reserve([reserveItem(1)]);
    await one.rpc().configure({ ...one.terms, stock: 99 });
    expect(await level(one)).toMatchObject({ stock: 3, available: 2, reserved: 1 });
    const next = { ...one.terms, version: "w".repeat(64), stock: 2 };
    expect(await one.rpc().configure(next)).toMatchObject({
      ok: true,
      value: { stock: 2, available: 1, reserved: 1 },
    });
    const below = { ...next, version: "x".repeat(64), stock: 0, unitPriceMinor: 1 as AmountMinor };
    expect(await one.rpc().configure(below)).toMatchObject({
      ok: true,
      value: { stock: 1, available: 0, reserved: 1 },
    });
  });

  test("keeps corrections when the document is published again, and moves by what its figure moved", async () => {
    const one = await freshSku({ stock: 10 });
    await one.rpc().adjust([difference("delivery", 4)]);
    const again = { ...one.terms, version: "w".repeat(64), unitPriceMinor: 1 as AmountMinor };
    await one.rpc().configure(again);
    expect(await level(one)).toMatchObject({ stock: 14 });
    await one.rpc().configure({ ...again, version: "x".repeat(64), stock: 9 });
    expect(await level(one)).toMatchObject({ stock: 13 });
    await one.rpc().configure({ ...again, version: "y".repeat(64), stock: 0, isRemoved: true });
    expect(await level(one)).toMatchObject({ stock: 0, available: 0 });
    await one.rpc().configure({ ...again, version: "z".repeat(64), stock: 9 });
    expect(await level(one)).toMatchObject({ stock: 9 });
  });
});

describe("a batch", () => {
  test("the limit holds over all sessions of one identity, not over those of others", async () => {
    const one = await freshSku({ stock: 9, perShopper: 2 });
    const identity = "customer:1";
    const answers = await one
      .rpc()
      .reserve([
        reserveItem(1, { identity }),
        reserveItem(2, { identity }),
        reserveItem(3, { identity }),
        reserveItem(4, { identity: "customer:2" }),
      ]);
    expect(told(answers)).toEqual(["ok", "ok", "shopper_limit_reached", "ok"]);
  });

  test("answers in the order it was asked, and one refusal leaves the others as they are", async () => {
    const one = await freshSku({ stock: 2 });
    const answers = await one
      .rpc()
      .reserve([
        reserveItem(1),
        reserveItem(1, { fingerprint: fingerprint(9) }),
        reserveItem(2, { quantity: 5 }),
        reserveItem(3),
        reserveItem(4),
      ]);
    expect(told(answers)).toEqual([
      "ok",
      "idempotency_key_reused",
      "shopper_limit_reached",
      "ok",
      "all_reserved",
    ]);
  });

  test("undoes an item that breaks in the middle, and only that one", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const one = await freshSku({ stock: 4 });
    // A CHECK of the table refuses the row after the counts were decided.
    const answers = await one
      .rpc()
      .reserve([reserveItem(1), reserveItem(2, { quantity: -1 }), reserveItem(3)]);
    expect(told(answers)).toEqual(["ok", "internal", "ok"]);
    expect(await level(one)).toMatchObject({ available: 2, reserved: 2 });
    expect((await one.rpc().audit(0, 0)).ledger.map(({ kind }) => kind)).toEqual([
      "configure",
      "reserve",
      "reserve",
    ]);
  });
});

describe("a deadline", () => {
  test("is exact at both sides of its last millisecond, though the alarm never fired", async () => {
    const one = await freshSku({ stock: 1, reservationTtlMs: 60_000 });
    await one.rpc().reserve([reserveItem(1)]);
    setClock(OPENS_AT_MS + 59_999);
    expect(told(await one.rpc().reserve([reserveItem(2)]))).toEqual(["all_reserved"]);
    expect(states(await one.rpc().pin([step(9, 1)]))).toEqual(["reservation_not_found"]);
    setClock(OPENS_AT_MS + 60_000);
    expect(states(await one.rpc().pin([step(1, 1)]))).toEqual(["reservation_lapsed"]);
    expect(told(await one.rpc().reserve([reserveItem(2), reserveItem(1)]))).toEqual([
      "ok",
      "reservation_lapsed",
    ]);
  });

  test("a pin in its last millisecond holds for good", async () => {
    const one = await freshSku({ stock: 1, reservationTtlMs: 60_000 });
    await one.rpc().reserve([reserveItem(1)]);
    setClock(OPENS_AT_MS + 59_999);
    expect(states(await one.rpc().pin([step(1, 1)]))).toEqual(["pinned"]);
    pass(86_400_000);
    await runDurableObjectAlarm(one.stub());
    expect(await level(one)).toMatchObject({ available: 0, reserved: 1 });
  });

  test("is carried out by the alarm when nobody asks, once, however often the alarm runs", async () => {
    const one = await freshSku({ stock: 3, reservationTtlMs: 60_000 });
    await one.rpc().reserve([reserveItem(1), reserveItem(2)]);
    setClock(OPENS_AT_MS + 60_000);
    expect(await runDurableObjectAlarm(one.stub())).toBe(true);
    await one.rpc().knock();
    await runInDurableObject(one.stub(), (instance) => instance.alarm());
    const { ledger, level: now } = await one.rpc().audit(0, 0);
    expect(now).toMatchObject({ available: 3, reserved: 0 });
    expect(ledger.filter(({ kind }) => kind === "lapse")).toHaveLength(2);
  });

  test("the alarm is set at the earliest of them", async () => {
    const one = await freshSku({ stock: 3, reservationTtlMs: 60_000 });
    await runDurableObjectAlarm(one.stub());
    await one.rpc().reserve([reserveItem(1)]);
    pass(1_000);
    await one.rpc().reserve([reserveItem(2)]);
    await runDurableObjectAlarm(one.stub());
    const alarmAtMs = await runInDurableObject(one.stub(), (_, { storage }) => storage.getAlarm());
    expect(alarmAtMs).toBe(OPENS_AT_MS + 60_000);
  });
});

describe("an eviction", () => {
  test("changes nothing: rows, counts, fences and the deadline come from storage", async () => {
    const one = await freshSku({ stock: 3 });
    await one.rpc().reserve([reserveItem(1), reserveItem(2)]);
    await one.rpc().pin([step(1, 2)]);
    const before = await one.rpc().audit(0, 0);
    await evictDurableObject(one.stub());
    expect(await one.rpc().audit(0, 0)).toEqual(before);
    expect(states(await one.rpc().release([step(1, 1)]))).toEqual(["request_in_progress"]);
    pass(60_000);
    expect(await runDurableObjectAlarm(one.stub())).toBe(true);
    expect(await level(one)).toMatchObject({ available: 2, reserved: 1 });
  });
});

describe("a repeat", () => {
  test("of every method gets the first answer and writes nothing", async () => {
    const one = await freshSku({ stock: 3 });
    const twice = async <Answer>(call: () => Promise<Answer>) => {
      const first = await call();
      const ledger = (await one.rpc().audit(0, 0)).ledger.length;
      expect(await call()).toEqual(first);
      expect((await one.rpc().audit(0, 0)).ledger).toHaveLength(ledger);
      return first;
    };
    await twice(() => one.rpc().configure(one.terms));
    await twice(() => one.rpc().reserve([reserveItem(1)]));
    await twice(() => one.rpc().pin([step(1, 1)]));
    await twice(() => one.rpc().commit([{ ...step(1, 2), late: false }]));
    await twice(() => one.rpc().release([step(1, 3)]));
    await twice(() => one.rpc().commit([{ ...step(1, 4), late: true }]));
    const adjusted = await twice(() => one.rpc().adjust([difference("count", -2)]));
    const level = { stock: 1, available: 0, sold: 1 };
    expect(adjusted).toMatchObject([{ ok: true, value: { outcome: "applied", delta: -2, level } }]);
  });

  test("of an adjustment with another difference, or for another reason, is refused", async () => {
    const one = await freshSku({ stock: 3 });
    await one.rpc().adjust([difference("count", 1)]);
    const others = [difference("count", 2), { ...difference("count", 1), reason: "another" }];
    expect(told(await one.rpc().adjust(others))).toEqual([
      "idempotency_key_reused",
      "idempotency_key_reused",
    ]);
    expect(await level(one)).toMatchObject({ stock: 4 });
  });
});

describe("the ledger", () => {
  test("cannot be changed or shortened", async () => {
    const one = await freshSku();
    await runInDurableObject(one.stub(), (_, { storage }) => {
      expect(() => storage.sql.exec("UPDATE ledger SET quantity = 0")).toThrow("append-only");
      expect(() => storage.sql.exec("DELETE FROM ledger")).toThrow("append-only");
    });
  });

  test("a level that does not add up, or is negative, is refused by the table", async () => {
    const one = await freshSku();
    await runInDurableObject(one.stub(), (_, { storage }) => {
      expect(() => storage.sql.exec("UPDATE level SET available = available + 1")).toThrow("CHECK");
      expect(() => storage.sql.exec("UPDATE level SET available = -1, reserved = 4")).toThrow("CHECK");
    });
  });

  test("is read in pages that neither skip nor repeat a row", async () => {
    const one = await freshSku({ stock: 1_500, perShopper: 10 });
    for (let from = 0; from < 1_200; from += 400) {
      await one.rpc().reserve(Array.from({ length: 400 }, (_, index) => reserveItem(from + index)));
    }
    const seqs: number[] = [];
    const ids: string[] = [];
    let [ledger, reservations]: [number | null, number | null] = [0, 0];
    while (ledger !== null || reservations !== null) {
      const page = await one.rpc().audit(ledger ?? 1_000_000, reservations ?? 1_000_000);
      seqs.push(...page.ledger.map(({ seq }) => seq));
      ids.push(...page.reservations.map((row) => row.reservationId));
      [ledger, reservations] = [page.nextLedger, page.nextReservation];
    }
    expect(seqs).toEqual(Array.from({ length: 1_201 }, (_, index) => index + 1));
    expect(new Set(ids).size).toBe(1_200);
    expect(ids).toHaveLength(1_200);
  });
});

describe("telling the line", () => {
  /** A published drop, its SKU with a level that the line has heard of. */
  async function published() {
    const dropId = freshDrop();
    setClock(OPENS_AT_MS - 1_000);
    await line(dropId).publish(document(dropId), "v".repeat(64));
    setClock(OPENS_AT_MS);
    const stub = () => sku(dropId);
    const heard = async () => {
      const snapshot = await line(dropId).snapshot();
      return snapshot.ok ? snapshot.value.skus[0] : undefined;
    };
    return { dropId, stub, heard };
  }

  test("happens at most once in each interval, and the last level always arrives", async () => {
    const { dropId, stub, heard } = await published();
    const alarm = () => runDurableObjectAlarm(skuNamespaceStub(dropId));
    await alarm();
    pass(250);
    await stub().reserve([reserveItem(1)]);
    await alarm();
    expect(await heard()).toMatchObject({ reserved: 1 });
    for (let number = 2; number <= 4; number += 1) {
      pass(80);
      await stub().reserve([reserveItem(number)]);
      await alarm();
      expect(await heard()).toMatchObject({ reserved: 1 });
    }
    pass(10);
    await alarm();
    expect(await heard()).toMatchObject({ reserved: 4 });
    pass(300_000);
    await alarm();
    expect(await heard()).toMatchObject({ reserved: 0, available: 5 });
  });

  test("that fails is logged, keeps its turn, and is made good later", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    const { dropId, stub, heard } = await published();
    await runDurableObjectAlarm(skuNamespaceStub(dropId));
    pass(250);
    await stub().reserve([reserveItem(1)]);
    vi.spyOn(DropQueue.prototype, "pushLevel").mockRejectedValue(new Error("the line is away"));
    await runDurableObjectAlarm(skuNamespaceStub(dropId));
    expect(logged.mock.calls.flat().join()).toContain("sku_stock_alarm_failed");
    expect(await heard()).toMatchObject({ reserved: 0 });
    const alarmAtMs = await runInDurableObject(skuNamespaceStub(dropId), (_, { storage }) =>
      storage.getAlarm(),
    );
    expect(alarmAtMs).toBe(Date.now() + 250);
    vi.restoreAllMocks();
    pass(250);
    await runDurableObjectAlarm(skuNamespaceStub(dropId));
    expect(await heard()).toMatchObject({ reserved: 1 });
  });
});

test("an alarm that fails again and again does not come back at once", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const one = await freshSku({ stock: 1, reservationTtlMs: 5_000 });
  await one.rpc().reserve([reserveItem(1)]);
  await runInDurableObject(one.stub(), (_, { storage }) => {
    storage.sql.exec(
      "CREATE TRIGGER trouble BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'trouble'); END",
    );
  });
  pass(5_000);
  await runDurableObjectAlarm(one.stub());
  const alarmAtMs = await runInDurableObject(one.stub(), (_, { storage }) => storage.getAlarm());
  expect(alarmAtMs).toBe(Date.now() + LIMITS.alarmMinDelayMs);
  await runInDurableObject(one.stub(), (_, { storage }) => {
    storage.sql.exec("DROP TRIGGER trouble");
  });
  pass(1_000);
  await runDurableObjectAlarm(one.stub());
  expect(await level(one)).toMatchObject({ available: 1, reserved: 0 });
});

test("a row that cannot lapse keeps its own units, and nobody else's wait for it", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const one = await freshSku({ stock: 2, reservationTtlMs: 5_000 });
  await one.rpc().reserve([reserveItem(1), reserveItem(2)]);
  await runInDurableObject(one.stub(), (_, { storage }) => {
    storage.sql.exec(
      `CREATE TRIGGER bad BEFORE UPDATE ON reservations WHEN OLD.reservation_id = '${reserveItem(1).reservationId}'
       BEGIN SELECT RAISE(ABORT, 'a bad row'); END`,
    );
  });
  pass(5_000);
  expect(told(await one.rpc().reserve([reserveItem(3), reserveItem(4)]))).toEqual(["ok", "all_reserved"]);
  expect(await level(one)).toMatchObject({ available: 0, reserved: 2 });
});

test("a ticket counts where its basket's first line is, once, and no more when that is given back", async () => {
  const one = await freshSku({ perShopper: 3 });
  const seen = () =>
    runInDurableObject(one.stub(), (_, { storage }) =>
      storage.sql.exec("SELECT tickets_seen FROM level").one(),
    );
  await one.rpc().reserve([reserveItem(1), reserveItem(2, { isFirstLine: false })]);
  await one.rpc().reserve([reserveItem(1, { reservationId: reservationId(3) }), reserveItem(1)]);
  expect(await seen()).toEqual({ tickets_seen: 1 });
  const back = (number: number, isFirstLine: boolean) =>
    one.rpc().giveBack([
      {
        reservationId: reservationId(number),
        shopperId: shopperId(number),
        createdAtMs: null,
        isFirstLine,
      },
    ]);
  await back(2, false);
  expect(await seen()).toEqual({ tickets_seen: 1 });
  await one
    .rpc()
    .giveBack([
      { reservationId: reservationId(3), shopperId: shopperId(1), createdAtMs: null, isFirstLine: true },
    ]);
  expect(await seen()).toEqual({ tickets_seen: 1 });
  await back(1, true);
  expect(await seen()).toEqual({ tickets_seen: 0 });
});
