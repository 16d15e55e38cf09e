import type { Hono } from "hono";
import * as z from "zod";
import { IdempotencyKey } from "../../../schema/http.ts";
import { SkuId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { ChoosingPage, OutsidePage, WaitingPage } from "../pages/line-page.tsx";
import { TUNING } from "../tuning.ts";
import { checkTicket } from "../verbs/check-token.ts";
import { joinLine } from "../verbs/join-line.ts";
import { openSession } from "../verbs/open-session.ts";
import { reserveUnits } from "../verbs/reserve-units.ts";
import { shedWrites } from "../verbs/shed.ts";
import { standInLine } from "../verbs/stand-in-line.ts";
import { answerRefusal, methodNotAllowed } from "./answer.tsx";
import { keepSession, keepToken, keptToken, readShopper, readWriter } from "./caller.ts";
import { actOf, addressOf, type C, type EdgeContext, NO_STORE } from "./context.ts";
import { readForm, seeOther } from "./forms.ts";
import { page } from "./page.tsx";
import { parse, readDropId } from "./read-request.ts";

const KEY_BYTES = 16;

const ReserveForm = z.object({
  key: IdempotencyKey,
  sku: SkuId,
  quantity: z
    .string()
    .regex(/^\d{1,2}$/)
    .transform(Number)
    .pipe(z.int().min(1).max(LIMITS.unitsPerReservationMax)),
});

export function addLinePages(pages: Hono<EdgeContext>): void {
  pages.get("/drops/:drop/line", showLine);
  pages.post("/drops/:drop/line", join);
  pages.all("/drops/:drop/line", methodNotAllowed("GET", "HEAD", "POST"));
  pages.post("/drops/:drop/reservations", reserve);
  pages.all("/drops/:drop/reservations", methodNotAllowed("POST"));
}

/** Waits by reloading itself. With its turn come it gives the pass into a cookie and shows the choice. */
async function showLine(c: C): Promise<Response> {
  const dropId = readDropId(c);
  if (!dropId.ok) return answerRefusal(c, dropId.refusal);
  const shopper = await readShopper(c);
  const ticket = keptToken(c, "ticket", dropId.value);
  const shopperId = shopper.ok ? shopper.value : undefined;
  const standing = await standInLine(actOf(c), { dropId: dropId.value, shopperId, ticket });
  if (!standing.ok) return answerRefusal(c, standing.refusal);
  const { edge } = c.var;
  const nowMs = edge.clock.now();
  const { drop } = standing.value;
  switch (standing.value.kind) {
    case "outside":
      return page(c, <OutsidePage drop={drop} nowMs={nowMs} />, { cacheControl: NO_STORE });
    case "waiting": {
      const { place } = standing.value;
      const seconds = refreshSeconds(place.retryAfterMs);
      const content = <WaitingPage drop={drop} nowMs={nowMs} place={place} refreshSeconds={seconds} />;
      return page(c, content, { cacheControl: NO_STORE });
    }
    case "admitted": {
      keepToken(c, "pass", dropId.value, standing.value.pass);
      const key = edge.randomHex(KEY_BYTES);
      const seconds = refreshSeconds(0);
      const content = (
        <ChoosingPage drop={drop} nowMs={nowMs} reservationKey={key} refreshSeconds={seconds} />
      );
      return page(c, content, { cacheControl: NO_STORE });
    }
  }
}

/** A visitor who holds a good ticket keeps it: a later one could only be a later place. */
async function join(c: C): Promise<Response> {
  const dropId = readDropId(c);
  if (!dropId.ok) return answerRefusal(c, dropId.refusal);
  const shopperId = await shopperOrNew(c);
  if (!shopperId.ok) return answerRefusal(c, shopperId.refusal);
  const holder = { dropId: dropId.value, shopperId: shopperId.value };
  const kept = keptToken(c, "ticket", dropId.value);
  if (kept === undefined || !(await checkTicket(actOf(c), kept, holder)).ok) {
    const joined = await joinLine(actOf(c), holder);
    if (!joined.ok) return answerRefusal(c, joined.refusal);
    keepToken(c, "ticket", dropId.value, joined.value.ticket);
  }
  return seeOther(c, `/drops/${dropId.value}/line`);
}

async function shopperOrNew(c: C) {
  const known = await readShopper(c);
  if (known.ok) return shedWrites(actOf(c), known.value);
  const opened = await openSession(actOf(c), { address: addressOf(c) });
  if (!opened.ok) return opened;
  keepSession(c, opened.value);
  return { ok: true, value: opened.value.shopperId } as const;
}

async function reserve(c: C): Promise<Response> {
  const dropId = readDropId(c);
  if (!dropId.ok) return answerRefusal(c, dropId.refusal);
  const line = `/drops/${dropId.value}/line`;
  const shopper = await readWriter(c);
  const pass = keptToken(c, "pass", dropId.value);
  if (!shopper.ok && shopper.refusal.code === "rate_limited") return answerRefusal(c, shopper.refusal);
  // The line's page finds out what is missing and gives it: a ticket, patience, or a fresh pass.
  if (!shopper.ok || pass === undefined) return seeOther(c, line);
  const form = parse(ReserveForm, await readForm(c));
  if (!form.ok) return answerRefusal(c, form.refusal);
  const { key, sku, quantity } = form.value;
  const request = { pass, skuId: sku, quantity };
  const reserved = await reserveUnits(actOf(c), {
    dropId: dropId.value,
    shopperId: shopper.value,
    key,
    request,
  });
  if (!reserved.ok) {
    return reserved.refusal.code === "pass_invalid" ? seeOther(c, line) : answerRefusal(c, reserved.refusal);
  }
  const held = new URLSearchParams({
    reservation: reserved.value.reservationId,
    sku: reserved.value.skuId,
    quantity: String(reserved.value.quantity),
    until: String(reserved.value.expiresAtMs),
  });
  return seeOther(c, `/drops/${dropId.value}/checkout?${held}`);
}

function refreshSeconds(ms: number): number {
  const seconds = Math.ceil(ms / 1_000);
  return Math.min(TUNING.pageRefreshMaxSeconds, Math.max(TUNING.pageRefreshMinSeconds, seconds));
}
