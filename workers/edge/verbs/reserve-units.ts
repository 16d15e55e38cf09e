import type { ReservationAnswer, ReserveRequest } from "../../../schema/http.ts";
import type { DropId, ShopperId } from "../../../schema/ids.ts";
import { ok, type Result } from "../../../schema/result.ts";
import type { BasketRefusal, Refusal } from "../../../schema/rpc.ts";
import { fingerprintOf, reservationIdOf } from "../derive.ts";
import { type Act, reserveInShard } from "../edge.ts";
import { checkPass } from "./check-token.ts";
import { readDocument } from "./read-document.ts";
import { readSnapshot } from "./read-snapshot.ts";

/**
 * Takes the units of a basket out of what is available, all lines or none, for one shopper, until a deadline. The repeat of
 * a request, with a renewed pass or the old one, gets the first answer; it always reaches the objects, sold out or not, and
 * while the drop is paused too, when a new basket is refused.
 */
export async function reserveUnits(
  act: Act,
  asked: { dropId: DropId; shopperId: ShopperId; key: string; request: ReserveRequest },
): Promise<
  Result<ReservationAnswer, BasketRefusal | Refusal<"pass_invalid" | "drop_not_found" | "unavailable">>
> {
  const { pass, lines } = asked.request;
  const { dropId, shopperId } = asked;
  const claims = await checkPass(act, pass, asked);
  if (!claims.ok) return claims;
  const published = await readDocument(act, dropId);
  if (!published.ok) return published;
  const snapshot = await readSnapshot(act, dropId);
  const { limits, timing } = published.value.document;
  const inOrder = lines.toSorted((one, other) => (one.skuId < other.skuId ? -1 : 1));
  const submitted = await reserveInShard(act, {
    dropId,
    reservationId: reservationIdOf(asked),
    // A basket is the same whichever line is named first.
    fingerprint: fingerprintOf({ lines: inOrder }),
    shopperId,
    ticketId: claims.value.tid,
    lines: inOrder,
    identity: claims.value.idn,
    unitsPerShopper: limits.unitsPerShopper,
    reservationTtlMs: timing.reservationTtlMs,
    isPaused: snapshot.ok && snapshot.value.isPaused,
  });
  if (!submitted.ok) return submitted;
  if (!submitted.value.ok) return submitted.value;
  const { deadlineAtMs, ...basket } = submitted.value.value;
  return ok({ ...basket, expiresAtMs: deadlineAtMs });
}
