import type { Hono } from "hono";
import * as z from "zod";
import { Email, IdempotencyKey, type OrderAnswer } from "../../../schema/http.ts";
import { type DropId, ReservationId, SkuId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { orderIdOf } from "../derive.ts";
import { CheckoutPage } from "../pages/checkout-page.tsx";
import { OrderPage } from "../pages/order-page.tsx";
import { TUNING } from "../tuning.ts";
import { placeOrder } from "../verbs/place-order.ts";
import { readDocument } from "../verbs/read-document.ts";
import { showOrder } from "../verbs/show-order.ts";
import { answerRefusal, methodNotAllowed } from "./answer.tsx";
import { readShopper, readWriter } from "./caller.ts";
import { actOf, type C, type EdgeContext, NO_STORE, originOf } from "./context.ts";
import { readForm, seeOther } from "./forms.ts";
import { page } from "./page.tsx";
import { parse, readDropId } from "./read-request.ts";

const digits = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

const Held = z.object({
  reservation: ReservationId,
  sku: SkuId,
  quantity: digits.pipe(z.int().min(1).max(LIMITS.unitsPerReservationMax)),
  until: digits,
  problem: z.literal("email").optional(),
});
const PlaceForm = Held.extend({ key: IdempotencyKey, email: z.string().trim().max(LIMITS.emailMaxChars) });

export function addCheckoutPages(pages: Hono<EdgeContext>): void {
  pages.get("/drops/:drop/checkout", showCheckout);
  pages.post("/drops/:drop/checkout", place);
  pages.all("/drops/:drop/checkout", methodNotAllowed("GET", "HEAD", "POST"));
  pages.get("/orders/:order", showOrderPage);
  pages.all("/orders/:order", methodNotAllowed("GET", "HEAD"));
}

/** Shows what the address says was reserved, at the document's price. The order itself is made from the reservation. */
async function showCheckout(c: C): Promise<Response> {
  const dropId = readDropId(c);
  if (!dropId.ok) return answerRefusal(c, dropId.refusal);
  const held = parse(Held, c.req.query());
  if (!held.ok) return seeOther(c, `/drops/${dropId.value}/line`);
  const published = await readDocument(actOf(c), dropId.value);
  if (!published.ok) return answerRefusal(c, published.refusal);
  const { document } = published.value;
  const sku = document.skus.find(({ id }) => id === held.value.sku);
  if (sku === undefined) return answerRefusal(c, { code: "sku_not_found" });
  const nowMs = c.var.edge.clock.now();
  const badEmail = held.value.problem === "email";
  const content = (
    <CheckoutPage document={document} sku={sku} held={held.value} nowMs={nowMs} badEmail={badEmail} />
  );
  return page(c, content, { cacheControl: NO_STORE });
}

async function place(c: C): Promise<Response> {
  const dropId = readDropId(c);
  if (!dropId.ok) return answerRefusal(c, dropId.refusal);
  const shopper = await readWriter(c);
  if (!shopper.ok) return answerRefusal(c, shopper.refusal);
  const form = parse(PlaceForm, await readForm(c));
  if (!form.ok) return answerRefusal(c, form.refusal);
  const email = Email.safeParse(form.value.email);
  if (!email.success) return seeOther(c, checkoutAgain(dropId.value, form.value));
  const { key, reservation, sku } = form.value;
  const holder = { dropId: dropId.value, shopperId: shopper.value, key };
  const placed = await placeOrder(actOf(c), {
    ...holder,
    origin: originOf(c),
    request: {
      reservationId: reservation,
      skuId: sku,
      contact: { email: email.data },
      payment: { kind: "redirect" },
    },
  });
  if (placed.ok) return seeOther(c, payUrlOf(placed.value) ?? `/orders/${placed.value.orderId}?pay=1`);
  // The key is the reservation's own id: used before means that this reservation has its order already.
  if (placed.refusal.code === "idempotency_key_reused") return seeOther(c, `/orders/${orderIdOf(holder)}`);
  return answerRefusal(c, placed.refusal);
}

function checkoutAgain(
  dropId: DropId,
  { reservation, sku, quantity, until }: z.infer<typeof PlaceForm>,
): string {
  const held = { reservation, sku, quantity: String(quantity), until: String(until), problem: "email" };
  return `/drops/${dropId}/checkout?${new URLSearchParams(held)}`;
}

/** With `?pay=1` (straight from the checkout) it goes on to the gateway once there is somewhere to go. */
async function showOrderPage(c: C): Promise<Response> {
  const shopper = await readShopper(c);
  if (!shopper.ok) return answerRefusal(c, shopper.refusal);
  const order = await showOrder(actOf(c), { orderId: c.req.param("order") ?? "", shopperId: shopper.value });
  if (!order.ok) return answerRefusal(c, order.refusal);
  const payUrl = payUrlOf(order.value);
  if (payUrl !== undefined && c.req.query("pay") === "1") return seeOther(c, payUrl);
  const refreshSeconds = refreshOf(order.value, payUrl);
  const content = <OrderPage order={order.value} payUrl={payUrl} refreshSeconds={refreshSeconds} />;
  return page(c, content, { cacheControl: NO_STORE });
}

/** Only an address that a browser goes to: what a gateway said is not trusted further than that. */
function payUrlOf({ status, paymentUrl }: OrderAnswer): string | undefined {
  if (status !== "awaiting_payment" || paymentUrl === null) return undefined;
  return /^https?:\/\//.test(paymentUrl) ? paymentUrl : undefined;
}

/** With a link to press, reloading may be slow; without one, something is about to happen. */
function refreshOf({ pollAfterMs }: OrderAnswer, payUrl: string | undefined): number | undefined {
  if (pollAfterMs === null) return undefined;
  if (payUrl !== undefined) return TUNING.pageRefreshMaxSeconds;
  const seconds = Math.max(TUNING.pageRefreshMinSeconds, Math.ceil(pollAfterMs / 1_000));
  return Math.min(TUNING.pageRefreshMaxSeconds, seconds);
}
