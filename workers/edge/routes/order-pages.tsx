import type { Hono } from "hono";
import * as z from "zod";
import { IdempotencyKey, type OrderAnswer } from "../../../schema/http.ts";
import { DropId, OrderId } from "../../../schema/ids.ts";
import { REFUSALS } from "../../../schema/refusals.ts";
import { OrderPage } from "../pages/order-page.tsx";
import type { FieldProblem } from "../pages/problems.tsx";
import { NOT_CANCELED_WORDS, namesOf } from "../pages/words.ts";
import { TUNING } from "../tuning.ts";
import { cancelOrder } from "../verbs/cancel-order.ts";
import { readDocument } from "../verbs/read-document.ts";
import { showOrder } from "../verbs/show-order.ts";
import { answerRefusal, methodNotAllowed } from "./answer.tsx";
import { readShopper, readWriter } from "./caller.ts";
import { actOf, type C, type EdgeContext, NO_STORE } from "./context.ts";
import { readForm, seeOther } from "./forms.ts";
import { followLink, readOrderReader } from "./order-link.ts";
import { page } from "./page.tsx";
import { parse } from "./read-request.ts";

const CancelForm = z.object({ key: IdempotencyKey });

export function addOrderPages(pages: Hono<EdgeContext>): void {
  pages.get("/orders/:order", show);
  pages.all("/orders/:order", methodNotAllowed("GET", "HEAD"));
  pages.post("/orders/:order/cancel", cancel);
  pages.all("/orders/:order/cancel", methodNotAllowed("POST"));
}

/** With `?pay=1` (straight from the checkout) it goes on to the gateway once there is somewhere to go. */
async function show(c: C): Promise<Response> {
  if (c.req.query("access") !== undefined) return followLink(c);
  const reader = await readOrderReader(c);
  if (!reader.ok) return answerRefusal(c, reader.refusal);
  const order = await showOrder(actOf(c), { orderId: c.req.param("order") ?? "", shopperId: reader.value });
  if (!order.ok) return answerRefusal(c, order.refusal);
  const payUrl = payUrlOf(order.value);
  if (payUrl !== undefined && c.req.query("pay") === "1") return seeOther(c, payUrl);
  // A mail is forwarded and its link read by others: only the shopper's own session may cancel.
  const own = await readShopper(c);
  const isOwn = own.ok && own.value === reader.value;
  return page(c, await orderPage(c, order.value, { isOwn, problems: [] }), { cacheControl: NO_STORE });
}

async function orderPage(
  c: C,
  order: OrderAnswer,
  { isOwn, problems }: { isOwn: boolean; problems: FieldProblem[] },
) {
  // An order outlives what is known of its drop: without the document it is shown by the ids of its SKUs.
  const published = await readDocument(actOf(c), DropId.parse(order.dropId));
  const document = published.ok ? published.value.document : undefined;
  const payUrl = payUrlOf(order);
  return (
    <OrderPage
      order={order}
      names={namesOf(document?.skus ?? [])}
      mode={document?.mode}
      payUrl={payUrl}
      refreshSeconds={refreshOf(order)}
      cancelKey={isOwn ? c.var.edge.randomHex(TUNING.formKeyBytes) : undefined}
      problems={problems}
    />
  );
}

async function cancel(c: C): Promise<Response> {
  const orderId = OrderId.safeParse(c.req.param("order"));
  if (!orderId.success) return answerRefusal(c, { code: "order_not_found" });
  const shopper = await readWriter(c);
  if (!shopper.ok) return answerRefusal(c, shopper.refusal);
  const form = parse(CancelForm, await readForm(c));
  if (!form.ok) return answerRefusal(c, form.refusal);
  const asked = { orderId: orderId.data, shopperId: shopper.value };
  const canceled = await cancelOrder(actOf(c), { ...asked, key: form.value.key, request: {} });
  // Canceled by another press: its page says so.
  if (canceled.ok || canceled.refusal.code === "order_canceled")
    return seeOther(c, `/orders/${orderId.data}`);
  const { refusal } = canceled;
  const words = NOT_CANCELED_WORDS[refusal.code];
  const order = words === undefined ? undefined : await showOrder(actOf(c), asked);
  if (words === undefined || !order?.ok) return answerRefusal(c, refusal);
  const content = await orderPage(c, order.value, { isOwn: true, problems: [{ field: null, words }] });
  return page(c, content, { status: REFUSALS[refusal.code].status, cacheControl: NO_STORE });
}

/** Only an address that a browser goes to: what a gateway said is not trusted further than that. */
export function payUrlOf({ status, paymentUrl }: OrderAnswer): string | undefined {
  if (status !== "awaiting_payment" || paymentUrl === null) return undefined;
  return /^https?:\/\//.test(paymentUrl) ? paymentUrl : undefined;
}

/** Also while there is a link to press: who comes back from the gateway is often here before its news. */
function refreshOf({ pollAfterMs }: OrderAnswer): number | undefined {
  if (pollAfterMs === null) return undefined;
  const seconds = Math.max(TUNING.pageRefreshMinSeconds, Math.ceil(pollAfterMs / 1_000));
  return Math.min(TUNING.pageRefreshMaxSeconds, seconds);
}
