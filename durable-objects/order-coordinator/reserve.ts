import type { BasketLine } from "../../schema/http.ts";
import type { DropId, ReservationId, SkuId } from "../../schema/ids.ts";
import type {
  LimitClaim,
  LimitClaimAnswer,
  LimitReturn,
  LimitReturnAnswer,
} from "../../schema/limit-guard.ts";
import { LIMITS } from "../../schema/limits.ts";
import { refuse } from "../../schema/result.ts";
import type {
  BasketAnswer,
  BasketRefusal,
  GiveBackAnswer,
  GiveBackItem,
  KeyedReserveItem,
  Reservation,
  ReserveAnswer,
  ReserveItem,
} from "../../schema/rpc.ts";
import { logError } from "../log.ts";
import { inSkuOrder, toBasket, unitsOf } from "./basket.ts";
import type { InTime } from "./in-time.ts";
import type { Limits } from "./limits.ts";
import { carry } from "./rounds.ts";
import type { BasketClaim, Claim, OrderStore } from "./store.ts";

export type SkuApi = {
  reserve(items: ReserveItem[]): Promise<ReserveAnswer[]>;
  giveBack(items: GiveBackItem[]): Promise<GiveBackAnswer[]>;
};

export type Deps = {
  store: Pick<OrderStore, "reservation" | "noteReservation">;
  sku(dropId: DropId, skuId: SkuId): { key: string; api: SkuApi };
  limits: Limits;
  inTime: InTime;
  nowMs(): number;
};

/** A key whose first request has not come to its end yet. */
type UnderWay = { fingerprint: string; answer: Promise<BasketAnswer> };

/** A basket on its way through its SKUs, and, once it was refused, on its way back. */
type Errand = {
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
type MadeClaim = Claim & { made: NonNullable<BasketClaim["made"]> };

type Answer = ReserveAnswer | GiveBackAnswer | LimitClaimAnswer | LimitReturnAnswer;
type Stop = { key: string; act: "claim" | "reserve" | "give_back" | "unclaim"; line?: BasketLine };

/**
 * Reserves baskets, all lines or none, one use of an idempotency key at a time. A reservation's id is derived from its key
 * alone, and its rows live in the objects of the SKUs that its body names: so all uses of one key meet here. The first
 * refusal gives the earlier lines back, and frees the key for another try. A line whose SKU did not answer is given back
 * when the answer comes after all; if it never comes, or this process dies, the same key finds its rows again, and what
 * nobody asks for again lapses at its deadline.
 */
export class Reserver {
  readonly #deps: Deps;
  readonly #underWay = new Map<ReservationId, UnderWay>();
  #lastStep = 0;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  reserve(items: KeyedReserveItem[]): Promise<BasketAnswer[]> {
    const errands: Errand[] = [];
    const answers = items.map((item) => {
      const taken = this.#takeOn(item);
      if (!("item" in taken)) return taken;
      errands.push(taken);
      return taken.answer.promise;
    });
    carry<Errand, Answer>(errands, {
      stopOf: (errand) => this.#keyOf(errand),
      call: (_, group) => this.#call(group),
      take: (errand, answer) => this.#take(errand, answer),
    }).catch((error) => {
      // Not foreseen. Whoever waits is told, and the keys are free: their rows, if any were made, are found by the same keys.
      logError("baskets_not_carried", error, { baskets: errands.length });
      for (const errand of errands) {
        errand.refusal ??= UNKNOWN;
        this.#end(errand);
      }
    });
    return Promise.all(answers);
  }

  /** What is known of a key already, or a new errand for it. A throw is this item's alone: others are on their way. */
  #takeOn(item: KeyedReserveItem): Errand | BasketAnswer | Promise<BasketAnswer> {
    const { reservationId, fingerprint } = item;
    try {
      const first = this.#underWay.get(reservationId);
      const noted = first ? null : this.#deps.store.reservation(reservationId);
      const used = first ?? noted;
      if (used && used.fingerprint !== fingerprint) return refuse({ code: "idempotency_key_reused" });
      if (first) return first.answer;
      if (noted?.isGivenBack) return refuse({ code: "reservation_given_back" });
      if (noted === null && item.isPaused) return refuse({ code: "drop_paused" });
      const errand = toErrand(item, noted !== null ? null : this.#toClaim(item), noted !== null);
      this.#underWay.set(reservationId, { fingerprint, answer: errand.answer.promise });
      return errand;
    } catch (error) {
      logError("basket_not_taken_on", error, { reservationId });
      return refuse({ code: "internal" });
    }
  }

  /**
   * Keeps a key for another use than a basket, until it is freed by what this returns; null: it is in use. A basket that
   * comes meanwhile with another body is refused, as by a basket.
   */
  hold(reservationId: ReservationId, fingerprint: string): (() => void) | null {
    if (this.#underWay.has(reservationId)) return null;
    const { promise: answer, resolve } = Promise.withResolvers<BasketAnswer>();
    this.#underWay.set(reservationId, { fingerprint, answer });
    return () => {
      this.#underWay.delete(reservationId);
      resolve(refuse(UNKNOWN));
    };
  }

  /** Resolves once this key's request, if one is under way, has been answered. */
  async quiet(reservationId: ReservationId): Promise<void> {
    await this.#underWay.get(reservationId)?.answer;
  }

  #keyOf(errand: Errand): string | null {
    const stop = this.#stopOf(errand);
    return stop && `${stop.act} ${stop.key}`;
  }

  #stopOf(errand: Errand): Stop | null {
    const { item, lines, claim, isClaimed, isUnsure, held, refusal } = errand;
    const sku = (skuId: SkuId) => this.#deps.sku(item.dropId, skuId).key;
    const limit = () => this.#deps.limits(item.dropId, item.identity).key;
    if (refusal) {
      const last = held.at(-1);
      if (last) return { key: sku(last.skuId), act: "give_back" };
      return isClaimed && !isUnsure ? { key: limit(), act: "unclaim" } : null;
    }
    if (claim && !isClaimed) return { key: limit(), act: "claim" };
    const line = lines[held.length];
    return line ? { key: sku(line.skuId), act: "reserve", line } : null;
  }

  async #call(errands: [Errand, ...Errand[]]): Promise<Answer[]> {
    const { dropId, identity } = errands[0].item;
    const stop = this.#stopOf(errands[0]);
    const skuId = stop?.line?.skuId ?? errands[0].held.at(-1)?.skuId;
    const asked = this.#ask(errands, stop?.act, { dropId, identity, skuId });
    try {
      return await this.#deps.inTime(asked, LIMITS.skuCallTimeoutMs);
    } catch (error) {
      logError("basket_step_failed", error, { act: stop?.act ?? "", dropId, skuId: skuId ?? "" });
      const late = asked.catch((): Answer[] => []);
      if (stop?.act !== "reserve") throw error;
      for (const [index, errand] of errands.entries()) {
        errand.late = late.then((answers) => answers[index] as ReserveAnswer | undefined);
      }
      throw error;
    }
  }

  async #ask(
    errands: Errand[],
    act: Stop["act"] | undefined,
    { dropId, identity, skuId }: { dropId: DropId; identity: string; skuId: SkuId | undefined },
  ): Promise<Answer[]> {
    const limit = () => this.#deps.limits(dropId, identity).api;
    switch (act) {
      case "claim":
        return limit().claim(errands.map(toClaim));
      case "unclaim":
        return limit().giveBack(errands.map(toUnclaim));
    }
    if (!skuId) return [];
    const { api } = this.#deps.sku(dropId, skuId);
    return act === "reserve"
      ? api.reserve(errands.map(toReserveItem))
      : api.giveBack(errands.map(toGiveBack));
  }

  /** Each try has a number of its own, above those before it: in this process by counting, after another by the clock. */
  #toClaim({ identity, unitsPerShopper, reservationTtlMs }: KeyedReserveItem): MadeClaim | null {
    if (unitsPerShopper === null) return null;
    const nowMs = this.#deps.nowMs();
    this.#lastStep = Math.max(this.#lastStep + 1, nowMs);
    const made = { step: this.#lastStep, untilMs: nowMs + reservationTtlMs + LIMITS.claimSlackMs };
    return { identity, max: unitsPerShopper, made };
  }

  #take(errand: Errand, answer: Answer | undefined): void {
    const stop = this.#stopOf(errand);
    if (stop?.act === "give_back") {
      errand.held.pop();
      errand.isUnsure ||= !answer?.ok;
    } else if (stop?.act === "unclaim") errand.isClaimed = false;
    else if (answer?.ok) {
      if (stop?.act === "claim") errand.isClaimed = true;
      else errand.held.push(answer.value as Reservation);
      const basket = errand.held.length === errand.lines.length ? toBasket(nonEmpty(errand.held)) : null;
      if (basket && !basket.ok) errand.refusal = basket.refusal;
    } else {
      errand.refusal = toRefusal(answer, stop?.line?.skuId, errand.lines.length);
      if (errand.isRepeat) errand.held = [];
      errand.isUnsure = stop?.act === "reserve" && answer === undefined;
    }
    if (this.#stopOf(errand) === null) this.#finish(errand);
  }

  #finish(errand: Errand): void {
    errand.answer.resolve(errand.refusal ? refuse(errand.refusal) : this.#note(errand));
    if (!errand.late) this.#end(errand);
    else void this.#awaitLate(errand, errand.late).then(() => this.#end(errand));
  }

  /** Answers, if nothing has yet, and frees the key, if it is still this errand's. */
  #end({ item: { reservationId }, answer, refusal }: Errand): void {
    if (refusal) answer.resolve(refuse(refusal));
    if (this.#underWay.get(reservationId)?.answer === answer.promise) this.#underWay.delete(reservationId);
  }

  /** What the key made is durable before the answer is: the answer waits behind the write. */
  #note({ item, lines, claim, held, isRepeat }: Errand): BasketAnswer {
    try {
      if (!isRepeat) this.#deps.store.noteReservation({ ...item, lines, claim });
      return toBasket(nonEmpty(held));
    } catch (error) {
      logError("reservation_not_noted", error, { reservationId: item.reservationId });
      return refuse(UNKNOWN);
    }
  }

  /** The key stays busy until then: no later use of it can meet what this one left behind. Never rejects. */
  async #awaitLate(errand: Errand, late: NonNullable<Errand["late"]>): Promise<void> {
    const { inTime } = this.#deps;
    try {
      const answer = await inTime(late, LIMITS.skuCallForgottenMs);
      if (!answer?.ok || errand.isRepeat) return;
      const { api } = this.#deps.sku(errand.item.dropId, answer.value.skuId);
      const items = [toGiveBack({ ...errand, held: [answer.value] })];
      await inTime(api.giveBack(items), LIMITS.skuCallForgottenMs);
    } catch (error) {
      logError("late_line_not_given_back", error, { reservationId: errand.item.reservationId });
    }
  }
}

function toErrand(item: KeyedReserveItem, claim: MadeClaim | null, isRepeat: boolean): Errand {
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

/** @throws when there is nothing to claim. */
function claimAt({ claim }: Errand): MadeClaim {
  if (claim === null) throw new Error("no claim to be made");
  return claim;
}

function toClaim(errand: Errand): LimitClaim {
  const { identity, max, made } = claimAt(errand);
  return { identity, max, claimId: errand.item.reservationId, units: unitsOf(errand.lines), ...made };
}

function toUnclaim(errand: Errand): LimitReturn {
  const { identity, made } = claimAt(errand);
  return { identity, claimId: errand.item.reservationId, step: made.step, countsUntilMs: null };
}

function toReserveItem({ item, lines, held }: Errand): ReserveItem {
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
function toGiveBack({ item, held }: Errand): GiveBackItem {
  const { reservationId, shopperId } = item;
  const createdAtMs = held.at(-1)?.createdAtMs ?? null;
  return { reservationId, shopperId, createdAtMs, isFirstLine: held.length === 1 };
}

function toRefusal(answer: Answer | undefined, skuId: SkuId | undefined, lineCount: number): BasketRefusal {
  // A limit has seen a later number: a clock went back, and goes on.
  const isKnown = answer?.ok === false && !("step" in answer.refusal);
  const refusal: BasketRefusal = isKnown ? (answer.refusal as BasketRefusal) : UNKNOWN;
  if (!skuId) return refusal;
  const detail = lineCount > 1 ? `Because of ${skuId}; of the others nothing was kept either.` : undefined;
  return { ...(detail ? { detail } : {}), ...refusal, skuId };
}

function nonEmpty(held: Reservation[]): [Reservation, ...Reservation[]] {
  const [first, ...others] = held;
  if (!first) throw new Error("a basket without lines");
  return [first, ...others];
}

/** A SKU's object may have reserved or not: the same key again tells. */
const UNKNOWN = { code: "unavailable", retryAfterMs: LIMITS.orderPollMs } as const;
