import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import * as z from "zod";
import { PricedLine, type ReservationAnswer } from "../../../schema/http.ts";
import { type DropId, ReservationId, SkuId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Kept, KeptBasket, KeptEntry } from "../pages/kept.ts";
import { TUNING } from "../tuning.ts";
import { cookieOptions } from "./caller.ts";
import type { C } from "./context.ts";

/**
 * A browser's own memory of its basket and of its places on waiting lists, in one cookie a drop that goes to this drop's pages
 * alone. Nothing is decided from it: whoever changes it is shown something else, and buys what the reservation says.
 */
const Remembered = z.object({
  basket: z
    .object({
      reservationId: ReservationId,
      lines: z.array(PricedLine).min(1).max(LIMITS.basketLinesMax),
      untilMs: z.int(),
      isOffer: z.boolean(),
    })
    .optional(),
  waiting: z.array(z.object({ reservationId: ReservationId, skuId: SkuId })).max(TUNING.keptEntriesMax),
});

const NOTHING: Kept = { basket: undefined, waiting: [] };

export function readKept(c: C, dropId: DropId): Kept {
  try {
    const text = Buffer.from(getCookie(c, cookieName(dropId)) ?? "", "base64url").toString();
    return { ...NOTHING, ...Remembered.parse(JSON.parse(text)) };
  } catch {
    return NOTHING;
  }
}

/** What the request came with, with these changes. Once a request: the last call is the one that a browser keeps. */
export function keep(c: C, dropId: DropId, changes: Partial<Kept>): void {
  const kept = { ...readKept(c, dropId), ...changes };
  const options = cookieOptions(c, `/drops/${dropId}`, LIMITS.sessionTtlMs);
  if (kept.basket === undefined && kept.waiting.length === 0) {
    deleteCookie(c, cookieName(dropId), options);
    return;
  }
  const text = Buffer.from(JSON.stringify(kept)).toString("base64url");
  setCookie(c, cookieName(dropId), text, options);
}

export function basketOf({ reservationId, lines, expiresAtMs }: ReservationAnswer): KeptBasket {
  return { reservationId, lines, untilMs: expiresAtMs, isOffer: false };
}

/** The newest place first; the oldest is forgotten, though not left. */
export function withEntry({ waiting }: Kept, entry: KeptEntry): KeptEntry[] {
  return [entry, ...withoutEntry({ waiting }, entry.reservationId)].slice(0, TUNING.keptEntriesMax);
}

export function withoutEntry({ waiting }: Pick<Kept, "waiting">, reservationId: ReservationId): KeptEntry[] {
  return waiting.filter((entry) => entry.reservationId !== reservationId);
}

function cookieName(dropId: DropId): string {
  return `dropline_kept_${dropId}`;
}
