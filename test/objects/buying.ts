import { runDurableObjectAlarm } from "cloudflare:test";
import type { DropId, OrderId, ShopperId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { ok } from "../../schema/result.ts";
import type { KeyedReserveItem } from "../../schema/rpc/baskets.ts";
import type { PlaceItem } from "../../schema/rpc/orders.ts";
import type { BegunCommand, Outcome } from "../../schema/rpc/payments.ts";
import type { SkuTerms } from "../../schema/rpc/sku-stock.ts";
import {
  fingerprint,
  orderId,
  orderTerms,
  reservationId,
  shopperId,
  ticketId,
} from "../unit/sku-stock-fakes.ts";
import { freshSku, orders, ordersNamespaceStub, SKU } from "./fresh.ts";

let shards = 0;

/** A basket of one unit, unless said otherwise. */
export const basketItem = (
  number: number,
  dropId: DropId,
  over: Partial<KeyedReserveItem> = {},
): KeyedReserveItem => ({
  reservationId: reservationId(number),
  fingerprint: fingerprint(number),
  dropId,
  shopperId: shopperId(number),
  ticketId: ticketId(number),
  lines: [{ skuId: SKU, quantity: 1 }],
  identity: `session:${shopperId(number)}`,
  unitsPerShopper: null,
  reservationTtlMs: 60_000,
  ...over,
});

/** A SKU and a coordinator that no other test knows, and shoppers who reserve and place. */
export async function freshShop(over: Partial<SkuTerms> = {}) {
  const one = await freshSku({ stock: 5, perShopper: 1, ...over });
  // Beyond those that the cron knocks on, up to the two hex digits that an order's id has for it.
  const shard = LIMITS.orderShardCount + shards++;
  const id = (number: number): OrderId => orderId(number, shard);
  const item = (number: number, more: Partial<PlaceItem> = {}): PlaceItem => ({
    orderId: id(number),
    fingerprint: fingerprint(number),
    shopperId: shopperId(number),
    dropId: one.dropId,
    reservationId: reservationId(number),
    email: "shopper@example.com",
    payment: { kind: "token", token: "tok_visa" },
    returnUrl: "https://shop.example.com/order",
    gateway: "sandbox",
    paymentWindowMs: 60_000,
    unknownHoldMs: 120_000,
    commandResendMs: 10_000,
    terms: ok(orderTerms()),
    ...more,
  });
  const rpc = () => orders(shard);
  const stub = () => ordersNamespaceStub(shard);
  const report = async (command: BegunCommand, outcome: Outcome) => {
    const [next] = await rpc().report([{ orderId: command.orderId, attempt: command.attempt, outcome }]);
    return next ?? null;
  };
  const audited = async (number: number) => {
    const { orders: all } = await rpc().audit(null);
    return all.find((order) => order.orderId === id(number));
  };
  const reserve = (...numbers: number[]) =>
    rpc().reserve(numbers.map((number) => basketItem(number, one.dropId)));
  return {
    sku: one,
    shard,
    id,
    /** An order as its shopper, or somebody else, sees it. */
    async order(number: number, shopper: ShopperId) {
      const [seen] = await rpc().read([{ orderId: id(number), shopperId: shopper }]);
      return seen;
    },
    item,
    rpc,
    stub,
    report,
    audited,
    alarm: () => runDurableObjectAlarm(stub()),
    reserve,
    /** Reserved and placed; answers the order as placed. */
    buy: async (number: number, more: Partial<PlaceItem> = {}) => {
      await reserve(number);
      const [answer] = await rpc().place([item(number, more)]);
      if (!answer?.ok) throw new Error(answer?.refusal.code);
      return answer.value;
    },
    begin: async (number: number, attempt: number) => {
      const [command] = await rpc().begin([{ orderId: id(number), attempt }]);
      return command ?? null;
    },
    /** Authorized and captured, as an undisturbed consumer does it. */
    pay: async (number: number) => {
      const [authorize] = await rpc().begin([{ orderId: id(number), attempt: 1 }]);
      if (!authorize) throw new Error("nothing to begin");
      const capture = await report(authorize, { kind: "succeeded", ref: `pay_${number}` });
      if (!capture) throw new Error("nothing to capture");
      await report(capture, { kind: "succeeded", ref: `pay_${number}` });
    },
    level: async () => (await one.rpc().audit(0, 0)).level,
  };
}
