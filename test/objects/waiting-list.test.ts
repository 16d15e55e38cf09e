import { describe, expect, test } from "vitest";
import type { KeyedWaitItem } from "../../schema/rpc.ts";
import { fingerprint, reservationId, reserveItem, shopperId } from "../unit/sku-stock-fakes.ts";
import { freshShop } from "./buying.ts";
import { pass, SKU, useClock } from "./fresh.ts";

useClock();

type Shop = Awaited<ReturnType<typeof freshShop>>;

const waitItem = (shop: Shop, number: number, over: Partial<KeyedWaitItem> = {}): KeyedWaitItem => ({
  ...reserveItem(number),
  dropId: shop.sku.dropId,
  skuId: SKU,
  identity: `session:${shopperId(number)}`,
  unitsPerShopper: null,
  ...over,
});
const query = (number: number) => ({ reservationId: reservationId(number), shopperId: shopperId(number) });
const states = async (shop: Shop, ...numbers: number[]) =>
  (await shop.sku.rpc().showWaiting(numbers.map(query))).map((answer) =>
    answer.ok ? answer.value.state : answer.refusal.code,
  );

describe("an entry made by way of the coordinator", () => {
  test("becomes an offer that an order takes, like a basket", async () => {
    const shop = await freshShop({ stock: 1 });
    await shop.reserve(1);
    const [entry] = await shop.rpc().wait([waitItem(shop, 2)]);
    expect(entry).toMatchObject({ ok: true, value: { state: "waiting", ahead: 0 } });
    const [early] = await shop.rpc().place([shop.item(2)]);
    expect(early).toMatchObject({ ok: false, refusal: { code: "reservation_not_found" } });
    pass(60_000);
    const [placed] = await shop.rpc().place([shop.item(2)]);
    expect(placed).toMatchObject({ ok: true, value: { lines: [{ skuId: SKU, quantity: 1 }] } });
    expect(await states(shop, 2)).toEqual(["taken"]);
  });

  test("is the same for a repeat of its key, and refused for another body or a basket's key", async () => {
    const shop = await freshShop({ stock: 1 });
    await shop.reserve(1);
    const first = await shop.rpc().wait([waitItem(shop, 2), waitItem(shop, 3)]);
    expect(await shop.rpc().wait([waitItem(shop, 2), waitItem(shop, 3)])).toEqual(first);
    const reused = [
      waitItem(shop, 2, { fingerprint: fingerprint(9) }),
      waitItem(shop, 1, { fingerprint: fingerprint(9) }),
    ];
    for (const answer of await shop.rpc().wait(reused))
      expect(answer).toMatchObject({ ok: false, refusal: { code: "idempotency_key_reused" } });
    expect(await states(shop, 2, 3)).toEqual(["waiting", "waiting"]);
  });

  test("that is refused leaves its key free", async () => {
    const shop = await freshShop({ stock: 1, waitingOpen: false });
    const [refused] = await shop.rpc().wait([waitItem(shop, 1)]);
    expect(refused).toMatchObject({ ok: false, refusal: { code: "waiting_list_closed" } });
    expect((await shop.reserve(1))[0]).toMatchObject({ ok: true });
  });

  test("goes when its basket is given back, offered or not", async () => {
    const shop = await freshShop({ stock: 1 });
    await shop.reserve(1);
    await shop.rpc().wait([waitItem(shop, 2), waitItem(shop, 3), waitItem(shop, 4)]);
    const giveBack = (number: number) => shop.rpc().giveBack([{ ...query(number), dropId: shop.sku.dropId }]);
    await giveBack(2);
    pass(60_000);
    expect(await states(shop, 2, 3, 4)).toEqual(["left", "offered", "waiting"]);
    await giveBack(3);
    expect(await states(shop, 3, 4)).toEqual(["left", "offered"]);
  });

  test("counts against a limit over all SKUs when its offer is ordered", async () => {
    const shop = await freshShop({ stock: 2 });
    const identity = "customer:one";
    const limited = { identity, unitsPerShopper: 1 };
    await shop.rpc().wait([waitItem(shop, 1, limited), waitItem(shop, 2, limited)]);
    expect(await states(shop, 1, 2)).toEqual(["offered", "offered"]);
    const placed = await shop.rpc().place([shop.item(1), shop.item(2)]);
    expect(placed.map((answer) => (answer.ok ? "ok" : answer.refusal.code))).toEqual([
      "ok",
      "shopper_limit_reached",
    ]);
    // The other offer goes on at its deadline, like any that nobody orders.
    pass(30_000);
    await shop.sku.rpc().knock();
    expect((await shop.sku.rpc().audit(0, 0)).level).toMatchObject({ available: 1, reserved: 1 });
  });
});
