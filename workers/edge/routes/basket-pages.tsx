import type { Hono } from "hono";
import * as z from "zod";
import { type DropAnswer, IdempotencyKey } from "../../../schema/http.ts";
import { type DropId, ReservationId, type ShopperId } from "../../../schema/ids.ts";
import { REFUSALS } from "../../../schema/refusals.ts";
import type { BasketRefusal } from "../../../schema/rpc/baskets.ts";
import { orderIdOf } from "../derive.ts";
import { BasketChangedPage, BasketGonePage, BasketPage } from "../pages/basket-page.tsx";
import type { KeptBasket } from "../pages/kept.ts";
import type { FieldProblem } from "../pages/problems.tsx";
import { TUNING } from "../tuning.ts";
import { changeBasket } from "../verbs/change-basket.ts";
import { giveBack } from "../verbs/give-back.ts";
import { leaveWaitingList } from "../verbs/leave-waiting-list.ts";
import { showDrop } from "../verbs/show-drop.ts";
import { readAdmitted } from "./admitted.ts";
import { answerRefusal, methodNotAllowed } from "./answer.tsx";
import { basketProblem, type Chosen, readChosen } from "./basket-form.ts";
import { readWriter } from "./caller.ts";
import { actOf, type C, type EdgeContext, NO_STORE } from "./context.ts";
import { readForm, seeOther } from "./forms.ts";
import { basketOf, keep, readKept, withoutEntry } from "./kept.ts";
import { page } from "./page.tsx";
import { parse, readDropId } from "./read-request.ts";
import { readShelves } from "./shelves.ts";

const ReturnForm = z.object({ reservation: ReservationId });
const ChangeForm = ReturnForm.extend({ key: IdempotencyKey });

const GIVEN_BACK = "It was given back before.";
const LOST = "The change could not be made, and somebody else was faster with what you held.";
/** What an earlier change took, and is gone since. */
const LOST_WORDS: { [Code in BasketRefusal["code"]]?: string } = {
  reservation_given_back: GIVEN_BACK,
  reservation_lapsed: "Its time ran out.",
};

export function addBasketPages(pages: Hono<EdgeContext>): void {
  pages.get("/drops/:drop/basket", show);
  pages.post("/drops/:drop/basket", change);
  pages.all("/drops/:drop/basket", methodNotAllowed("GET", "HEAD", "POST"));
  pages.post("/drops/:drop/basket/return", giveAllBack);
  pages.all("/drops/:drop/basket/return", methodNotAllowed("POST"));
}

async function show(c: C): Promise<Response> {
  const dropId = readDropId(c);
  if (!dropId.ok) return answerRefusal(c, dropId.refusal);
  const { basket } = readKept(c, dropId.value);
  if (basket === undefined) return seeOther(c, `/drops/${dropId.value}/line`);
  const drop = await showDrop(actOf(c), dropId.value);
  if (!drop.ok) return answerRefusal(c, drop.refusal);
  if (basket.untilMs <= c.var.edge.clock.now()) return gone(c, drop.value, "Its time ran out.");
  return page(c, await basketPage(c, drop.value, basket), { cacheControl: NO_STORE });
}

function gone(c: C, drop: DropAnswer, words: string): Response {
  keep(c, drop.id as DropId, { basket: undefined });
  return page(c, <BasketGonePage drop={drop} words={words} />, { cacheControl: NO_STORE });
}

async function basketPage(
  c: C,
  drop: DropAnswer,
  basket: KeptBasket,
  refused?: { chosen: Chosen; problems: FieldProblem[] },
) {
  const { edge } = c.var;
  const held = new Map(basket.lines.map(({ skuId, quantity }) => [skuId as string, quantity]));
  return (
    <BasketPage
      drop={drop}
      basket={basket}
      shelves={await readShelves(c, drop)}
      changeKey={edge.randomHex(TUNING.formKeyBytes)}
      chosen={refused?.chosen ?? held}
      problems={refused?.problems ?? []}
      nowMs={edge.clock.now()}
    />
  );
}

/** A form of a basket that is no longer the browser's (an older tab, a second click) changes nothing. */
async function change(c: C): Promise<Response> {
  const dropId = readDropId(c);
  if (!dropId.ok) return answerRefusal(c, dropId.refusal);
  const here = `/drops/${dropId.value}/basket`;
  const fields = await readForm(c);
  const form = parse(ChangeForm, fields);
  if (!form.ok) return answerRefusal(c, form.refusal);
  const { basket } = readKept(c, dropId.value);
  if (basket?.reservationId !== form.value.reservation || basket.isOffer) return seeOther(c, here);
  const admitted = await readAdmitted(c, dropId.value);
  if (!admitted.ok) return answerRefusal(c, admitted.refusal);
  if (admitted.value === null) return seeOther(c, `/drops/${dropId.value}/line`);
  const drop = await showDrop(actOf(c), dropId.value);
  if (!drop.ok) return answerRefusal(c, drop.refusal);
  const read = readChosen(fields, drop.value.skus);
  if (!read.ok)
    return page(c, await basketPage(c, drop.value, basket, read.refusal), {
      status: 422,
      cacheControl: NO_STORE,
    });
  const { shopperId, pass } = admitted.value;
  const { chosen, lines } = read.value;
  const changed = await changeBasket(actOf(c), {
    dropId: dropId.value,
    shopperId,
    pass,
    key: form.value.key,
    replaces: basket.reservationId,
    lines,
  });
  if (!changed.ok) {
    const { code } = changed.refusal;
    if (code === "reservation_taken")
      return seeOther(c, orderPath(dropId.value, shopperId, basket.reservationId));
    if (code === "idempotency_key_reused") {
      const { status } = REFUSALS[code];
      return page(c, <BasketChangedPage drop={drop.value} />, { status, cacheControl: NO_STORE });
    }
    if (code === "reservation_not_found" || code === "reservation_given_back")
      return gone(c, drop.value, GIVEN_BACK);
    return answerRefusal(c, changed.refusal);
  }
  switch (changed.value.kind) {
    case "changed":
      keep(c, dropId.value, { basket: basketOf(changed.value.basket) });
      return seeOther(c, here);
    case "kept": {
      const { refusal } = changed.value;
      const kept = basketOf(changed.value.basket);
      keep(c, dropId.value, { basket: kept });
      if (refusal === null) return seeOther(c, here);
      const problem = basketProblem(refusal, drop.value.skus) ?? {
        field: null,
        words: REFUSALS[refusal.code].title,
      };
      const content = await basketPage(c, drop.value, kept, { chosen, problems: [problem] });
      return page(c, content, { status: REFUSALS[refusal.code].status, cacheControl: NO_STORE });
    }
    case "lost":
      return gone(c, drop.value, LOST_WORDS[changed.value.refusal.code] ?? LOST);
  }
}

/** The reservation's id is the key of its order, on all pages. */
export function orderPath(dropId: DropId, shopperId: ShopperId, key: string) {
  return `/orders/${orderIdOf({ dropId, shopperId, key })}`;
}

async function giveAllBack(c: C): Promise<Response> {
  const dropId = readDropId(c);
  if (!dropId.ok) return answerRefusal(c, dropId.refusal);
  const shopper = await readWriter(c);
  if (!shopper.ok) return answerRefusal(c, shopper.refusal);
  const form = parse(ReturnForm, await readForm(c));
  if (!form.ok) return answerRefusal(c, form.refusal);
  const kept = readKept(c, dropId.value);
  const { reservation: reservationId } = form.value;
  const asked = { dropId: dropId.value, shopperId: shopper.value, reservationId };
  const offered =
    kept.basket?.reservationId === reservationId && kept.basket.isOffer ? kept.basket.lines[0] : undefined;
  const given =
    offered === undefined
      ? await giveBack(actOf(c), asked)
      : await leaveWaitingList(actOf(c), { ...asked, query: { sku: offered.skuId } });
  if (!given.ok) {
    const { code } = given.refusal;
    if (code === "reservation_taken")
      return seeOther(c, orderPath(dropId.value, shopper.value, reservationId));
    if (code === "unavailable") return answerRefusal(c, given.refusal);
  }
  const isKept = kept.basket?.reservationId === reservationId;
  keep(c, dropId.value, {
    basket: isKept ? undefined : kept.basket,
    waiting: withoutEntry(kept, reservationId),
  });
  return seeOther(c, `/drops/${dropId.value}/line`);
}
