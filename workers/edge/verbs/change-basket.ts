import type { BasketLine, ReservationAnswer } from "../../../schema/http.ts";
import type { DropId, ReservationId, ShopperId } from "../../../schema/ids.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Refusal } from "../../../schema/rpc.ts";
import type { Act } from "../edge.ts";
import { checkPass } from "./check-token.ts";
import { giveBack } from "./give-back.ts";
import { readSnapshot } from "./read-snapshot.ts";
import { reserveUnits } from "./reserve-units.ts";

type Held = { reservationId: ReservationId; lines: readonly BasketLine[] };
type Asked = {
  dropId: DropId;
  shopperId: ShopperId;
  pass: string;
  /** Of the new basket. */
  key: string;
  held: Held;
  lines: BasketLine[];
};

type ChangeRefusal = Extract<Awaited<ReturnType<typeof reserveUnits>>, { ok: false }>["refusal"];

export type ChangedBasket =
  | { kind: "changed"; basket: ReservationAnswer }
  /** Refused, and what was held is held again, under another id and until a new deadline. */
  | { kind: "restored"; basket: ReservationAnswer; refusal: ChangeRefusal }
  /** Refused, and what was held went to somebody else meanwhile. */
  | { kind: "lost"; refusal: ChangeRefusal };

/**
 * Gives a basket back and takes another in its place; when that is refused, takes the old one again. Not one step: a limit
 * counts what is held, so the new basket cannot be taken before the old one is given back, and in between units may go to
 * somebody else. What can be known to fail beforehand is refused while nothing was given back. A repeat with the same key
 * gets the same basket; the same key with other units is refused, and nothing is taken: what the key took is held already.
 */
export async function changeBasket(
  act: Act,
  asked: Asked,
): Promise<
  Result<
    ChangedBasket,
    Refusal<
      | "pass_invalid"
      | "drop_not_found"
      | "drop_closed"
      | "drop_paused"
      | "reservation_not_found"
      | "reservation_taken"
      | "idempotency_key_reused"
      | "unavailable"
    >
  >
> {
  const { dropId, shopperId, pass, key, held, lines } = asked;
  const claims = await checkPass(act, pass, asked);
  if (!claims.ok) return claims;
  const snapshot = await readSnapshot(act, dropId);
  if (!snapshot.ok) return snapshot;
  if (act.edge.clock.now() >= snapshot.value.closesAtMs) return refuse({ code: "drop_closed" });
  if (snapshot.value.isPaused) return refuse({ code: "drop_paused" });
  const given = await giveBack(act, { dropId, shopperId, reservationId: held.reservationId });
  if (!given.ok) return given;
  const reserve = (basketKey: string, basketLines: readonly BasketLine[]) =>
    reserveUnits(act, { dropId, shopperId, key: basketKey, request: { pass, lines: [...basketLines] } });
  const taken = await reserve(key, lines);
  if (taken.ok) return ok({ kind: "changed", basket: taken.value });
  const { refusal } = taken;
  // Another press of this form has a basket by now. With the old one taken again beside it, both would be held.
  if (refusal.code === "idempotency_key_reused") return refuse({ code: refusal.code });
  const again = await reserve(`${key}-again`, held.lines);
  return ok(again.ok ? { kind: "restored", basket: again.value, refusal } : { kind: "lost", refusal });
}
