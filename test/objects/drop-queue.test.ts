import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import { SkuStock } from "../../durable-objects/sku-stock/sku-stock.ts";
import { LIMITS } from "../../schema/limits.ts";
import { isAdmitted, type Watermark } from "../../schema/line.ts";
import { OPENS_AT_MS, orderId, reservationId, reserveItem, shopperId } from "../unit/sku-stock-fakes.ts";
import {
  document,
  freshDrop,
  line,
  lineNamespaceStub,
  pass,
  SKU,
  setClock,
  sku,
  skuNamespaceStub,
  useClock,
} from "./fresh.ts";
import {
  alarmAtMs,
  asked,
  PLENTY,
  publishedDrop,
  range,
  record,
  snapshot,
  tick,
  V1,
  V2,
} from "./lining-up.ts";

useClock(OPENS_AT_MS - 60_000);

describe("a cold line", () => {
  test("knows no drop, and a knock does no harm", async () => {
    const dropId = freshDrop();
    const none = { ok: false, refusal: { code: "drop_not_found" } };
    expect(await line(dropId).snapshot()).toMatchObject(none);
    expect(await line(dropId).published()).toMatchObject(none);
    expect(await line(dropId).join(...asked(1))).toMatchObject(none);
    expect(await line(dropId).recordHead()).toMatchObject(none);
    expect(await line(dropId).recordPart({ kind: "root", cohort: 0 })).toMatchObject(none);
    expect(await line(dropId).command({ commandId: "a", act: { kind: "pause" } })).toMatchObject(none);
    expect(await line(dropId).closedCohorts(-1)).toMatchObject(none);
    await line(dropId).knock();
    const tables = await runInDurableObject(lineNamespaceStub(dropId), (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master").toArray(),
    );
    expect(tables).toEqual([]);
    await line(dropId).pushLevel({
      level: { skuId: SKU, stock: 1, available: 1, reserved: 0, sold: 0 },
      levelVersion: 1,
      ticketsSeen: 0,
      ledger: { rows: 1, hash: "0".repeat(64) },
    });
  });
});

describe("publish", () => {
  test("configures the SKUs, and the same version again is a repeat", async () => {
    const dropId = await publishedDrop();
    const first = await line(dropId).published();
    pass(5_000);
    expect(await line(dropId).publish(document(dropId, { name: "Another" }), V1)).toEqual(first);
    expect(await sku(dropId).audit(0, 0)).toMatchObject({
      level: { stock: 5 },
      ledger: [{ kind: "configure" }],
    });
    setClock(OPENS_AT_MS + 1);
    expect(await line(dropId).publish(document(dropId), V1)).toEqual(first);
  });

  test("replaces a document until the last millisecond before the start, and refuses then", async () => {
    const dropId = await publishedDrop();
    setClock(OPENS_AT_MS - 1);
    const skus = [{ id: SKU, name: "One", stock: 3, priceMinor: 100 }];
    expect(await line(dropId).publish(document(dropId, { skus }), V2)).toMatchObject({
      ok: true,
      value: { version: V2 },
    });
    expect(await sku(dropId).audit(0, 0)).toMatchObject({ level: { stock: 3 } });
    setClock(OPENS_AT_MS);
    const late = await line(dropId).publish(document(dropId), "3".repeat(64));
    expect(late).toMatchObject({ ok: false, refusal: { code: "drop_already_live" } });
    expect(await line(dropId).published()).toMatchObject({ value: { version: V2 } });
  });

  test("takes the units of a SKU away that the new document leaves out", async () => {
    const two = ["left", "right"].map((id) => ({ id, name: id, stock: 2, priceMinor: 1 }));
    const dropId = await publishedDrop({ skus: two });
    await line(dropId).publish(document(dropId, { skus: two.slice(0, 1) }), V2);
    expect((await snapshot(dropId)).skus.map(({ skuId }) => skuId)).toEqual(["left"]);
    expect(await sku(dropId, "right" as typeof SKU).audit(0, 0)).toMatchObject({ level: { stock: 0 } });
  });

  test("goes on by alarm when a SKU cannot be reached, until it can", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const configure = vi.spyOn(SkuStock.prototype, "configure").mockRejectedValue(new Error("away"));
    const dropId = await publishedDrop();
    expect(await sku(dropId).reserve([reserveItem(1)])).toMatchObject([
      { refusal: { code: "sku_not_found" } },
    ]);
    await tick(dropId);
    configure.mockRestore();
    expect(await tick(dropId)).toBe(true);
    expect(await sku(dropId).audit(0, 0)).toMatchObject({ level: { stock: 5 } });
    expect(await alarmAtMs(dropId)).toBe(OPENS_AT_MS + 3_600_000);
  });

  test("has its alarm set before the first SKU is asked: dying in the calls, it goes on", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    vi.spyOn(SkuStock.prototype, "configure").mockImplementation(async () => {
      asked.resolve();
      await answered.promise;
      throw new Error("away");
    });
    const dropId = freshDrop();
    const publishing = line(dropId).publish(document(dropId), V1);
    await asked.promise;
    const armedForMs = await alarmAtMs(dropId);
    answered.resolve();
    await publishing;
    expect(armedForMs).toBeLessThan(OPENS_AT_MS);
  });
});

describe("the watermark", () => {
  test("moves at the configured rate while the drop is live, and not before", async () => {
    const dropId = await publishedDrop({ ...PLENTY, line: { admitPerSecond: 20 } });
    await line(dropId).join(...asked(...range(0, 1_000)));
    setClock(OPENS_AT_MS - 1);
    await line(dropId).knock();
    expect(await snapshot(dropId)).toMatchObject({ phase: "lobby", admitted: 0 });
    setClock(OPENS_AT_MS);
    await tick(dropId);
    const atStart = (await snapshot(dropId)).admitted;
    expect(atStart).toBeLessThanOrEqual(40);
    for (let turn = 1; turn <= 10; turn += 1) {
      pass(1_000);
      await tick(dropId);
      // Twenty are to arrive a second; nobody does here, so that a few more are let in as that shows.
      const { admitted } = await snapshot(dropId);
      expect(admitted).toBeGreaterThanOrEqual(atStart + 20 * turn);
      expect(admitted).toBeLessThanOrEqual(atStart + (20 * turn) / (1 - LIMITS.noShowShareMax));
    }
    const { steps } = await record(dropId);
    let before: Watermark = { cohort: -1, rank: 1 };
    for (const step of steps) {
      expect(isAdmitted(before, step)).toBe(true);
      before = step;
    }
  });

  test("does not go faster when it is knocked on, nor after a pause", async () => {
    const dropId = await publishedDrop({ ...PLENTY, line: { admitPerSecond: 20 } });
    await line(dropId).join(...asked(...range(0, 1_000)));
    setClock(OPENS_AT_MS);
    await tick(dropId);
    const atStart = (await snapshot(dropId)).admitted;
    for (let turn = 0; turn < 5; turn += 1) await line(dropId).knock();
    expect((await snapshot(dropId)).admitted).toBe(atStart);
    pass(60_000);
    await tick(dropId);
    const most = 40 / (1 - LIMITS.noShowShareMax);
    expect((await snapshot(dropId)).admitted).toBeLessThanOrEqual(atStart + most);
  });

  test("rests when everybody is admitted: it wakes once more, at the end of the drop, and then never", async () => {
    const dropId = await publishedDrop();
    await line(dropId).join(...asked(1, 2, 3));
    setClock(OPENS_AT_MS);
    await tick(dropId);
    expect(await snapshot(dropId)).toMatchObject({ watermark: { cohort: 0, rank: 1 }, admitted: 3 });
    pass(1_000);
    await tick(dropId);
    expect(await alarmAtMs(dropId)).toBe(OPENS_AT_MS + 3_600_000);
    setClock(OPENS_AT_MS + 3_600_000);
    await tick(dropId);
    await tick(dropId);
    expect(await alarmAtMs(dropId)).toBeNull();
  });

  test("stands still while sold out, and goes on when units come back", async () => {
    const dropId = await publishedDrop({
      skus: [{ id: SKU, name: "One", stock: 1, priceMinor: 1 }],
      line: { admitPerSecond: 1 },
    });
    await line(dropId).join(...asked(...range(0, 100)));
    setClock(OPENS_AT_MS);
    await tick(dropId);
    const item = { reservationId: reservationId(1), orderId: orderId(1), shopperId: shopperId(1) };
    await sku(dropId).reserve([reserveItem(1)]);
    await sku(dropId).pin([{ ...item, step: 1 }]);
    await sku(dropId).commit([{ ...item, step: 2, late: false }]);
    await runDurableObjectAlarm(skuNamespaceStub(dropId));
    const soldOut = await snapshot(dropId);
    expect(soldOut).toMatchObject({ phase: "sold_out", soldOutAtMs: OPENS_AT_MS });
    pass(5_000);
    await line(dropId).knock();
    expect((await snapshot(dropId)).watermark).toEqual(soldOut.watermark);
    await sku(dropId).release([{ ...item, step: 3 }]);
    await runDurableObjectAlarm(skuNamespaceStub(dropId));
    expect((await snapshot(dropId)).phase).toBe("live");
    pass(LIMITS.lineTickMs);
    expect(await tick(dropId)).toBe(true);
    expect((await snapshot(dropId)).admitted).toBeGreaterThan(soldOut.admitted);
  });
});

describe("levels", () => {
  test("an older one than the last changes nothing", async () => {
    const dropId = await publishedDrop();
    const push = (available: number, levelVersion: number) =>
      line(dropId).pushLevel({
        level: { skuId: SKU, stock: 5, available, reserved: 5 - available, sold: 0 },
        levelVersion,
        ticketsSeen: 0,
        ledger: { rows: 1, hash: "0".repeat(64) },
      });
    await push(2, 7);
    await push(4, 6);
    await push(4, 7);
    expect((await snapshot(dropId)).skus).toMatchObject([{ available: 2 }]);
  });
});

describe("an eviction", () => {
  test("changes nothing that anybody can see, and the alarm goes on", async () => {
    const dropId = await publishedDrop();
    await line(dropId).join(...asked(...range(0, 200)));
    setClock(OPENS_AT_MS);
    await tick(dropId);
    const before = [await snapshot(dropId), await record(dropId), await line(dropId).published()];
    await evictDurableObject(lineNamespaceStub(dropId));
    expect([await snapshot(dropId), await record(dropId), await line(dropId).published()]).toEqual(before);
    pass(1_000);
    expect(await tick(dropId)).toBe(true);
    expect((await record(dropId)).steps).toHaveLength(2);
  });
});

test("an alarm that fails is logged, undone as a whole, and comes again", async () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  const dropId = await publishedDrop();
  await line(dropId).join(...asked(1));
  await runInDurableObject(lineNamespaceStub(dropId), (_, { storage }) => {
    storage.sql.exec(
      "CREATE TRIGGER trouble BEFORE INSERT ON steps BEGIN SELECT RAISE(ABORT, 'trouble'); END",
    );
  });
  setClock(OPENS_AT_MS);
  await tick(dropId);
  expect(logged.mock.calls.flat().join()).toContain("line_not_admitted");
  expect((await record(dropId)).steps).toEqual([]);
  expect((await snapshot(dropId)).admitted).toBe(0);
  await runInDurableObject(lineNamespaceStub(dropId), (_, { storage }) => {
    storage.sql.exec("DROP TRIGGER trouble");
  });
  expect(await tick(dropId)).toBe(true);
  expect(await record(dropId)).toMatchObject({ cohorts: [{ cohort: 0 }], steps: [{ admitted: 1 }] });
});
