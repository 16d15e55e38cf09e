import type { BasketLine } from "../../schema/http.ts";
import type { SkuId } from "../../schema/ids.ts";
import type {
  LimitClaim,
  LimitClaimAnswer,
  LimitReturn,
  LimitReturnAnswer,
} from "../../schema/limit-guard.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { BasketAnswer, BasketRefusal, KeyedReserveItem } from "../../schema/rpc/baskets.ts";
import type {
  GiveBackAnswer,
  GiveBackItem,
  Reservation,
  ReserveAnswer,
  ReserveItem,
} from "../../schema/rpc/sku-stock.ts";
import { inSkuOrder, toBasket, unitsOf } from "./basket.ts";
import type { BasketClaim, Claim } from "./records.ts";

/** A basket on its way through its SKUs, and, once it was refused, on its way back. */
export type Errand = {
  item: KeyedReserveItem;
  lines: BasketLine[];
  /** To be claimed before its units are asked for; null: nothing to claim, or claimed by the first request. */
  claim: MadeClaim | null;
  /** The basket exists: what a SKU says of it is told, and nothing is given back. */
  isRepeat: boolean;
  isClaimed: boolean;
  /** A line may still be held: then the claim stays too, until its deadline. */
  isUnsure: boolean;
  held: Reservation[];
  refusal: BasketRefusal | null;
  /** What the call that was given up on comes to; null: none was. */
  late: Promise<ReserveAnswer | undefined> | null;
  answer: PromiseWithResolvers<BasketAnswer>;
};

/** Claimed and given back under the number of its try: at one number the give-back is the later. */
export type MadeClaim = Claim & { made: NonNullable<BasketClaim["made"]> };

export type Answer = ReserveAnswer | GiveBackAnswer | LimitClaimAnswer | LimitReturnAnswer;

/** Where an errand goes next: to the object that counts its limit, or to a SKU's. */
export type Stop = { act: "claim" | "unclaim"; skuId: null } | { act: "reserve" | "give_back"; skuId: SkuId };

export function toErrand(item: KeyedReserveItem, claim: MadeClaim | null, isRepeat: boolean): Errand {
  return {
    item,
    lines: inSkuOrder(item.lines),
    claim,
    isRepeat,
    isClaimed: false,
    isUnsure: false,
    held: [],
    refusal: null,
    late: null,
    answer: Promise.withResolvers<BasketAnswer>(),
  };
}

/** Where it goes next: forward until a refusal, then back the way it came. null: it is at its end. */
export function stopOf({ lines, claim, isClaimed, isUnsure, held, refusal }: Errand): Stop | null {
  if (refusal) {
    const last = held.at(-1);
    if (last) return { act: "give_back", skuId: last.skuId };
    return isClaimed && !isUnsure ? { act: "unclaim", skuId: null } : null;
  }
  if (claim && !isClaimed) return { act: "claim", skuId: null };
  const line = lines[held.length];
  return line ? { act: "reserve", skuId: line.skuId } : null;
}

/** What its stop has said, or that it has not answered: brings the errand on. */
export function takeAnswer(errand: Errand, answer: Answer | undefined): void {
  const stop = stopOf(errand);
  switch (stop?.act) {
    case "give_back":
      errand.held.pop();
      errand.isUnsure ||= !answer?.ok;
      return;
    case "unclaim":
      errand.isClaimed = false;
      return;
  }
  if (answer?.ok) {
    if (stop?.act === "claim") errand.isClaimed = true;
    else errand.held.push(answer.value as Reservation);
    const basket = errand.held.length === errand.lines.length ? toBasket(nonEmpty(errand.held)) : null;
    if (basket && !basket.ok) errand.refusal = basket.refusal;
    return;
  }
  errand.refusal = toRefusal(answer, stop?.skuId ?? null, errand.lines.length);
  if (errand.isRepeat) errand.held = [];
  errand.isUnsure = stop?.act === "reserve" && answer === undefined;
}

/** @throws when there is nothing to claim. */
function claimAt({ claim }: Errand): MadeClaim {
  if (claim === null) throw new Error("no claim to be made");
  return claim;
}

export function toClaim(errand: Errand): LimitClaim {
  const { identity, max, made } = claimAt(errand);
  return { identity, max, claimId: errand.item.reservationId, units: unitsOf(errand.lines), ...made };
}

export function toUnclaim(errand: Errand): LimitReturn {
  const { identity, made } = claimAt(errand);
  return { identity, claimId: errand.item.reservationId, step: made.step, countsUntilMs: null };
}

export function toReserveItem({ item, lines, held }: Errand): ReserveItem {
  const { reservationId, fingerprint, shopperId, identity, ticketId } = item;
  return {
    reservationId,
    fingerprint,
    shopperId,
    identity,
    ticketId,
    quantity: lines[held.length]?.quantity ?? 0,
    isFirstLine: held.length === 0,
  };
}

/** Names the very row: a copy of this call that comes late must not take what the key made since. */
export function toGiveBack({ item, held }: Errand): GiveBackItem {
  const { reservationId, shopperId } = item;
  const createdAtMs = held.at(-1)?.createdAtMs ?? null;
  return { reservationId, shopperId, createdAtMs, isFirstLine: held.length === 1 };
}

function toRefusal(answer: Answer | undefined, skuId: SkuId | null, lineCount: number): BasketRefusal {
  // A limit has seen a later number: a clock went back, and goes on.
  const isKnown = answer?.ok === false && !("step" in answer.refusal);
  const refusal: BasketRefusal = isKnown ? (answer.refusal as BasketRefusal) : UNKNOWN;
  if (!skuId) return refusal;
  const detail = lineCount > 1 ? `Because of ${skuId}; of the others nothing was kept either.` : undefined;
  return { ...(detail ? { detail } : {}), ...refusal, skuId };
}

export function nonEmpty(held: Reservation[]): [Reservation, ...Reservation[]] {
  const [first, ...others] = held;
  if (!first) throw new Error("a basket without lines");
  return [first, ...others];
}

/** A SKU's object may have reserved or not: the same key again tells. */
export const UNKNOWN = { code: "unavailable", retryAfterMs: LIMITS.orderPollMs } as const;
