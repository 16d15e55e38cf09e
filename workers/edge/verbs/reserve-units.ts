import type { ReservationAnswer } from "../../../schema/http.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result } from "../../../schema/result.ts";
import type { BasketRefusal } from "../../../schema/rpc/baskets.ts";
import { type Act, reserveInShard } from "../edge.ts";
import { type AskedBasket, toKeyedBasket, toReservationAnswer } from "../keyed-basket.ts";

/**
 * Takes the units of a basket out of what is available, all lines or none, for one shopper, until a deadline. The repeat of
 * a request, with a renewed pass or the old one, gets the first answer; it always reaches the objects, sold out or not, and
 * while the drop is paused too, when a new basket is refused.
 */
export async function reserveUnits(
  act: Act,
  asked: AskedBasket,
): Promise<
  Result<ReservationAnswer, BasketRefusal | Refusal<"pass_invalid" | "drop_not_found" | "unavailable">>
> {
  const item = await toKeyedBasket(act, asked);
  if (!item.ok) return item;
  const submitted = await reserveInShard(act, item.value);
  if (!submitted.ok) return submitted;
  return submitted.value.ok ? ok(toReservationAnswer(submitted.value.value)) : submitted.value;
}
