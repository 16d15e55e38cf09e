import type { Hono } from "hono";
import * as z from "zod";
import { IdempotencyKey, type WaitingEntryAnswer } from "../../../schema/http.ts";
import { ReservationId, type ShopperId, SkuId } from "../../../schema/ids.ts";
import { totalMinor } from "../../../schema/money.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import { orderIdOf } from "../derive.ts";
import { waitingPath } from "../pages/kept.ts";
import { WaitingListPage } from "../pages/waiting-page.tsx";
import { TUNING } from "../tuning.ts";
import { joinWaitingList } from "../verbs/join-waiting-list.ts";
import { leaveWaitingList } from "../verbs/leave-waiting-list.ts";
import { showDrop } from "../verbs/show-drop.ts";
import { showOrder } from "../verbs/show-order.ts";
import { type AskedEntry, showWaiting } from "../verbs/show-waiting.ts";
import { readAdmitted } from "./admitted.ts";
import { answerRefusal, methodNotAllowed } from "./answer.tsx";
import { orderPath } from "./basket-pages.tsx";
import { readShopper, readWriter } from "./caller.ts";
import { actOf, type C, type EdgeContext, type EdgeRefusal, NO_STORE } from "./context.ts";
import { readForm, seeOther } from "./forms.ts";
import { keep, readKept, withEntry, withoutEntry } from "./kept.ts";
import { page } from "./page.tsx";
import { parse, readDropId } from "./read-request.ts";

const WaitForm = z.object({ key: IdempotencyKey, wait: SkuId });
const EntryFields = z.object({ sku: SkuId });

export function addWaitingPages(pages: Hono<EdgeContext>): void {
  pages.post("/drops/:drop/waiting-list", join);
  pages.all("/drops/:drop/waiting-list", methodNotAllowed("POST"));
  pages.get("/drops/:drop/waiting-list/:entry", show);
  pages.all("/drops/:drop/waiting-list/:entry", methodNotAllowed("GET", "HEAD"));
  pages.post("/drops/:drop/waiting-list/:entry/take", take);
  pages.all("/drops/:drop/waiting-list/:entry/take", methodNotAllowed("POST"));
  pages.post("/drops/:drop/waiting-list/:entry/leave", leave);
  pages.all("/drops/:drop/waiting-list/:entry/leave", methodNotAllowed("POST"));
}

/** From the button beside a SKU in the choice: the form's key, made this SKU's own, since there is a button for each. */
async function join(c: C): Promise<Response> {
  const dropId = readDropId(c);
  if (!dropId.ok) return answerRefusal(c, dropId.refusal);
  const admitted = await readAdmitted(c, dropId.value);
  if (!admitted.ok) return answerRefusal(c, admitted.refusal);
  if (admitted.value === null) return seeOther(c, `/drops/${dropId.value}/line`);
  const form = parse(WaitForm, await readForm(c));
  if (!form.ok) return answerRefusal(c, form.refusal);
  const { shopperId, pass } = admitted.value;
  const { key, wait: skuId } = form.value;
  const request = { pass, skuId, quantity: 1 };
  const joined = await joinWaitingList(actOf(c), {
    dropId: dropId.value,
    shopperId,
    key: `${key}-${skuId}`,
    request,
  });
  if (!joined.ok) return answerRefusal(c, joined.refusal);
  const { reservationId } = joined.value;
  keep(c, dropId.value, { waiting: withEntry(readKept(c, dropId.value), { reservationId, skuId }) });
  return seeOther(c, waitingPath(dropId.value, reservationId, skuId));
}

function readEntry(c: C, shopperId: ShopperId, fields: unknown): Result<AskedEntry, EdgeRefusal> {
  const dropId = readDropId(c);
  if (!dropId.ok) return dropId;
  const reservationId = ReservationId.safeParse(c.req.param("entry"));
  const query = EntryFields.safeParse(fields);
  if (!reservationId.success || !query.success) return refuse({ code: "waiting_entry_not_found" });
  return ok({ dropId: dropId.value, reservationId: reservationId.data, shopperId, query: query.data });
}

async function show(c: C): Promise<Response> {
  const shopper = await readShopper(c);
  if (!shopper.ok) return answerRefusal(c, shopper.refusal);
  const asked = readEntry(c, shopper.value, c.req.query());
  if (!asked.ok) return answerRefusal(c, asked.refusal);
  const drop = await showDrop(actOf(c), asked.value.dropId);
  if (!drop.ok) return answerRefusal(c, drop.refusal);
  const entry = await showWaiting(actOf(c), asked.value);
  if (!entry.ok) return answerRefusal(c, entry.refusal);
  forgetEnded(c, asked.value, entry.value);
  const nowMs = c.var.edge.clock.now();
  const refreshSeconds = refreshOf(entry.value, nowMs);
  const content = (
    <WaitingListPage
      drop={drop.value}
      entry={entry.value}
      nowMs={nowMs}
      refreshSeconds={refreshSeconds}
      orderPath={await orderOf(c, asked.value, entry.value)}
    />
  );
  return page(c, content, { cacheControl: NO_STORE });
}

/** One that was placed on these pages has a known id. An API client chose its own, and knows it. */
async function orderOf(
  c: C,
  { dropId, reservationId, shopperId }: AskedEntry,
  { state }: Pick<WaitingEntryAnswer, "state">,
): Promise<string | undefined> {
  if (state !== "taken") return undefined;
  const orderId = orderIdOf({ dropId, shopperId, key: reservationId });
  const order = await showOrder(actOf(c), { orderId, shopperId });
  return order.ok ? orderPath(dropId, shopperId, reservationId) : undefined;
}

/** The line's page shows no way back to a place that is none any more. */
function forgetEnded(
  c: C,
  { dropId, reservationId }: Pick<AskedEntry, "dropId" | "reservationId">,
  { state }: Pick<WaitingEntryAnswer, "state">,
): void {
  if (state === "waiting" || state === "offered") return;
  const kept = readKept(c, dropId);
  const waiting = withoutEntry(kept, reservationId);
  if (waiting.length < kept.waiting.length) keep(c, dropId, { waiting });
}

/** While it waits, as often as the answer asks for; an offer, once, when it has lapsed. */
function refreshOf({ pollAfterMs, offer }: WaitingEntryAnswer, nowMs: number): number | undefined {
  if (pollAfterMs !== null) return Math.max(TUNING.pageRefreshMinSeconds, Math.ceil(pollAfterMs / 1_000));
  return offer === null ? undefined : Math.max(1, Math.ceil((offer.expiresAtMs - nowMs) / 1_000) + 1);
}

/** An offer is a reservation of one line: from here on it is this browser's basket. */
async function take(c: C): Promise<Response> {
  const asked = await readWritten(c);
  if (!asked.ok) return answerRefusal(c, asked.refusal);
  const { dropId, reservationId, query } = asked.value;
  const entry = await showWaiting(actOf(c), asked.value);
  if (!entry.ok) return answerRefusal(c, entry.refusal);
  const { offer, quantity, skuId } = entry.value;
  if (offer === null) return seeOther(c, waitingPath(dropId, reservationId, query.sku));
  const drop = await showDrop(actOf(c), dropId);
  if (!drop.ok) return answerRefusal(c, drop.refusal);
  const sku = drop.value.skus.find(({ id }) => id === skuId);
  if (sku === undefined) return answerRefusal(c, { code: "sku_not_found" });
  const unitPriceMinor = sku.priceMinor;
  const line = { skuId, quantity, unitPriceMinor, totalMinor: totalMinor(unitPriceMinor, quantity) };
  const untilMs = offer.expiresAtMs;
  keep(c, dropId, { basket: { reservationId, lines: [line], untilMs, isOffer: true } });
  return seeOther(c, `/drops/${dropId}/checkout`);
}

async function leave(c: C): Promise<Response> {
  const asked = await readWritten(c);
  if (!asked.ok) return answerRefusal(c, asked.refusal);
  const { dropId, reservationId, query } = asked.value;
  const left = await leaveWaitingList(actOf(c), asked.value);
  if (!left.ok) return answerRefusal(c, left.refusal);
  const kept = readKept(c, dropId);
  const basket = kept.basket?.reservationId === reservationId ? undefined : kept.basket;
  keep(c, dropId, { basket, waiting: withoutEntry(kept, reservationId) });
  return seeOther(c, waitingPath(dropId, reservationId, query.sku));
}

async function readWritten(c: C): Promise<Result<AskedEntry, EdgeRefusal>> {
  const shopper = await readWriter(c);
  return shopper.ok ? readEntry(c, shopper.value, await readForm(c)) : shopper;
}
