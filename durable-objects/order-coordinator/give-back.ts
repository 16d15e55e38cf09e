import type { DropId, SkuId } from "../../schema/ids.ts";
import { LAST_STEP } from "../../schema/limit-guard.ts";
import { LIMITS } from "../../schema/limits.ts";
import { ok, refuse } from "../../schema/result.ts";
import type { BasketGiveBackAnswer, BasketGiveBackItem } from "../../schema/rpc/baskets.ts";
import type { GiveBackAnswer } from "../../schema/rpc/sku-stock.ts";
import type { InTime } from "../in-time.ts";
import { logError } from "../log.ts";
import type { Limits } from "./limits.ts";
import type { NotedReservation } from "./records.ts";
import type { SkuApi } from "./reserve.ts";
import { carry } from "./rounds.ts";
import type { OrderStore } from "./store.ts";
import { inTurn, type Keys } from "./turns.ts";

export type Deps = {
  store: Pick<OrderStore, "reservation" | "noteGivenBack">;
  sku(dropId: DropId, skuId: SkuId): { key: string; api: Pick<SkuApi, "giveBack"> };
  limits: Limits;
  inTime: InTime;
};

/**
 * As `giveBackBaskets`, each basket while nobody else uses its key: a repeat of its reservation that came in between would
 * take its units once more, for a basket that no order can have.
 */
export async function giveBackInTurn(
  deps: Deps & { keys: Keys },
  items: readonly BasketGiveBackItem[],
): Promise<BasketGiveBackAnswer[]> {
  await Promise.all(items.map(({ reservationId }) => deps.keys.quiet(reservationId)));
  return inTurn<BasketGiveBackItem, BasketGiveBackAnswer>(deps.keys, items, {
    // Somebody else's key is left alone.
    keyOf: (item) => theirs(deps, item),
    act: (turn) => giveBackBaskets(deps, turn),
    unknown: refuse({ code: "unavailable", retryAfterMs: LIMITS.orderPollMs }),
  });
}

type Errand = {
  reservation: NotedReservation;
  /** Lines that have answered; one more for the claim. */
  done: number;
  isTaken: boolean;
  isUnsure: boolean;
};

/**
 * Gives back baskets that no order has. An order pins its lines in the same order, so whoever comes first to the first of
 * them has all: a basket is never given back in part. Its key stays used. A repeat changes nothing; `unavailable`: some
 * line did not answer, and the repeat gives it back, or its deadline does.
 */
export async function giveBackBaskets(
  deps: Deps,
  items: readonly BasketGiveBackItem[],
): Promise<BasketGiveBackAnswer[]> {
  const errands = items.map((item) => toErrand(deps, item));
  await carry<Errand, GiveBackAnswer>(
    errands.filter((errand) => errand !== null),
    {
      stopOf: (errand) => stopOf(deps, errand),
      call: (_, group) => call(deps, group),
      take: (errand, answer) => take(deps, errand, answer),
    },
  );
  return errands.map((errand) => {
    if (errand === null) return refuse({ code: "reservation_not_found" });
    if (errand.isTaken) return refuse({ code: "reservation_taken" });
    return errand.isUnsure ? refuse({ code: "unavailable", retryAfterMs: LIMITS.orderPollMs }) : ok(null);
  });
}

function toErrand(deps: Deps, item: BasketGiveBackItem): Errand | null {
  const reservation = theirs(deps, item);
  return reservation && { reservation, done: 0, isTaken: false, isUnsure: false };
}

/** The basket, if it is this shopper's. */
export function theirs(
  { store }: { store: Pick<OrderStore, "reservation"> },
  { reservationId, shopperId, dropId }: BasketGiveBackItem,
): NotedReservation | null {
  const reservation = store.reservation(reservationId);
  return reservation?.shopperId === shopperId && reservation.dropId === dropId ? reservation : null;
}

function stopOf({ store, sku, limits }: Deps, errand: Errand): string | null {
  const { reservation, done, isTaken, isUnsure } = errand;
  if (isTaken) return null;
  const line = reservation.lines[done];
  if (line) return sku(reservation.dropId, line.skuId).key;
  const { claim, dropId, lines } = reservation;
  // A claim covers its units: one that may still be held keeps it, until both have lapsed.
  if (claim === null || done > lines.length || isUnsure) return null;
  // The order that has the basket ends its claim: it may be about to take the units again, for money that came late.
  const isOrdered = store.reservation(reservation.reservationId)?.orderId !== null;
  return isOrdered ? null : limits(dropId, claim.identity).key;
}

async function call(deps: Deps, group: [Errand, ...Errand[]]): Promise<GiveBackAnswer[]> {
  const [{ reservation, done }] = group;
  const { dropId, claim } = reservation;
  const line = reservation.lines[done];
  try {
    if (line) {
      const { api } = deps.sku(dropId, line.skuId);
      const rows = group.map(({ reservation: { reservationId, shopperId } }) => ({
        reservationId,
        shopperId,
        createdAtMs: null,
        isFirstLine: done === 0,
      }));
      return await deps.inTime(api.giveBack(rows), LIMITS.skuCallTimeoutMs);
    }
    const { api } = deps.limits(dropId, claim?.identity ?? "");
    const claims = group.map((errand) => ({
      identity: errand.reservation.claim?.identity ?? "",
      claimId: errand.reservation.reservationId,
      // Its key is never used again: whatever else there is on its way came before.
      step: LAST_STEP,
      countsUntilMs: null,
    }));
    const answers = await deps.inTime(api.giveBack(claims), LIMITS.skuCallTimeoutMs);
    return group.map((_, index) => (answers[index]?.ok ? ok(null) : refuse({ code: "internal" })));
  } catch (error) {
    logError("give_back_failed", error, { dropId, skuId: line?.skuId ?? "" });
    throw error;
  }
}

function take({ store }: Deps, errand: Errand, answer: GiveBackAnswer | undefined): void {
  const { reservation, done } = errand;
  const isRefused = answer?.ok === false && answer.refusal.code === "reservation_taken";
  if (isRefused && done === 0) errand.isTaken = true;
  else {
    // From here on the basket is nobody's: no order can have it any more, and its key is told so.
    if (done === 0 && answer?.ok) store.noteGivenBack(reservation.reservationId);
    errand.isUnsure ||= !answer?.ok;
    errand.done = done === 0 && !answer?.ok ? reservation.lines.length + 1 : done + 1;
  }
}
