import { describe, expect, test, vi } from "vitest";
import type { SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { anItem, aWorld, codeOf, type Fate, reused, settled, TTL_MS } from "./reserver-world.ts";
import { bench, full, reservationId, reserveItem, terms } from "./sku-stock-fakes.ts";

vi.spyOn(console, "error").mockImplementation(() => {});

describe("a basket", () => {
  test("is reserved line by line, in the order of its SKUs, at their prices, until the first deadline", async () => {
    const { reserver, calls, held, store } = aWorld();
    const [answer] = await reserver.reserve([anItem(1, "cab")]);
    expect(answer).toMatchObject({
      ok: true,
      value: {
        lines: [{ skuId: "sku-a", quantity: 1, totalMinor: 12_900 }, { skuId: "sku-b" }, { skuId: "sku-c" }],
        subtotalMinor: 3 * 12_900,
        deadlineAtMs: terms().opensAtMs + TTL_MS,
      },
    });
    expect(calls.map(({ at }) => at)).toEqual(["sku-a", "sku-b", "sku-c"]);
    expect(held()).toEqual({ a: [1], b: [1], c: [1] });
    expect(store.reservation(reservationId(1))?.lines.map(({ skuId }) => skuId)).toEqual([
      "sku-a",
      "sku-b",
      "sku-c",
    ]);
  });

  test("is not begun while its drop is paused, and leaves its key free; one that is there is told as it was", async () => {
    const { reserver, calls, restarted } = aWorld();
    const paused = { isPaused: true };
    const [refused] = await reserver.reserve([anItem(1, "ab", paused)]);
    expect(refused).toMatchObject({ ok: false, refusal: { code: "drop_paused" } });
    expect(calls).toEqual([]);
    const [first] = await reserver.reserve([anItem(1, "ab")]);
    expect(first?.ok).toBe(true);
    expect(await reserver.reserve([anItem(1, "ab", paused)])).toEqual([first]);
    expect(await restarted().reserve([anItem(1, "ab", paused)])).toEqual([first]);
  });

  test.each([
    ["b", { a: [], b: [9], c: [] }],
    ["c", { a: [], b: [], c: [9] }],
  ])("of which %s is gone holds nothing, says so, and its key is free for another", async (letter, left) => {
    const { reserver, held, skus } = aWorld();
    skus.get(`sku-${letter}` as SkuId)?.reserve(reserveItem(9));
    const [answer] = await reserver.reserve([anItem(1, "abc")]);
    expect(answer).toMatchObject({
      ok: false,
      refusal: { code: "all_reserved", skuId: `sku-${letter}`, detail: expect.stringContaining(letter) },
    });
    expect(held()).toEqual(left);
    expect(await reserver.reserve([anItem(1, "a")])).toMatchObject([{ ok: true }]);
    expect(held().a).toEqual([1]);
  });

  test("that costs more than an order can is given back", async () => {
    const { reserver, held, skus } = aWorld();
    for (const [skuId, sku] of skus) {
      const dear = bench(full(1), terms({ skuId, unitPriceMinor: LIMITS.amountMinorMax as never }));
      sku.reserve = dear.reserve;
      Object.assign(sku, { rows: dear.rows, giveBack: dear.giveBack });
    }
    expect((await reserver.reserve([anItem(1, "ab")])).map(codeOf)).toEqual(["basket_total_too_large"]);
    expect(held()).toEqual({ a: [], b: [], c: [] });
  });

  test("shares its calls with the others that need the same SKUs next; one of a single line takes one call", async () => {
    const { reserver, calls } = aWorld({ stock: 5 });
    const items = [anItem(1, "ab"), anItem(2, "ab"), anItem(3, "a"), anItem(4, "bc")];
    expect((await reserver.reserve(items)).map(codeOf)).toEqual(["ok", "ok", "ok", "ok"]);
    expect(calls).toEqual([
      { act: "reserve", at: "sku-a", items: 3 },
      { act: "reserve", at: "sku-b", items: 1 },
      { act: "reserve", at: "sku-b", items: 2 },
      { act: "reserve", at: "sku-c", items: 1 },
    ]);
  });
});

describe("a SKU that does not answer", () => {
  test("costs its own baskets their lines, and no other basket anything", async () => {
    const fates: Fate[] = [];
    const { reserver, held } = aWorld({ stock: 5, fate: () => fates.shift() ?? "fine" });
    // Each call asks for two: its own, and that of the patience with it.
    fates.push("fine", "fine", "fine", "fine", "fails");
    const [slow, other] = await reserver.reserve([anItem(1, "ab"), anItem(2, "c")]);
    expect(slow).toMatchObject({ ok: false, refusal: { code: "unavailable", skuId: "sku-b" } });
    expect(codeOf(other)).toBe("ok");
    expect(held()).toEqual({ a: [], b: [], c: [2] });
  });

  test("in time is not waited for, and what it took is given back when it does answer", async () => {
    const waiting: (() => void)[] = [];
    const pace = (label: string) =>
      label === "reserve to sku-b" ? new Promise<void>((go) => waiting.push(go)) : Promise.resolve();
    const fates: Fate[] = ["fine", "fine", "fine", "slow"];
    const { reserver, held } = aWorld({ pace, fate: () => fates.shift() ?? "fine" });
    expect((await reserver.reserve([anItem(1, "ab")])).map(codeOf)).toEqual(["unavailable"]);
    // The repeat shares that answer: until the call has come to its end, nobody knows what is held.
    expect((await reserver.reserve([anItem(1, "ab")])).map(codeOf)).toEqual(["unavailable"]);
    waiting[0]?.();
    await settled();
    expect(held()).toEqual({ a: [], b: [], c: [] });
    const again = reserver.reserve([anItem(1, "ab")]);
    await settled();
    waiting[1]?.();
    expect((await again).map(codeOf)).toEqual(["ok"]);
  });

  test("because its caller's process died leaves rows that the same key finds again", async () => {
    let isDead = true;
    const pace = (label: string) =>
      isDead && label === "reserve from sku-a" ? new Promise<void>(() => {}) : Promise.resolve();
    const { reserver, restarted, held } = aWorld({ pace });
    void reserver.reserve([anItem(1, "ab")]);
    await settled();
    expect(held()).toEqual({ a: [1], b: [], c: [] });
    isDead = false;
    expect((await restarted().reserve([anItem(1, "ab")])).map(codeOf)).toEqual(["ok"]);
    expect(held()).toMatchObject({ a: [1], b: [1] });
  });
});

describe("an idempotency key of a basket", () => {
  test("is refused with another body once it has made a basket, over a restart too", async () => {
    const { reserver, calls, restarted } = aWorld();
    expect((await reserver.reserve([anItem(1, "a")])).map(codeOf)).toEqual(["ok"]);
    expect(await reserver.reserve([anItem(1, "b")])).toEqual([reused]);
    expect(await restarted().reserve([anItem(1, "ab")])).toEqual([reused]);
    expect(calls).toHaveLength(1);
  });

  test("is refused with another body while its first request is under way", async () => {
    const { reserver, calls } = aWorld();
    const both = reserver.reserve([anItem(1, "a"), anItem(1, "b")]);
    expect(await reserver.reserve([anItem(1, "b")])).toEqual([reused]);
    expect((await both).map(codeOf)).toEqual(["ok", "idempotency_key_reused"]);
    expect(calls.map(({ at }) => at)).toEqual(["sku-a"]);
  });

  test("gives a double click one call a line and one answer", async () => {
    const { reserver, calls } = aWorld();
    const first = reserver.reserve([anItem(1, "ab"), anItem(1, "ab")]);
    const second = reserver.reserve([anItem(1, "ab")]);
    const answers = [...(await first), ...(await second)];
    expect(answers.map(codeOf)).toEqual(["ok", "ok", "ok"]);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(calls.map(({ items }) => items)).toEqual([1, 1]);
  });

  test("of a basket that lapsed is told so, and takes nothing anew", async () => {
    const { reserver, skus, held } = aWorld();
    await reserver.reserve([anItem(1, "ab")]);
    skus.get("sku-a" as SkuId)?.lapse(1);
    skus.get("sku-b" as SkuId)?.lapse(1);
    expect((await reserver.reserve([anItem(1, "ab")])).map(codeOf)).toEqual(["reservation_lapsed"]);
    expect(held()).toMatchObject({ a: [1], b: [1] });
  });
});

describe("what was not foreseen", () => {
  test("of one basket is its own: those that came with it are carried, and its key is free", async () => {
    const { reserver, store } = aWorld({ stock: 3 });
    const read = vi.spyOn(store, "reservation").mockImplementation((id) => {
      if (id === reservationId(2)) throw new Error("disk I/O error");
      return null;
    });
    const baskets = [1, 2, 3].map((key) => anItem(key, "a"));
    expect((await reserver.reserve(baskets)).map(codeOf)).toEqual(["ok", "internal", "ok"]);
    read.mockRestore();
    expect((await reserver.reserve(baskets)).map(codeOf)).toEqual(["ok", "ok", "ok"]);
  });

  test("on its way is answered, and its key is free", async () => {
    const { reserver, trip } = aWorld();
    const broken = vi.spyOn(trip, "sku").mockImplementationOnce(() => {
      throw new Error("no such namespace");
    });
    expect((await reserver.reserve([anItem(1, "a")])).map(codeOf)).toEqual(["unavailable"]);
    expect(broken).toHaveBeenCalled();
    expect((await reserver.reserve([anItem(1, "b")])).map(codeOf)).toEqual(["ok"]);
  });
});
