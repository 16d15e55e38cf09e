import type { DropId, ReservationId, ShopperId } from "../../../schema/ids.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result } from "../../../schema/result.ts";
import { type Act, giveBackInShard } from "../edge.ts";

/** Gives back a basket that no order has. A repeat changes nothing. Its Idempotency-Key makes no other basket. */
export async function giveBack(
  act: Act,
  {
    dropId,
    reservationId,
    shopperId,
  }: { dropId: DropId; reservationId: ReservationId; shopperId: ShopperId },
): Promise<Result<null, Refusal<"reservation_not_found" | "reservation_taken" | "unavailable">>> {
  const submitted = await giveBackInShard(act, { dropId, reservationId, shopperId });
  if (!submitted.ok) return submitted;
  return submitted.value.ok ? ok(null) : submitted.value;
}
