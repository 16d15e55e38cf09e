import type { OrderRecord } from "../../durable-objects/order-coordinator/records.ts";
import type { SkuId } from "../../schema/ids.ts";
import { ok } from "../../schema/result.ts";
import type { KeyedReserveItem } from "../../schema/rpc/baskets.ts";
import type { OrderCommand } from "../../schema/rpc/order-commands.ts";
import type { PlaceItem } from "../../schema/rpc/orders.ts";
import type { Mood } from "./order-gateway.ts";
import {
  fingerprint,
  orderId,
  orderTerms,
  reservationId,
  reserveItem,
  shopperId,
  terms,
} from "./sku-stock-fakes.ts";

export type Act =
  | { act: "deliver" | "duplicate" | "lose" | "detach"; pick: number; mood: Mood }
  | { act: "reserve" | "give_back" | "place" | "rival" | "pay" | "forfeit" | "ghost"; pick: number }
  | { act: "cancel"; pick: number; by: "shopper" | "brand"; restock: boolean }
  | { act: "refund"; pick: number; amountMinor: number | null; units: number; restock: boolean }
  | { act: "ship"; pick: number; isWhole: boolean }
  | { act: "return"; pick: number; line: number; isResellable: boolean }
  | { act: "again" | "late"; pick: number }
  | { act: "flow"; count: number }
  | { act: "outage"; isOn: boolean }
  | { act: "advance"; ms: number }
  | { act: "crash" | "alarm" };

export const SHOPPERS = 4;
export const RESERVATIONS = 7;
export const TERMS = terms({ stock: 2, perShopper: 1, reservationTtlMs: 30_000 });
export const SKUS = ["a-sku", "b-sku", "c-sku"] as SkuId[];
/** What the baskets hold, by their numbers; a shopper has two of them, which overlap. */
export const BASKETS: readonly SkuId[][] = ["a", "ab", "b", "abc", "ac", "bc", "a"].map((letters) =>
  [...letters].map((letter) => `${letter}-sku` as SkuId),
);

export const shopperOf = (number: number) => shopperId(((number - 1) % SHOPPERS) + 1);

export function toBasket(number: number, lines: readonly SkuId[], hasLimits: boolean): KeyedReserveItem {
  return {
    ...reserveItem(number, { shopperId: shopperOf(number) }),
    dropId: TERMS.dropId,
    lines: lines.map((skuId) => ({ skuId, quantity: 1 })),
    identity: `mail:${shopperOf(number)}`,
    unitsPerShopper: hasLimits ? 3 : null,
    reservationTtlMs: TERMS.reservationTtlMs,
  };
}

export function toCommand(
  { orderId: id, facts }: OrderRecord,
  act: Extract<Act, { act: "cancel" | "refund" | "return" | "ship" }>,
  number: number,
): OrderCommand {
  const command = {
    orderId: id,
    commandId: `command ${number}`,
    fingerprint: fingerprint(number),
    shopperId: null,
  };
  switch (act.act) {
    case "cancel": {
      const { by, restock } = act;
      return {
        ...command,
        act: by === "shopper" ? { kind: "cancel", by } : { kind: "cancel", by, restock, reason: "said so" },
      };
    }
    case "refund": {
      const { amountMinor, restock } = act;
      const lines = facts.lines.slice(0, act.units).map(({ skuId }) => ({ skuId, quantity: 1 }));
      return { ...command, act: { kind: "refund", amountMinor, lines, restock, reason: "said so" } };
    }
    case "return": {
      const { skuId } = facts.lines[act.line % facts.lines.length] ?? { skuId: TERMS.skuId };
      const { isResellable } = act;
      const line = { skuId, quantity: 1 };
      return {
        ...command,
        act: { kind: "return", dropId: TERMS.dropId, line, isResellable, reason: "came back" },
      };
    }
    case "ship": {
      const lines = act.isWhole ? null : facts.lines.slice(0, 1).map(({ skuId }) => ({ skuId, quantity: 1 }));
      return {
        ...command,
        act: { kind: "ship", carrier: "Post", trackingNumber: String(number), trackingUrl: null, lines },
      };
    }
  }
}

/** Two people with two orders each may have one; a card may buy three units. */
function limitsFor(number: number) {
  return { claims: [{ identity: `contact:${number % 3}`, max: 4 }], unitsPerInstrument: 3 };
}

export function toItem(number: number, hasLimits: boolean): PlaceItem {
  return {
    orderId: orderId(number),
    fingerprint: fingerprint(number),
    shopperId: shopperOf(number),
    dropId: TERMS.dropId,
    reservationId: reservationId(number),
    email: "shopper@example.com",
    payment: number % 2 === 0 ? { kind: "token", token: "tok_visa" } : { kind: "redirect" },
    returnUrl: "https://shop.example.com/order",
    gateway: "sandbox",
    paymentWindowMs: 60_000,
    unknownHoldMs: 120_000,
    commandResendMs: 10_000,
    terms: ok(orderTerms(hasLimits ? limitsFor(number) : {})),
  };
}

/** Another order of the same basket: only one of the two can have it. */
export function toRival(number: number, hasLimits: boolean): PlaceItem {
  const rival = number + RESERVATIONS;
  return { ...toItem(number, hasLimits), orderId: orderId(rival), fingerprint: fingerprint(rival) };
}

/** One authorize, or session, is open at most, and its own money is what a webhook is taken for; other money comes before or after. */
export function canGetGhostMoney({ facts: { lastAttempt, open, isSessionOpen } }: OrderRecord): boolean {
  return (
    lastAttempt > 0 && !isSessionOpen && open?.operation !== "session" && open?.operation !== "authorize"
  );
}
