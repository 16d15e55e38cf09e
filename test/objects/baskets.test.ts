import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import type { BasketLine } from "../../schema/http.ts";
import type { SkuId } from "../../schema/ids.ts";
import type { BasketAnswer, KeyedReserveItem } from "../../schema/rpc/baskets.ts";
import { fingerprint, reservationId, reserveItem, shopperId, terms } from "../unit/sku-stock-fakes.ts";
import { basketItem, freshShop } from "./buying.ts";
import { ordersNamespaceStub, pass, SKU, setClock, sku, useClock } from "./fresh.ts";

useClock();

const OTHER = "b-sku" as SkuId;
const BOTH: BasketLine[] = [SKU, OTHER].map((skuId) => ({ skuId, quantity: 1 }));
/** The second SKU keeps its units a little longer: the first decides. */
const LONGER_MS = 7;
const codes = (answers: BasketAnswer[]) => answers.map((one) => (one.ok ? "ok" : one.refusal.code));

async function aShop(stock = 5) {
  const shop = await freshShop({ stock });
  const { dropId } = shop.sku;
  const ours = terms({
    dropId,
    skuId: OTHER,
    stock,
    reservationTtlMs: shop.sku.terms.reservationTtlMs + LONGER_MS,
  });
  await sku(dropId, OTHER).configure(ours);
  const levels = async () => {
    const [one, other] = await Promise.all([SKU, OTHER].map((skuId) => sku(dropId, skuId).audit(0, 0)));
    return [one?.level, other?.level].map((level) => `${level?.available}/${level?.reserved}/${level?.sold}`);
  };
  const reserve = async (number: number, over: Partial<KeyedReserveItem> = {}) => {
    const [answer] = await shop.rpc().reserve([basketItem(number, dropId, { lines: BOTH, ...over })]);
    if (!answer) throw new Error("no answer");
    return answer;
  };
  const held = async (number: number) => {
    const answer = await reserve(number);
    if (!answer.ok) throw new Error(answer.refusal.code);
    return answer.value;
  };
  return { ...shop, dropId, levels, reserveBoth: reserve, held };
}

describe("a basket's deadline", () => {
  test("is its first line's: an order at the last millisecond before it has all lines", async () => {
    const shop = await aShop();
    const { deadlineAtMs } = await shop.held(1);
    expect(deadlineAtMs).toBe(Date.now() + shop.sku.terms.reservationTtlMs);
    setClock(deadlineAtMs - 1);
    expect(await shop.rpc().place([shop.item(1)])).toMatchObject([
      { ok: true, value: { lines: [{ skuId: SKU }, { skuId: OTHER }], totalMinor: 25_800 } },
    ]);
    expect(await shop.levels()).toEqual(["4/1/0", "4/1/0"]);
  });

  test("at it an order is refused, though the other line had time left, and nothing of it stays", async () => {
    const shop = await aShop();
    const { deadlineAtMs } = await shop.held(1);
    setClock(deadlineAtMs);
    expect(await shop.rpc().place([shop.item(1)])).toMatchObject([
      { refusal: { code: "reservation_lapsed" } },
    ]);
    setClock(deadlineAtMs + LONGER_MS);
    await sku(shop.dropId, OTHER).knock();
    expect(await shop.levels()).toEqual(["5/0/0", "5/0/0"]);
    expect(await shop.audited(1)).toBeUndefined();
  });

  test("of a later line that ends first gives the pinned line back with it", async () => {
    const shop = await aShop();
    await shop.held(1);
    await runInDurableObject(ordersNamespaceStub(shop.shard), () => {});
    // As if the second had been reserved for a shorter time: it is gone, the first is still held.
    await sku(shop.dropId, OTHER).giveBack([
      { reservationId: reservationId(1), shopperId: shopperId(1), createdAtMs: null, isFirstLine: true },
    ]);
    expect(await shop.rpc().place([shop.item(1)])).toMatchObject([
      { refusal: { code: "reservation_not_found" } },
    ]);
    expect(await shop.levels()).toEqual(["5/0/0", "5/0/0"]);
    expect(await shop.audited(1)).toBeUndefined();
    // Asked for once more, it is told the same, and that the rest is gone too.
    expect(await shop.rpc().place([shop.item(1)])).toMatchObject([
      { refusal: { code: "reservation_lapsed" } },
    ]);
  });
});

describe("a basket over real objects", () => {
  test("that is refused leaves a ledger that says so, and no row; its key makes another", async () => {
    const shop = await aShop(1);
    await sku(shop.dropId, OTHER).reserve([reserveItem(9)]);
    const answer = await shop.reserveBoth(1);
    expect(answer).toMatchObject({ ok: false, refusal: { code: "all_reserved", skuId: OTHER } });
    const { ledger, reservations } = await sku(shop.dropId, SKU).audit(0, 0);
    expect(ledger.map(({ kind, available }) => [kind, available])).toEqual([
      ["configure", 1],
      ["reserve", 0],
      ["give_back", 1],
    ]);
    expect(reservations).toEqual([]);
    expect(await shop.reserveBoth(1, { lines: BOTH.slice(0, 1) })).toMatchObject({ ok: true });
  });

  test("is given back as often as one likes, and no order can have it then", async () => {
    const shop = await aShop();
    await shop.held(1);
    const item = { reservationId: reservationId(1), dropId: shop.dropId, shopperId: shopperId(1) };
    for (let turn = 0; turn < 2; turn += 1)
      expect(await shop.rpc().giveBack([item])).toEqual([{ ok: true, value: null }]);
    expect(await shop.levels()).toEqual(["5/0/0", "5/0/0"]);
    expect(await shop.rpc().place([shop.item(1)])).toMatchObject([
      { refusal: { code: "reservation_given_back" } },
    ]);
    expect(await shop.reserveBoth(1)).toMatchObject({ refusal: { code: "reservation_given_back" } });
  });

  test("keeps no payment token in its order's row once the authorization has ended", async () => {
    const shop = await aShop();
    await shop.held(1);
    await shop.rpc().place([shop.item(1)]);
    const stored = () =>
      runInDurableObject(shop.stub(), (_, { storage }) =>
        JSON.stringify(storage.sql.exec("SELECT request, facts FROM orders").toArray()),
      );
    expect(await stored()).toContain("tok_visa");
    const command = await shop.begin(1, 1);
    if (!command) throw new Error("nothing to begin");
    await shop.report(command, { kind: "succeeded", ref: "pay_1" });
    expect(await stored()).not.toContain("tok_visa");
  });
});

describe("the limit of a drop", () => {
  const ofMax = (max: number) => ({ identity: "mail:one", unitsPerShopper: max });

  test("holds over baskets, and is free again once a payment was declined, not before", async () => {
    const shop = await aShop();
    expect(await shop.reserveBoth(1, ofMax(2))).toMatchObject({ ok: true });
    expect(await shop.reserveBoth(2, ofMax(2))).toMatchObject({ refusal: { code: "shopper_limit_reached" } });
    await shop.rpc().place([shop.item(1)]);
    // The claim of an order has no deadline.
    pass(24 * 60 * 60 * 1_000 - 1);
    setClock(terms().closesAtMs - 1);
    expect(await shop.reserveBoth(2, ofMax(2))).toMatchObject({ refusal: { code: "shopper_limit_reached" } });
    const command = await shop.begin(1, 1);
    if (!command) throw new Error("nothing to begin");
    await shop.report(command, { kind: "declined", reason: "no" });
    expect(await shop.levels()).toEqual(["5/0/0", "5/0/0"]);
    expect(await shop.reserveBoth(2, ofMax(2))).toMatchObject({ ok: true });
  });

  test("is never exceeded by 200 parallel tries over 12 SKUs", async () => {
    const shop = await aShop();
    const skuIds = Array.from({ length: 12 }, (_, nth) => `sku-${nth}` as SkuId);
    for (const skuId of skuIds)
      await sku(shop.dropId, skuId).configure(
        terms({ dropId: shop.dropId, skuId, stock: 200, perShopper: 10 }),
      );
    const tries = Array.from({ length: 200 }, (_, nth) => {
      const lines = skuIds
        .slice(nth % 12, (nth % 12) + 1 + (nth % 3))
        .map((skuId) => ({ skuId, quantity: 1 }));
      return basketItem(nth + 1, shop.dropId, { lines, ...ofMax(7) });
    });
    const answers = (await Promise.all(tries.map((one) => shop.rpc().reserve([one])))).flat();
    const units = answers.reduce((sum, one) => sum + (one.ok ? one.value.lines.length : 0), 0);
    expect(units).toBe(7);
    const levels = await Promise.all(skuIds.map((skuId) => sku(shop.dropId, skuId).audit(0, 0)));
    expect(levels.reduce((sum, { level }) => sum + (level?.reserved ?? 0), 0)).toBe(7);
    expect(new Set(codes(answers))).toEqual(new Set(["ok", "shopper_limit_reached"]));
  });
});

test("a basket is changed in one call, once, and what followed it is known after an eviction", async () => {
  const shop = await aShop(2);
  await shop.held(1);
  const item = {
    ...basketItem(2, shop.dropId, { lines: [{ skuId: OTHER, quantity: 1 }], fingerprint: fingerprint(2) }),
    shopperId: shopperId(1),
    replaces: reservationId(1),
    againAs: reservationId(3),
  };
  const followed = { ok: true, value: { basket: { reservationId: reservationId(2) } } };
  expect(await shop.rpc().changeBaskets([item, item])).toMatchObject([followed, followed]);
  expect(await shop.levels()).toEqual(["2/0/0", "1/1/0"]);
  await evictDurableObject(ordersNamespaceStub(shop.shard));
  const other = { ...item, reservationId: reservationId(4), fingerprint: fingerprint(4), lines: BOTH };
  expect(await shop.rpc().changeBaskets([other])).toMatchObject([{ ...followed, value: { kind: "kept" } }]);
  expect(await shop.rpc().place([shop.item(1)])).toMatchObject([
    { refusal: { code: "reservation_given_back" } },
  ]);
  expect(await shop.levels()).toEqual(["2/0/0", "1/1/0"]);
});
