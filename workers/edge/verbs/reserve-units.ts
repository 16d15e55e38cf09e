import type { ReservationAnswer, ReserveRequest } from "../../../schema/http.ts";
import type { DropId, ShopperId } from "../../../schema/ids.ts";
import { totalMinor } from "../../../schema/money.ts";
import { ok, type Result } from "../../../schema/result.ts";
import type { Refusal, Reservation, ReserveRefusal } from "../../../schema/rpc.ts";
import { fingerprintOf, reservationIdOf } from "../derive.ts";
import { type Act, reserveInShard } from "../edge.ts";
import { checkPass } from "./check-token.ts";

/**
 * Takes units out of what is available, for one shopper, until a deadline. The repeat of a request, with a renewed pass
 * or the old one, gets the first answer; it always reaches the SKU's object, sold out or not.
 */
export async function reserveUnits(
  act: Act,
  asked: { dropId: DropId; shopperId: ShopperId; key: string; request: ReserveRequest },
): Promise<Result<ReservationAnswer, ReserveRefusal | Refusal<"pass_invalid" | "unavailable">>> {
  const { pass, ...wanted } = asked.request;
  const claims = await checkPass(act, pass, asked);
  if (!claims.ok) return claims;
  const submitted = await reserveInShard(act, {
    dropId: asked.dropId,
    skuId: wanted.skuId,
    reservationId: reservationIdOf(asked),
    fingerprint: fingerprintOf(wanted),
    shopperId: asked.shopperId,
    ticketId: claims.value.tid,
    quantity: wanted.quantity,
  });
  if (!submitted.ok) return submitted;
  return submitted.value.ok ? ok(answerOf(submitted.value.value)) : submitted.value;
}

/** The total follows from the reservation alone: it holds the price of its time. */
function answerOf(reservation: Reservation): ReservationAnswer {
  const { reservationId, skuId, quantity, unitPriceMinor, currency, deadlineAtMs } = reservation;
  return {
    reservationId,
    skuId,
    quantity,
    unitPriceMinor,
    totalMinor: totalMinor(unitPriceMinor, quantity),
    currency,
    expiresAtMs: deadlineAtMs,
  };
}
