import type { Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import * as z from "zod";
import type { DropDocument } from "../../../schema/drop-document.ts";
import { IdempotencyKey } from "../../../schema/http.ts";
import { ReservationId } from "../../../schema/ids.ts";
import { REFUSALS, type Refusal } from "../../../schema/refusals.ts";
import { ok, type Result } from "../../../schema/result.ts";
import type { Charging } from "../../../schema/rpc/orders.ts";
import { CheckoutPage } from "../pages/checkout-page.tsx";
import type { FieldProblem } from "../pages/problems.tsx";
import { NOTHING_TYPED, Typed } from "../pages/typed.ts";
import { PLACE_WORDS, sumOf } from "../pages/words.ts";
import { askQuote } from "../verbs/ask-quote.ts";
import { placeOrder } from "../verbs/place-order.ts";
import { readDocument } from "../verbs/read-document.ts";
import { answerRefusal, methodNotAllowed } from "./answer.tsx";
import { orderPath } from "./basket-pages.tsx";
import { readWriter } from "./caller.ts";
import {
  type Contact,
  chargesFor,
  chargingOf,
  countriesOf,
  readConsent,
  readContact,
  readPayment,
  Step,
} from "./checkout-form.ts";
import { actOf, type C, type EdgeContext, NO_STORE, originOf } from "./context.ts";
import { readForm, seeOther } from "./forms.ts";
import { keep, readKept, withoutEntry } from "./kept.ts";
import { payUrlOf } from "./order-pages.tsx";
import { page } from "./page.tsx";
import { parse, readDropId } from "./read-request.ts";

const PlaceForm = z.object({ key: IdempotencyKey, reservation: ReservationId });

export function addCheckoutPages(pages: Hono<EdgeContext>): void {
  pages.get("/drops/:drop/checkout", show);
  pages.post("/drops/:drop/checkout", take);
  pages.all("/drops/:drop/checkout", methodNotAllowed("GET", "HEAD", "POST"));
}

type Shown = {
  step: "contact" | "order";
  typed?: Typed;
  /** Known once the address is. */
  charging?: Charging;
  problems?: FieldProblem[];
  status?: ContentfulStatusCode;
};

async function show(c: C): Promise<Response> {
  const dropId = readDropId(c);
  if (!dropId.ok) return answerRefusal(c, dropId.refusal);
  const published = await readDocument(actOf(c), dropId.value);
  if (!published.ok) return answerRefusal(c, published.refusal);
  return checkout(c, published.value.document, { step: "contact" });
}

/** Of the basket that this browser holds; without one, or after its time, the basket's page says what to do. */
function checkout(c: C, document: DropDocument, shown: Shown): Response {
  const { step, typed = NOTHING_TYPED, charging = { kind: "none" }, problems = [], status = 200 } = shown;
  const { basket } = readKept(c, document.id);
  const nowMs = c.var.edge.clock.now();
  if (basket === undefined || basket.untilMs <= nowMs) return seeOther(c, `/drops/${document.id}/basket`);
  const content = (
    <CheckoutPage
      document={document}
      basket={basket}
      typed={typed}
      problems={problems}
      nowMs={nowMs}
      step={step}
      countries={countriesOf(document.shipping)}
      {...chargesFor(charging, document, sumOf(basket.lines))}
    />
  );
  return page(c, content, { status, cacheControl: NO_STORE });
}

/** By the table; or by the brand's quote, which is asked for while its basket is this browser's, and else taken as it came. */
async function chargeWhere(
  c: C,
  document: DropDocument,
  { typed, contact, reservation }: { typed: Typed; contact: Contact; reservation: ReservationId },
): Promise<Result<{ charging: Charging; quote: string }, Refusal>> {
  const { shipping } = document;
  const { shippingAddress } = contact;
  if (shipping === null || "regions" in shipping || shippingAddress === undefined)
    return ok({ charging: chargingOf(document, typed.country), quote: "" });
  const { basket } = readKept(c, document.id);
  if (basket?.reservationId !== reservation) return ok({ charging: { kind: "none" }, quote: typed.quote });
  return askQuote(actOf(c), {
    document,
    shipping,
    reservationId: reservation,
    lines: basket.lines,
    subtotalMinor: sumOf(basket.lines),
    shippingAddress,
    held: typed.quote,
  });
}

/**
 * Where a drop ships, the first step asks where to, and the second shows every amount before the button that orders. The
 * steps between are answers to forms, since an address belongs in no address bar.
 */
async function take(c: C): Promise<Response> {
  const dropId = readDropId(c);
  if (!dropId.ok) return answerRefusal(c, dropId.refusal);
  const shopper = await readWriter(c);
  if (!shopper.ok) return answerRefusal(c, shopper.refusal);
  const fields = await readForm(c);
  const form = parse(PlaceForm, fields);
  if (!form.ok) return answerRefusal(c, form.refusal);
  const published = await readDocument(actOf(c), dropId.value);
  if (!published.ok) return answerRefusal(c, published.refusal);
  const { document } = published.value;
  const typed = { ...Typed.parse(fields), payment: String(fields.payment ?? NOTHING_TYPED.payment) };
  const step = Step.parse(fields.step);
  if (step === "edit") return checkout(c, document, { step: "contact", typed });
  const contact = readContact(document, typed);
  if (!contact.ok)
    return checkout(c, document, { step: "contact", typed, problems: contact.refusal, status: 422 });
  const { key, reservation } = form.value;
  const charged = await chargeWhere(c, document, { typed, contact: contact.value, reservation });
  if (!charged.ok) return again(c, document, typed, charged.refusal);
  const { charging, quote } = charged.value;
  const shown = { step: "order", typed: { ...typed, quote }, charging } as const;
  // What was typed was for another quote than the one that holds now: its amounts are shown first.
  if (document.shipping !== null && (step === "contact" || quote !== typed.quote))
    return checkout(c, document, shown);
  const consent = readConsent(document, typed);
  if (!consent.ok) return checkout(c, document, { ...shown, problems: consent.refusal, status: 422 });

  const { email, shippingAddress } = contact.value;
  const order = orderPath(dropId.value, shopper.value, key);
  const placed = await placeOrder(actOf(c), {
    dropId: dropId.value,
    shopperId: shopper.value,
    key,
    origin: originOf(c),
    request: {
      reservationId: reservation,
      contact: { email },
      ...(shippingAddress === undefined ? {} : { shippingAddress }),
      ...(quote === "" ? {} : { shippingQuote: quote }),
      ...(consent.value === undefined ? {} : { consents: consent.value }),
      payment: readPayment(document, typed),
    },
  });
  if (placed.ok) {
    const kept = readKept(c, dropId.value);
    const basket = kept.basket?.reservationId === reservation ? undefined : kept.basket;
    keep(c, dropId.value, { basket, waiting: withoutEntry(kept, reservation) });
    return seeOther(c, payUrlOf(placed.value) ?? `${order}?pay=1`);
  }
  const { refusal } = placed;
  // The key is the reservation's own id: used before means that this reservation has its order already.
  if (refusal.code === "idempotency_key_reused") return seeOther(c, order);
  return again(c, document, typed, refusal, charging);
}

/** The form with the words that it was refused with, if another press may mend it; else the refusal's own page. */
function again(c: C, document: DropDocument, typed: Typed, refusal: Refusal, charging?: Charging): Response {
  const problem = PLACE_WORDS[refusal.code];
  if (problem === undefined) return answerRefusal(c, refusal);
  const step = charging === undefined || problem.field === "country" ? "contact" : "order";
  const { status } = REFUSALS[refusal.code];
  return checkout(c, document, {
    step,
    typed,
    problems: [problem],
    status,
    ...(charging ? { charging } : {}),
  });
}
