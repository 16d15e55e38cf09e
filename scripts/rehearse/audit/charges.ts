import type { ShippingDocument } from "../../../schema/drop-document.ts";
import type { AuditedOrder } from "../../../schema/rpc/orders.ts";
import type { Evidence, OrderSent } from "./evidence.ts";
import { type Violation, violation } from "./violation.ts";

type Told = { kind: string; amountMinor: number; isIncluded: boolean };

/** Each order is charged what the published document says for its country, and records the consent that was given. */
export function auditCharges({
  document,
  orders,
  answers,
}: Pick<Evidence, "document" | "orders" | "answers">): Violation[] {
  const { shipping, terms } = document;
  const sent = Map.groupBy(answers.sent, ({ reservationId }) => reservationId);
  return orders.flatMap((order) => {
    const asked = sent.get(order.reservationId) ?? [];
    const found = shipping === null ? [] : auditTable(order, shipping, asked);
    const agreed = order.consents?.termsVersion ?? null;
    const isTrue =
      agreed === (terms?.version ?? null) &&
      (agreed === null || asked.some((one) => one.termsVersion === agreed));
    if (!isTrue)
      found.push(violation("integrity", `${order.orderId} records consent to ${agreed}, which nobody gave`));
    return found;
  });
}

function auditTable(order: AuditedOrder, shipping: ShippingDocument, asked: OrderSent[]): Violation[] {
  const country = asked[0]?.country;
  const told = order.charges.map(({ kind, amountMinor, isIncluded }) => ({ kind, amountMinor, isIncluded }));
  const due = country === undefined ? null : dueFor(shipping, country, order.subtotalMinor);
  if (JSON.stringify(told) === JSON.stringify(due)) return [];
  const words = `${order.orderId} to ${country} is charged ${JSON.stringify(told)}, due is ${JSON.stringify(due)}`;
  return [violation("integrity", words)];
}

/** Reckoned here once more, in whole numbers of any size; null: nothing may be shipped there. */
function dueFor(shipping: ShippingDocument, country: string, subtotalMinor: number): Told[] | null {
  if (!("regions" in shipping)) return null;
  const region =
    shipping.regions.find(({ countries }) => countries.some((one) => one === country)) ??
    shipping.regions.find(({ countries }) => countries.some((one) => one === "*"));
  if (region === undefined) return null;
  const { amountMinor, taxRatePermyriad, isTaxIncluded } = region;
  const parcel = { kind: "shipping", amountMinor, isIncluded: false };
  if (taxRatePermyriad === 0) return [parcel];
  const rate = BigInt(taxRatePermyriad);
  const base = BigInt(subtotalMinor + amountMinor) * rate;
  const whole = isTaxIncluded ? 10_000n + rate : 10_000n;
  // Half a minor unit is rounded up.
  const tax = base / whole + ((base % whole) * 2n >= whole ? 1n : 0n);
  return [parcel, { kind: "tax", amountMinor: Number(tax), isIncluded: isTaxIncluded }];
}
