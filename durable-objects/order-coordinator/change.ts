import { LIMITS } from "../../schema/limits.ts";
import { ok, refuse } from "../../schema/result.ts";
import type {
  Basket,
  BasketRefusal,
  ChangeBasketAnswer,
  ChangeBasketItem,
  KeyedReserveItem,
} from "../../schema/rpc/baskets.ts";
import { logError } from "../log.ts";
import { type Deps as GiveBackDeps, giveBackBaskets, theirs } from "./give-back.ts";
import type { NotedReservation } from "./records.ts";
import type { Reserver } from "./reserve.ts";
import { inTurn, type Keys } from "./turns.ts";

export type Deps = GiveBackDeps & { keys: Keys & Pick<Reserver, "reserve"> };

/**
 * Takes baskets in the place of others, one change of a basket at a time: whatever forms of it are sent, and however often,
 * one basket follows it. The old one is given back first, for limits count what is held; when the new one is refused, the
 * old lines are taken again under the id that the item names for that. In between units may go to somebody else. What
 * follows a basket is noted with it before it is asked for: a change that was interrupted is taken up by the next one, and
 * one that comes after another has ended gets the basket that followed.
 */
export async function changeBaskets(
  deps: Deps,
  items: readonly ChangeBasketItem[],
): Promise<ChangeBasketAnswer[]> {
  await Promise.all(items.map(({ replaces }) => deps.keys.quiet(replaces)));
  return inTurn<ChangeBasketItem, ChangeBasketAnswer>(deps.keys, items, {
    keyOf: (item) => oldOf(deps, item),
    act: (turn) => Promise.all(turn.map((item) => tryToChange(deps, item))),
    unknown: UNKNOWN,
  });
}

function oldOf(deps: Deps, { replaces, shopperId, dropId }: ChangeBasketItem): NotedReservation | null {
  return theirs(deps, { reservationId: replaces, shopperId, dropId });
}

/** What was not foreseen is this item's alone. */
async function tryToChange(deps: Deps, item: ChangeBasketItem): Promise<ChangeBasketAnswer> {
  try {
    return await change(deps, item);
  } catch (error) {
    logError("basket_not_changed", error, { reservationId: item.reservationId });
    return UNKNOWN;
  }
}

async function change(deps: Deps, item: ChangeBasketItem): Promise<ChangeBasketAnswer> {
  const { store } = deps;
  const { replaces, againAs, reservationId, dropId, shopperId } = item;
  const old = oldOf(deps, item);
  if (old === null) return refuse({ code: "reservation_not_found" });
  if (old.isGivenBack && old.replacedBy === null) return refuse({ code: "reservation_given_back" });
  const follower = followerOf(deps, old);
  if (follower !== null) return follow(deps, item, follower);
  // Its key made another basket, which is not to be held beside this one's follower.
  if (store.reservation(reservationId) !== null) return refuse({ code: "idempotency_key_reused" });
  if (item.isPaused) return refuse({ code: "drop_paused" });
  const replacing: GiveBackDeps["store"] = {
    reservation: (id) => store.reservation(id),
    noteGivenBack: (id) => store.noteGivenBack(id, reservationId),
  };
  const back = { reservationId: replaces, dropId, shopperId };
  const [given] = await giveBackBaskets({ ...deps, store: replacing }, [back]);
  if (!given?.ok) return given ?? UNKNOWN;
  const [taken] = await deps.keys.reserve([item]);
  if (taken?.ok) return changed(taken.value);
  store.noteGivenBack(replaces, againAs);
  const { lines, fingerprint } = old;
  const [again] = await deps.keys.reserve([{ ...item, reservationId: againAs, lines, fingerprint }]);
  if (again?.ok) return ok({ kind: "kept", basket: again.value, refusal: taken?.refusal ?? null });
  return lost(taken?.refusal, again?.refusal);
}

/** What was taken in a basket's place, and in that one's, to the last; null: nothing yet. */
function followerOf({ store }: Deps, old: NotedReservation): NotedReservation | null {
  let last = old;
  for (let changes = 0; changes < LIMITS.basketChangesFollowedMax; changes++) {
    if (!last.isGivenBack || last.replacedBy === null) break;
    const next = store.reservation(last.replacedBy);
    if (next === null) break;
    last = next;
  }
  return last === old ? null : last;
}

/** What follows this basket is there already: by this very form, or by another. */
async function follow(
  { keys, store }: Deps,
  item: ChangeBasketItem,
  follower: NotedReservation,
): Promise<ChangeBasketAnswer> {
  const { reservationId, fingerprint, lines } = follower;
  const used = store.reservation(item.reservationId);
  if (used !== null && used.fingerprint !== item.fingerprint)
    return refuse({ code: "idempotency_key_reused" });
  const isOurs = reservationId === item.reservationId;
  const repeat: KeyedReserveItem = { ...item, reservationId, fingerprint, lines };
  const [answer] = await keys.reserve([repeat]);
  if (!answer?.ok) return lost(answer?.refusal);
  return isOurs ? changed(answer.value) : ok({ kind: "kept", basket: answer.value, refusal: null });
}

const changed = (basket: Basket): ChangeBasketAnswer => ok({ kind: "changed", basket });

/** Only where each refusal is certain; else the same form again tells. */
function lost(...refusals: (BasketRefusal | undefined)[]): ChangeBasketAnswer {
  const [first] = refusals;
  const isCertain = refusals.every((refusal) => refusal !== undefined && !UNSURE.includes(refusal.code));
  return isCertain && first !== undefined ? ok({ kind: "lost", refusal: first }) : UNKNOWN;
}

const UNSURE: readonly BasketRefusal["code"][] = ["unavailable", "internal"];

const UNKNOWN: ChangeBasketAnswer = refuse({ code: "unavailable", retryAfterMs: LIMITS.orderPollMs });
