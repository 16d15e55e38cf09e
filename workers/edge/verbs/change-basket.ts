import type { BasketLine, ReservationAnswer } from "../../../schema/http.ts";
import type { DropId, ReservationId, ShopperId } from "../../../schema/ids.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { BasketRefusal, ChangeBasketAnswer } from "../../../schema/rpc/baskets.ts";
import { reservationIdOf } from "../derive.ts";
import { type Act, changeInShard } from "../edge.ts";
import { toKeyedBasket, toReservationAnswer } from "../keyed-basket.ts";
import { readSnapshot } from "./read-snapshot.ts";

type Asked = {
  dropId: DropId;
  shopperId: ShopperId;
  pass: string;
  /** Of the new basket. */
  key: string;
  replaces: ReservationId;
  lines: BasketLine[];
};

export type ChangedBasket =
  | { kind: "changed"; basket: ReservationAnswer }
  /** What is held instead, under another id: what was held before, for the change was refused, or what an earlier change took. */
  | { kind: "kept"; basket: ReservationAnswer; refusal: BasketRefusal | null }
  /** Refused, and what was held went to somebody else meanwhile. */
  | { kind: "lost"; refusal: BasketRefusal };

/**
 * Takes a basket in the place of the one that is held; when that is refused, the old one again. Its coordinator does both
 * under the old basket's key, so that one basket follows it, however often and with whatever forms it is asked. A limit
 * counts what is held, so the old one goes back first, and in between units may go to somebody else. What can be known to
 * fail beforehand is refused while nothing was given back. A repeat with the same key gets the same basket; the same key
 * with other units is refused, once it has made one.
 */
export async function changeBasket(
  act: Act,
  { dropId, shopperId, pass, key, replaces, lines }: Asked,
): Promise<
  Result<
    ChangedBasket,
    | Refusal<"pass_invalid" | "drop_not_found" | "drop_closed" | "unavailable">
    | Extract<ChangeBasketAnswer, { ok: false }>["refusal"]
  >
> {
  const item = await toKeyedBasket(act, { dropId, shopperId, key, request: { pass, lines } });
  if (!item.ok) return item;
  const snapshot = await readSnapshot(act, dropId);
  if (!snapshot.ok) return snapshot;
  if (act.edge.clock.now() >= snapshot.value.closesAtMs) return refuse({ code: "drop_closed" });
  const againAs = reservationIdOf({ dropId, shopperId, key: `${key}-again` });
  const submitted = await changeInShard(act, { ...item.value, replaces, againAs });
  if (!submitted.ok) return submitted;
  if (!submitted.value.ok) return submitted.value;
  const change = submitted.value.value;
  return ok(change.kind === "lost" ? change : { ...change, basket: toReservationAnswer(change.basket) });
}
