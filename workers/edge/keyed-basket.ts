import type { ReservationAnswer, ReserveRequest } from "../../schema/http.ts";
import type { DropId, ShopperId } from "../../schema/ids.ts";
import type { Refusal } from "../../schema/refusals.ts";
import { ok, type Result } from "../../schema/result.ts";
import type { Basket, KeyedReserveItem } from "../../schema/rpc/baskets.ts";
import { fingerprintOf, reservationIdOf } from "./derive.ts";
import type { Act } from "./edge.ts";
import { checkPass } from "./verbs/check-token.ts";
import { readDocument } from "./verbs/read-document.ts";
import { readSnapshot } from "./verbs/read-snapshot.ts";

export type AskedBasket = { dropId: DropId; shopperId: ShopperId; key: string; request: ReserveRequest };

/** A basket that a shopper with a pass asks for, as its drop's coordinator takes it. A basket is the same whichever line is named first. */
export async function toKeyedBasket(
  act: Act,
  asked: AskedBasket,
): Promise<Result<KeyedReserveItem, Refusal<"pass_invalid" | "drop_not_found" | "unavailable">>> {
  const { pass, lines } = asked.request;
  const { dropId, shopperId } = asked;
  const claims = await checkPass(act, pass, asked);
  if (!claims.ok) return claims;
  const published = await readDocument(act, dropId);
  if (!published.ok) return published;
  const snapshot = await readSnapshot(act, dropId);
  const { limits, timing } = published.value.document;
  const inOrder = lines.toSorted((one, other) => (one.skuId < other.skuId ? -1 : 1));
  return ok({
    dropId,
    reservationId: reservationIdOf(asked),
    fingerprint: fingerprintOf({ lines: inOrder }),
    shopperId,
    ticketId: claims.value.tid,
    lines: inOrder,
    identity: claims.value.idn,
    unitsPerShopper: limits.unitsPerShopper,
    reservationTtlMs: timing.reservationTtlMs,
    isPaused: snapshot.ok && snapshot.value.isPaused,
  });
}

/** What the shopper is told of it. */
export function toReservationAnswer({ deadlineAtMs, ...basket }: Basket): ReservationAnswer {
  return { ...basket, expiresAtMs: deadlineAtMs };
}
