import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { AmountMinor, Currency } from "../../schema/money.ts";
import type { GatewayEvent } from "../../schema/rpc/payments.ts";
import type { freshShop } from "./buying.ts";

export const PRICE = 12_900 as AmountMinor;
const EUR = "EUR" as Currency;
type Shop = Awaited<ReturnType<typeof freshShop>>;

export const inD1 = (shop: Shop, number: number) =>
  env.DB.prepare("SELECT status, money, version FROM orders WHERE order_id = ?")
    .bind(shop.id(number))
    .first<{ status: string; money: string; version: number }>();
export const alarmAtMs = (shop: Shop) =>
  runInDurableObject(shop.stub(), (_, { storage }) => storage.getAlarm());

export function authorized(shop: Shop, number: number, ref: string): GatewayEvent {
  return {
    orderId: shop.id(number),
    kind: "authorized",
    paymentRef: ref,
    sessionRef: null,
    amountMinor: PRICE,
    currency: EUR,
  };
}
