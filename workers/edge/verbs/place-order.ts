import type { OrderAnswer, PlaceRequest } from "../../../schema/http.ts";
import type { DropId, ShopperId } from "../../../schema/ids.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import type { Result } from "../../../schema/result.ts";
import type { PlaceRefusal } from "../../../schema/rpc/orders.ts";
import { orderTerms } from "../checkout/order-terms.ts";
import { fingerprintOf, orderIdOf } from "../derive.ts";
import { type Act, placeInShard } from "../edge.ts";
import { readDocument } from "./read-document.ts";

/**
 * Turns a reservation into an order: pinned, written, and only then answered. Nothing is charged here. No pass is
 * needed: the reservation is the right. A repeat gets the order as it stands, whatever has become of the terms since.
 */
export async function placeOrder(
  act: Act,
  asked: { dropId: DropId; shopperId: ShopperId; key: string; origin: string; request: PlaceRequest },
): Promise<Result<OrderAnswer, PlaceRefusal | Refusal<"drop_not_found">>> {
  const published = await readDocument(act, asked.dropId);
  if (!published.ok) return published;
  const { document } = published.value;
  const { gateway, timing } = document;
  const { reservationId, contact, payment } = asked.request;
  const orderId = orderIdOf(asked);
  const submitted = await placeInShard(act, {
    orderId,
    fingerprint: fingerprintOf(asked.request),
    shopperId: asked.shopperId,
    dropId: asked.dropId,
    reservationId,
    email: contact.email,
    payment,
    returnUrl: `${asked.origin}/orders/${orderId}`,
    gateway,
    paymentWindowMs: timing.paymentWindowMs,
    unknownHoldMs: timing.unknownHoldMs,
    commandResendMs: timing.commandResendMs,
    terms: await orderTerms({ document, request: asked.request, nowMs: act.edge.clock.now() }),
  });
  return submitted.ok ? submitted.value : submitted;
}
