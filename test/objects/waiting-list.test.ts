import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import { OrderStore } from "../../durable-objects/order-coordinator/store.ts";
import { waitForUnits } from "../../durable-objects/order-coordinator/wait.ts";
import type { SkuId } from "../../schema/ids.ts";
import type { KeyedWaitItem } from "../../schema/rpc/waiting-list.ts";
import { fingerprint, reservationId, reserveItem, shopperId } from "../unit/sku-stock-fakes.ts";
import { basketItem, freshShop } from "./buying.ts";
import { pass, SKU, sku, useClock } from "./fresh.ts";

useClock();

const OTHER = "other" as SkuId;

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

  test("is the shopper's earlier one under another key, and that key is used too", async () => {
    const shop = await freshShop({ stock: 1 });
    await shop.reserve(1);
    await shop.rpc().wait([waitItem(shop, 2)]);
    const again = waitItem(shop, 3, { shopperId: shopperId(2), identity: `session:${shopperId(2)}` });
    const [entry] = await shop.rpc().wait([again]);
    expect(entry).toMatchObject({ ok: true, value: { reservationId: reservationId(2) } });
    expect(await shop.rpc().wait([again])).toEqual([entry]);
    const reused = { ok: false, refusal: { code: "idempotency_key_reused" } };
    const elsewhere = { ...again, skuId: OTHER, fingerprint: fingerprint(9) };
    expect(await shop.rpc().wait([elsewhere])).toMatchObject([reused]);
    const basket = basketItem(3, shop.sku.dropId, { fingerprint: fingerprint(9) });
    expect(await shop.rpc().reserve([basket])).toMatchObject([reused]);
  });

  test("has its key alone, in one call or in several at once", async () => {
    const shop = await freshShop({ stock: 1, perShopper: 2 });
    await sku(shop.sku.dropId, OTHER).configure({ ...shop.sku.terms, skuId: OTHER });
    const ours = waitItem(shop, 2);
    const other = waitItem(shop, 2, { skuId: OTHER, fingerprint: fingerprint(9) });
    const basket = basketItem(2, shop.sku.dropId, { fingerprint: fingerprint(8) });
    const answers = await shop.rpc().wait([ours, other, ours]);
    expect(answers).toMatchObject([{ ok: true }, { ok: false }, { ok: true }]);
    expect(answers[2]).toEqual(answers[0]);
    const third = waitItem(shop, 3, { skuId: OTHER });
    const fourth = waitItem(shop, 3, { fingerprint: fingerprint(9) });
    const [first, second, reserved] = await runInDurableObject(shop.stub(), (coordinator) =>
      Promise.all([
        coordinator.wait([third]),
        coordinator.wait([fourth]),
        coordinator.reserve([{ ...basket, reservationId: reservationId(3), shopperId: shopperId(3) }]),
      ]),
    );
    expect([...first, ...second, ...reserved].map((answer) => answer.ok || answer.refusal.code)).toEqual([
      true,
      "idempotency_key_reused",
      "idempotency_key_reused",
    ]);
  });

  test("that its SKU did not answer about keeps its key for the same body", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const shop = await freshShop({ stock: 1 });
    await shop.reserve(1);
    const ask = (items: KeyedWaitItem[]) =>
      runInDurableObject(shop.stub(), (_, { storage }) => {
        const store = new OrderStore(storage);
        const wait = () => Promise.reject(new Error("away"));
        const keys = { hold: () => () => {}, quiet: async () => {} };
        const inTime = <Value>(work: Promise<Value>) => work;
        return waitForUnits({ store, keys, inTime, sku: () => ({ key: "", api: { wait } }) }, items);
      });
    const unavailable = { ok: false, refusal: { code: "unavailable" } };
    expect(await ask([waitItem(shop, 2)])).toMatchObject([unavailable]);
    const basket = basketItem(2, shop.sku.dropId, { fingerprint: fingerprint(9) });
    expect(await shop.rpc().reserve([basket])).toMatchObject([
      { ok: false, refusal: { code: "idempotency_key_reused" } },
    ]);
    expect(await shop.rpc().wait([waitItem(shop, 2)])).toMatchObject([{ ok: true }]);
  });

  test("is not made while its drop is paused; one that is there is told as it stands", async () => {
    const shop = await freshShop({ stock: 1 });
    const [refused] = await shop.rpc().wait([waitItem(shop, 1, { isPaused: true })]);
    expect(refused).toMatchObject({ ok: false, refusal: { code: "drop_paused" } });
    const [entry] = await shop.rpc().wait([waitItem(shop, 1)]);
    expect(entry).toMatchObject({ ok: true });
    expect(await shop.rpc().wait([waitItem(shop, 1, { isPaused: true })])).toEqual([entry]);
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
    const shop = await freshShop({ stock: 2, perShopper: 2 });
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
