import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { OrderAnswer, WaitingEntryAnswer } from "../../schema/http.ts";
import { AdjustedAnswer, StockSyncAnswer } from "../../schema/stock.ts";
import type { OperatorLogRow } from "../../schema/tables.ts";
import { ask, expectRefusal, told } from "./ask.ts";
import { eventually } from "./eventually.ts";
import { Shopper } from "./shopper.ts";
import { askConsole, draftDrop, publishDrop, startWorld, stockOf, unitsOf, type World } from "./world.ts";

const OFFER_MS = 60_000;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.end());

type Drop = { id: string; sku: string };
const correct = ({ id, sku }: Drop, body: unknown, key?: string) =>
  askConsole(world, `/drops/${id}/skus/${sku}/stock`, { method: "POST", body, key });
const giveIn = ({ id, sku }: Drop, body: unknown, key?: string) =>
  askConsole(world, `/drops/${id}/skus/${sku}/returns`, { method: "POST", body, key });
const difference = (delta: number) => ({ kind: "difference", delta, reason: "a delivery" });

/** One unit, and a waiting list. */
async function publishAwaited(): Promise<Drop> {
  const drop = draftDrop();
  const document = { ...(drop.document as object), waitingList: { isOpen: true, offerMs: OFFER_MS } };
  const reply = await askConsole(world, `/drops/${drop.id}/publish`, { method: "POST", body: { document } });
  told(reply, 200, z.object({ version: z.string() }));
  return { id: drop.id, sku: drop.skus[0] ?? "" };
}

describe.concurrent("the stock at the console", () => {
  it("is corrected once for each key, with its reason in the ledger and in the log", async () => {
    const drop = { ...(await publishDrop(world, { opensInMs: 60_000, skus: [{ stock: 3 }] })) };
    const first = told(await correct(drop, difference(4), "k1"), 200, AdjustedAnswer);
    expect(first).toMatchObject({ outcome: "applied", delta: 4, level: { stock: 7 } });
    expect(told(await correct(drop, difference(4), "k1"), 200, AdjustedAnswer)).toEqual(first);
    expectRefusal(await correct(drop, difference(5), "k1"), "idempotency_key_reused");
    expectRefusal(await correct(drop, difference(-8), "k2"), "stock_below_taken");
    expectRefusal(await correct(drop, difference(1)), "idempotency_key_missing");
    expectRefusal(await correct({ ...drop, sku: "no-such-sku" }, difference(1), "k3"), "sku_not_found");
    const asOf = new Date().toISOString();
    const counted = await correct(drop, { kind: "count", count: 5, asOf, reason: "stocktaking" }, "k4");
    expect(told(counted, 200, AdjustedAnswer)).toMatchObject({ delta: -2, level: { stock: 5 } });

    const { ledger } = await stockOf(world, drop.id, drop.sku);
    expect(ledger.map(({ kind, quantity, reason }) => [kind, quantity, reason])).toEqual([
      ["configure", 3, null],
      ["adjust", 4, "a delivery"],
      ["count", -2, "stocktaking"],
    ]);
    const { rows } = (await askConsole(world, "/operator-log")).json as { rows: OperatorLogRow[] };
    const ours = rows.filter(({ subject }) => subject === `${drop.id}/${drop.sku}`);
    expect(ours.map(({ action }) => action)).toEqual(["correct_stock", "correct_stock", "correct_stock"]);
  });

  it("keeps its corrections when the document is published again", async () => {
    const drop = await publishDrop(world, { opensInMs: 60_000, skus: [{ stock: 3 }] });
    told(await correct(drop, difference(4), "k1"), 200, AdjustedAnswer);
    const document = { ...(drop.document as object), description: "Said better" };
    const publish = { method: "POST", body: { document } };
    told(await askConsole(world, `/drops/${drop.id}/publish`, publish), 200, z.object({}));
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("7/0/0");
  });

  it("takes back what an order has bought, and no more", async () => {
    const drop = await publishDrop(world, { skus: [{ stock: 2 }] });
    const shopper = await Shopper.arrived(world);
    const { orderId } = await shopper.orderedByToken(drop.id, drop.sku);
    const back = { orderId, quantity: 1, isResellable: false };
    expectRefusal(await giveIn(drop, { ...back, quantity: 2 }, "r0"), "return_exceeds_sold");
    await shopper.settled(orderId);
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("1/0/1");
    told(await giveIn(drop, back, "r1"), 200, AdjustedAnswer);
    told(await giveIn(drop, back, "r1"), 200, AdjustedAnswer);
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("1/0/0");
    expectRefusal(await giveIn(drop, back, "r2"), "return_exceeds_sold");
    expectRefusal(await giveIn(drop, { ...back, isResellable: true }, "r1"), "idempotency_key_reused");
    const unknown = `${orderId.slice(0, -1)}${orderId.endsWith("0") ? "1" : "0"}`;
    expectRefusal(await giveIn(drop, { ...back, orderId: unknown }, "r3"), "order_not_found");
    const refund = (body: object, key: string) =>
      askConsole(world, `/orders/${orderId}/refunds`, { method: "POST", body, key });
    const lines = [{ skuId: drop.sku, quantity: 1 }];
    expectRefusal(await refund({ lines, restock: true, reason: "x" }, "f1"), "return_exceeds_sold");
    told(await refund({ restock: true, reason: "x" }, "f2"), 200, OrderAnswer);
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("1/0/0");
  });

  it("is told by a warehouse that signs, once for each webhook-id", async () => {
    const drop = await publishDrop(world, { opensInMs: 60_000, skus: [{ stock: 3 }, { stock: 3 }] });
    const [one = "", two = ""] = drop.skus;
    const sync = (id: string, items: object[], secret = world.secrets.stockSyncSecret) => {
      const at = new Date();
      const body = JSON.stringify({ items });
      const headers = {
        "webhook-id": id,
        "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
        "webhook-signature": new Webhook(secret).sign(id, at, body),
      };
      return ask(`${world.platform.urls.console}/stock-sync/${drop.id}`, { method: "POST", body, headers });
    };
    const asOf = new Date().toISOString();
    const items = [
      { skuId: one, difference: 2 },
      { skuId: two, count: 9, asOf },
      { skuId: "gone", difference: 1 },
    ];
    const answer = told(await sync("msg-1", items), 200, StockSyncAnswer);
    expect(answer.items.map(({ outcome }) => outcome)).toEqual(["applied", "applied", "refused"]);
    expect(told(await sync("msg-1", items), 200, StockSyncAnswer)).toEqual(answer);
    const older = [{ skuId: two, count: 1, asOf: new Date(Date.parse(asOf) - 1).toISOString() }];
    expect(told(await sync("msg-2", older), 200, StockSyncAnswer).items[0]?.outcome).toBe("stale");
    expectRefusal(
      await sync("msg-3", items, `whsec_${btoa("another secret of warehouses")}`),
      "signature_invalid",
    );
    expect([await unitsOf(world, drop.id, one), await unitsOf(world, drop.id, two)]).toEqual([
      "5/0/0",
      "9/0/0",
    ]);
  });
});

describe.concurrent("a waiting list", () => {
  it("offers a unit that comes back to the first who waits, who buys it", async () => {
    const drop = await publishAwaited();
    const [first, second, third] = await Promise.all([1, 2, 3].map(() => Shopper.arrived(world)));
    if (!first || !second || !third) throw new Error("nobody came");
    const held = await first.held(drop.id, drop.sku);
    const wait = async (shopper: Shopper) => {
      const { pass } = await shopper.admitted(drop.id);
      const reply = await shopper.post(`/drops/${drop.id}/waiting-list`, { pass, skuId: drop.sku });
      return { pass, ...told(reply, 201, WaitingEntryAnswer) };
    };
    const entry = await wait(second);
    const behind = await wait(third);
    expect([entry.ahead, behind.ahead]).toEqual([0, 1]);
    const path = (of: { reservationId: string }) =>
      `/drops/${drop.id}/waiting-list/${of.reservationId}?sku=${drop.sku}`;
    const look = async (shopper: Shopper, of: { reservationId: string }) =>
      told(await shopper.ask(path(of)), 200, WaitingEntryAnswer);
    expectRefusal(await third.ask(path(entry)), "waiting_entry_not_found");

    expect((await first.giveBack(drop.id, held.reservationId)).status).toBe(204);
    const offered = await look(second, entry);
    expect(offered).toMatchObject({ state: "offered", ahead: null });
    expect(offered.offer?.expiresAtMs).toBeGreaterThan(Date.now());
    const basket = { pass: behind.pass, skuId: drop.sku };
    expectRefusal(await third.reserve(drop.id, basket), "all_reserved");
    expect((await look(third, behind)).ahead).toBe(0);

    const placed = await second.place(drop.id, entry, { kind: "token", token: "tok_ok" });
    const { orderId } = told(placed, 202, OrderAnswer);
    expect(await second.settled(orderId)).toMatchObject({ status: "confirmed" });
    expect((await look(second, entry)).state).toBe("taken");

    told(await correct(drop, difference(1), "restock"), 200, AdjustedAnswer);
    await eventually(
      "the restocked unit",
      async () => (await look(third, behind)).state === "offered" || undefined,
    );
    const left = await third.ask(path(behind), { method: "DELETE" });
    expect(told(left, 200, WaitingEntryAnswer)).toMatchObject({ state: "left", offer: null });
    expect(await unitsOf(world, drop.id, drop.sku)).toBe("1/0/1");
  });

  it("is no list where the document has none, and no place for who has no pass", async () => {
    const drop = await publishDrop(world);
    const shopper = await Shopper.arrived(world);
    const { pass } = await shopper.admitted(drop.id);
    const ask = (body: object) =>
      shopper.post(`/drops/${drop.id}/waiting-list`, { skuId: drop.sku, ...body });
    expectRefusal(await ask({ pass }), "waiting_list_closed");
    expectRefusal(await ask({ pass: "none" }), "pass_invalid");
    expectRefusal(await ask({ pass, quantity: 11 }), "invalid_request");
  });
});
