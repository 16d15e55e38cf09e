import { describe, expect, test } from "vitest";
import { takeCommand } from "../../durable-objects/order-coordinator/command.ts";
import { newFacts } from "../../durable-objects/order-coordinator/decide.ts";
import type { OrderRecord } from "../../durable-objects/order-coordinator/records.ts";
import { PlaceRequest, ShippingAddress } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { RefundRequest, ShipmentRequest } from "../../schema/order-commands.ts";
import type { OrderCommand } from "../../schema/rpc/order-commands.ts";
import { fingerprint, orderId, orderTerms, reservationId, shopperId } from "./sku-stock-fakes.ts";

const command: OrderCommand = {
  orderId: orderId(1),
  commandId: "console:one",
  fingerprint: fingerprint(1),
  shopperId: null,
  act: { kind: "cancel", by: "brand", restock: true, reason: "x" },
};

test("an order takes so many commands and no more; a repeat of one is still told", () => {
  const facts = { ...newFacts({ kind: "redirect" }, 1), units: "pinned" as const };
  const record = { facts, request: { ...orderTerms(), shopperId: shopperId(1) } } as unknown as OrderRecord;
  const saved: unknown[] = [];
  const storeWith = (count: number, before: OrderCommand["fingerprint"] | null = null) => ({
    load: () => record,
    command: () => before,
    commandCount: () => count,
    save: (...written: unknown[]) => void saved.push(written),
  });
  const most = LIMITS.orderCommandsMax;
  expect(takeCommand(storeWith(most), command, 1)).toEqual({ code: "too_many_commands" });
  expect(takeCommand(storeWith(most, fingerprint(1)), command, 1)).toBeNull();
  expect(takeCommand(storeWith(most, fingerprint(2)), command, 1)).toEqual({
    code: "idempotency_key_reused",
  });
  expect(saved).toEqual([]);
  expect(takeCommand(storeWith(most - 1), command, 1)).toBeNull();
  expect(saved).toHaveLength(1);
});

describe("bodies", () => {
  const takes = (shape: { safeParse(given: unknown): { success: boolean } }, given: unknown) =>
    shape.safeParse(given).success;
  const address = { name: "Ada", line1: "x", city: "x", postalCode: "1", country: "DE" };

  test("have addresses of bounded parts, in countries that there are", () => {
    const most = "x".repeat(LIMITS.addressPartMaxChars);
    expect(takes(ShippingAddress, { ...address, line2: most })).toBe(true);
    expect(takes(ShippingAddress, { ...address, line2: `${most}x` })).toBe(false);
    expect(takes(ShippingAddress, { ...address, city: "  " })).toBe(false);
    expect(takes(ShippingAddress, { ...address, country: "XX" })).toBe(false);
  });

  test("have quotes of bounded length", () => {
    const place = {
      reservationId: reservationId(1),
      contact: { email: "a@example.com" },
      payment: { kind: "redirect" },
    };
    const most = "x".repeat(LIMITS.shippingQuoteMaxChars);
    expect(takes(PlaceRequest, { ...place, shippingQuote: most })).toBe(true);
    expect(takes(PlaceRequest, { ...place, shippingQuote: `${most}x` })).toBe(false);
  });

  test("of refunds name what is restocked, an amount from 1, and each SKU once", () => {
    const refund = { restock: true, reason: "x" };
    const one = { skuId: "a", quantity: 1 };
    expect(takes(RefundRequest, refund)).toBe(true);
    expect(takes(RefundRequest, { ...refund, amountMinor: 1 })).toBe(false);
    expect(takes(RefundRequest, { ...refund, amountMinor: 1, lines: [one] })).toBe(true);
    expect(takes(RefundRequest, { ...refund, restock: false, amountMinor: 0 })).toBe(false);
    expect(takes(RefundRequest, { ...refund, lines: [one, one] })).toBe(false);
    expect(takes(RefundRequest, { ...refund, lines: [] })).toBe(false);
  });

  test("of shipments have a label, and an address that a browser may follow", () => {
    const parcel = { carrier: "Post", trackingNumber: "x".repeat(LIMITS.trackingMaxChars) };
    expect(takes(ShipmentRequest, parcel)).toBe(true);
    expect(takes(ShipmentRequest, { ...parcel, trackingNumber: `${parcel.trackingNumber}x` })).toBe(false);
    expect(takes(ShipmentRequest, { ...parcel, trackingUrl: "https://post.example/1" })).toBe(true);
    expect(takes(ShipmentRequest, { ...parcel, trackingUrl: "javascript:alert(1)" })).toBe(false);
  });
});
