import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import type { WaitAnswer, WaitingAnswer } from "../../schema/rpc/waiting-list.ts";
import {
  fingerprint,
  OPENS_AT_MS,
  orderId,
  reservationId,
  reserveItem,
  shopperId,
} from "../unit/sku-stock-fakes.ts";
import { freshSku, pass, setClock, useClock } from "./fresh.ts";

useClock();

const OFFER_MS = 30_000;
type One = Awaited<ReturnType<typeof freshSku>>;

const query = (number: number) => ({ reservationId: reservationId(number), shopperId: shopperId(number) });
const step = (number: number, at: number) => ({ ...query(number), orderId: orderId(number), step: at });
const told = (answers: (WaitAnswer | WaitingAnswer)[]) =>
  answers.map((answer) => {
    if (!answer.ok) return answer.refusal.code;
    const { state, ahead } = answer.value;
    return ahead === null ? state : `${state} behind ${ahead}`;
  });
const show = async (one: One, ...numbers: number[]) => told(await one.rpc().showWaiting(numbers.map(query)));
const wait = async (one: One, ...numbers: number[]) =>
  told(await one.rpc().wait(numbers.map((number) => reserveItem(number))));
const level = async (one: One) => (await one.rpc().audit(0, 0)).level;

/** One unit, held by shopper 1, and people who wait for it. */
async function awaited(...numbers: number[]) {
  const one = await freshSku({ stock: 1, reservationTtlMs: 60_000, offerTtlMs: OFFER_MS });
  await one.rpc().reserve([reserveItem(1)]);
  await wait(one, ...numbers);
  return one;
}

describe("a freed unit", () => {
  test("is offered to the first who waits until a deadline, exact at both sides, then to the next", async () => {
    const one = await awaited(2, 3);
    expect(await show(one, 2, 3)).toEqual(["waiting behind 0", "waiting behind 1"]);
    setClock(OPENS_AT_MS + 60_000);
    expect(await show(one, 2, 3)).toEqual(["offered", "waiting behind 0"]);
    pass(OFFER_MS - 1);
    expect(await show(one, 2, 3)).toEqual(["offered", "waiting behind 0"]);
    pass(1);
    expect(await show(one, 2, 3)).toEqual(["lapsed", "offered"]);
    pass(OFFER_MS);
    expect(await show(one, 2, 3)).toEqual(["lapsed", "lapsed"]);
    expect(await level(one)).toMatchObject({ available: 1, reserved: 0 });
  });

  test("is offered by the alarm when nobody asks, and the alarm is set to the offer's deadline", async () => {
    const one = await awaited(2, 3);
    setClock(OPENS_AT_MS + 60_000);
    await runDurableObjectAlarm(one.stub());
    await runDurableObjectAlarm(one.stub());
    const alarmAtMs = await runInDurableObject(one.stub(), (_, { storage }) => storage.getAlarm());
    expect(alarmAtMs).toBe(OPENS_AT_MS + 60_000 + OFFER_MS);
    expect((await one.rpc().audit(0, 0)).ledger.map(({ kind }) => kind)).toEqual([
      "configure",
      "reserve",
      "lapse",
      "offer",
    ]);
  });

  test.each([
    ["a release", (one: One) => one.rpc().release([step(1, 2)])],
    [
      "a reversed sale",
      (one: One) =>
        one
          .rpc()
          .commit([{ ...step(1, 2), late: false }])
          .then(() => one.rpc().release([step(1, 3)])),
    ],
    [
      "a restock",
      (one: One) =>
        one.rpc().adjust([{ adjustmentId: "a", change: { kind: "difference", delta: 1 }, reason: "" }]),
    ],
    [
      "a return",
      (one: One) =>
        one
          .rpc()
          .commit([{ ...step(1, 2), late: false }])
          .then(() =>
            one.rpc().adjust([
              {
                adjustmentId: "a",
                change: { kind: "return", orderId: orderId(1), quantity: 1, isResellable: true },
                reason: "",
              },
            ]),
          ),
    ],
  ])("of %s is held for who waits before anybody else can ask", async (_, free) => {
    const one = await awaited(2);
    await one.rpc().pin([step(1, 1)]);
    await free(one);
    expect(await level(one)).toMatchObject({ available: 0 });
    expect((await one.rpc().reserve([reserveItem(9)]))[0]).toMatchObject({
      ok: false,
      refusal: { code: "all_reserved" },
    });
    expect(await show(one, 2)).toEqual(["offered"]);
  });

  test("of a basket that was given back, too", async () => {
    const one = await awaited(2);
    await one.rpc().giveBack([{ ...query(1), createdAtMs: null, isFirstLine: true }]);
    expect(await show(one, 2)).toEqual(["offered"]);
  });

  test("is bought under the offer's own id, like any reservation", async () => {
    const one = await awaited(2);
    pass(60_000);
    await one.rpc().pin([step(2, 1)]);
    expect(await show(one, 2)).toEqual(["taken"]);
    await one.rpc().commit([{ ...step(2, 2), late: false }]);
    pass(86_000_000);
    expect(await show(one, 2)).toEqual(["taken"]);
    expect(await level(one)).toMatchObject({ sold: 1 });
  });
});

describe("nobody overtakes", () => {
  test("a first who needs more units than are free is waited for, while more may come", async () => {
    const one = await freshSku({ stock: 2, perShopper: 2, offerTtlMs: OFFER_MS });
    await one.rpc().reserve([reserveItem(1)]);
    await one.rpc().reserve([reserveItem(2)]);
    await one.rpc().pin([step(1, 1)]);
    await one.rpc().wait([reserveItem(3, { quantity: 2 }), reserveItem(4)]);
    await one.rpc().release([step(1, 2)]);
    expect(await level(one)).toMatchObject({ available: 1, reserved: 1 });
    expect((await one.rpc().reserve([reserveItem(9)]))[0]).toMatchObject({ ok: false });
    expect(await show(one, 3, 4)).toEqual(["waiting behind 0", "waiting behind 1"]);
    await one.rpc().giveBack([{ ...query(2), createdAtMs: null, isFirstLine: true }]);
    expect(await show(one, 3, 4)).toEqual(["offered", "waiting behind 0"]);
  });

  test("and is passed over once they certainly cannot come, and keeps its place for a restock", async () => {
    const one = await freshSku({ stock: 2, perShopper: 2, offerTtlMs: OFFER_MS });
    await one.rpc().reserve([reserveItem(1), reserveItem(2)]);
    await one.rpc().wait([reserveItem(3, { quantity: 2 }), reserveItem(4)]);
    await one.rpc().pin([step(1, 1), step(2, 1)]);
    await one.rpc().commit([{ ...step(1, 2), late: false }]);
    await one.rpc().release([step(2, 2)]);
    expect(await show(one, 3, 4)).toEqual(["waiting behind 0", "offered"]);
    await one.rpc().adjust([{ adjustmentId: "a", change: { kind: "difference", delta: 2 }, reason: "" }]);
    expect(await show(one, 3)).toEqual(["offered"]);
  });

  test("but who cannot be served at all blocks nobody's ordinary reservation", async () => {
    const one = await freshSku({ stock: 1, perShopper: 2 });
    await one.rpc().wait([reserveItem(3, { quantity: 2 })]);
    expect((await one.rpc().reserve([reserveItem(9)]))[0]?.ok).toBe(true);
  });
});

describe("an entry", () => {
  test("is offered at once when something is free, and is one a shopper until it is over", async () => {
    const one = await freshSku({ stock: 1 });
    expect(await wait(one, 2)).toEqual(["offered"]);
    const again = await one.rpc().wait([reserveItem(7, { shopperId: shopperId(2) })]);
    expect(again[0]).toMatchObject({ ok: true, value: { reservationId: reservationId(2) } });
    const more = reserveItem(8, { shopperId: shopperId(2), quantity: 2 });
    expect(told(await one.rpc().wait([more]))).toEqual(["already_waiting"]);
    pass(OFFER_MS);
    expect(told(await one.rpc().wait([reserveItem(7, { shopperId: shopperId(2) })]))).toEqual(["offered"]);
  });

  test("that is left, waiting or offered, gives its turn on; a repeat and another shopper change nothing", async () => {
    const one = await awaited(2, 3, 4);
    expect(told(await one.rpc().leaveWaiting([{ ...query(2), shopperId: shopperId(3) }]))).toEqual([
      "waiting_entry_not_found",
    ]);
    expect(told(await one.rpc().leaveWaiting([query(2), query(2)]))).toEqual(["left", "left"]);
    pass(60_000);
    expect(await show(one, 2, 3, 4)).toEqual(["left", "offered", "waiting behind 0"]);
    expect(told(await one.rpc().leaveWaiting([query(3)]))).toEqual(["left"]);
    expect(await show(one, 3, 4)).toEqual(["left", "offered"]);
    expect(await wait(one, 3)).toEqual(["left"]);
  });

  test("ends with the drop, and nothing is offered after it", async () => {
    const one = await freshSku({ stock: 1, closesAtMs: OPENS_AT_MS + 10_000, reservationTtlMs: 10_000 });
    await one.rpc().reserve([reserveItem(1)]);
    await wait(one, 2);
    setClock(OPENS_AT_MS + 10_000);
    expect(await show(one, 2)).toEqual(["lapsed"]);
    expect(await wait(one, 3)).toEqual(["drop_closed"]);
    expect(await level(one)).toMatchObject({ available: 1 });
  });

  test("survives an eviction with its place", async () => {
    const one = await awaited(2, 3);
    await evictDurableObject(one.stub());
    expect(await show(one, 2, 3)).toEqual(["waiting behind 0", "waiting behind 1"]);
    pass(60_000);
    expect(await wait(one, 2)).toEqual(["offered"]);
  });

  test("under a key that made a reservation is refused, and the list takes no more than its bound", async () => {
    const one = await awaited();
    const reused = reserveItem(1, { fingerprint: fingerprint(9) });
    expect(told(await one.rpc().wait([reused]))).toEqual(["idempotency_key_reused"]);
    const numbers = Array.from({ length: LIMITS.waitingEntriesMax }, (_, index) => index + 10);
    await wait(one, ...numbers);
    expect(await show(one, numbers.at(-1) ?? 0)).toEqual([`waiting behind ${numbers.length - 1}`]);
    expect(await wait(one, 5)).toEqual(["waiting_list_full"]);
  });
});

describe("what it costs", () => {
  /** Statements of one call, by what they begin with. */
  const statements = (one: One, act: () => Promise<unknown>) =>
    runInDurableObject(one.stub(), async (_, { storage }) => {
      const spy = vi.spyOn(Object.getPrototypeOf(storage.sql), "exec");
      await act();
      const queries = spy.mock.calls.map(([query]) => String(query));
      spy.mockRestore();
      return queries;
    });

  test("nothing while nobody waits: a reservation is six statements, and none is of the list", async () => {
    const one = await freshSku({ stock: 3 });
    await one.rpc().reserve([reserveItem(1)]);
    const queries = await statements(one, () =>
      runInDurableObject(one.stub(), (instance) => instance.reserve([reserveItem(2)])),
    );
    expect(queries.map((query) => query.trim().split(/\s+/)[0])).toEqual([
      "SELECT",
      "SELECT",
      "INSERT",
      "UPDATE",
      "INSERT",
      "SELECT",
    ]);
    expect(queries.join()).not.toContain("waiting");
  });

  test("no more rows for a shopper of whom many reservations have lapsed", async () => {
    const one = await freshSku({ stock: 3, reservationTtlMs: 1_000 });
    const lapsed = 50;
    for (let number = 1; number <= lapsed; number += 1) {
      await one.rpc().reserve([reserveItem(number, { shopperId: shopperId(1) })]);
      pass(1_000);
    }
    const again = reserveItem(99, { shopperId: shopperId(1) });
    const read = await runInDurableObject(one.stub(), async (instance, { storage }) => {
      const spy = vi.spyOn(Object.getPrototypeOf(storage.sql), "exec");
      expect((await instance.reserve([again]))[0]?.ok).toBe(true);
      const cursors = spy.mock.results.map(({ value }) => value as SqlStorageCursor<never>);
      spy.mockRestore();
      return cursors.reduce((rows, { rowsRead }) => rows + rowsRead, 0);
    });
    expect(read).toBeLessThan(lapsed / 2);
  });
});

test("an order's pin that came before the offer takes nothing when a copy of it comes after", async () => {
  const one = await awaited(2);
  const early = step(2, 7);
  expect(await one.rpc().pin([early])).toMatchObject([{ refusal: { code: "reservation_not_found" } }]);
  pass(60_000);
  expect(await show(one, 2)).toEqual(["offered"]);
  expect(await one.rpc().pin([early])).toMatchObject([{ refusal: { code: "request_in_progress" } }]);
  expect(await show(one, 2)).toEqual(["offered"]);
  expect(await one.rpc().pin([step(2, 8)])).toMatchObject([{ value: { state: "pinned" } }]);
});

describe("an entry that cannot be written", () => {
  const refuseRow = (one: One, what: "INSERT" | "DELETE", number: number) =>
    runInDurableObject(one.stub(), (_, { storage }) => {
      const row = what === "INSERT" ? "NEW" : "OLD";
      storage.sql.exec(
        `CREATE TRIGGER bad BEFORE ${what} ON reservations WHEN ${row}.reservation_id = '${reservationId(number)}'
         BEGIN SELECT RAISE(ABORT, 'a bad row'); END`,
      );
    });

  test("is taken off when its turn comes, and nobody else fails with it", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const one = await awaited(2, 3);
    await refuseRow(one, "INSERT", 2);
    pass(60_000);
    const [refused] = await one.rpc().reserve([reserveItem(4)]);
    expect(refused).toMatchObject({ ok: false, refusal: { code: "all_reserved" } });
    expect(await show(one, 2, 3)).toEqual(["left", "offered"]);
    expect(await level(one)).toMatchObject({ available: 0, reserved: 1 });
    expect(await one.rpc().pin([step(3, 1)])).toMatchObject([{ ok: true }]);
  });

  test("stays as it is when it cannot leave, and the others of the call leave", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const one = await awaited(2, 3);
    pass(60_000);
    expect(await show(one, 2, 3)).toEqual(["offered", "waiting behind 0"]);
    await refuseRow(one, "DELETE", 2);
    expect(told(await one.rpc().leaveWaiting([query(2), query(3)]))).toEqual(["offered", "left"]);
    expect(await level(one)).toMatchObject({ available: 0, reserved: 1 });
  });
});
