import type { DropId, ReservationId, SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { refuse } from "../../schema/result.ts";
import type { BasketAnswer, KeyedReserveItem } from "../../schema/rpc/baskets.ts";
import type { GiveBackAnswer, GiveBackItem, ReserveAnswer, ReserveItem } from "../../schema/rpc/sku-stock.ts";
import type { InTime } from "../in-time.ts";
import { logError } from "../log.ts";
import { toBasket } from "./basket.ts";
import type { Limits } from "./limits.ts";
import {
  type Answer,
  type Errand,
  type MadeClaim,
  nonEmpty,
  type Stop,
  stopOf,
  takeAnswer,
  toClaim,
  toErrand,
  toGiveBack,
  toReserveItem,
  toUnclaim,
  UNKNOWN,
} from "./reserving.ts";
import { carry } from "./rounds.ts";
import type { OrderStore } from "./store.ts";

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
      take: (errand, answer) => {
        takeAnswer(errand, answer);
        if (stopOf(errand) === null) this.#finish(errand);
      },
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
    const stop = stopOf(errand);
    return stop && `${stop.act} ${this.#objectOf(errand.item, stop).key}`;
  }

  #objectOf({ dropId, identity }: KeyedReserveItem, { skuId }: Stop) {
    return skuId === null ? this.#deps.limits(dropId, identity) : this.#deps.sku(dropId, skuId);
  }

  async #call(errands: [Errand, ...Errand[]]): Promise<Answer[]> {
    const [{ item }] = errands;
    const stop = stopOf(errands[0]);
    if (!stop) return [];
    const asked = this.#ask(errands, stop);
    try {
      return await this.#deps.inTime(asked, LIMITS.skuCallTimeoutMs);
    } catch (error) {
      const { dropId } = item;
      logError("basket_step_failed", error, { act: stop.act, dropId, skuId: stop.skuId ?? "" });
      const late = asked.catch((): Answer[] => []);
      if (stop.act !== "reserve") throw error;
      for (const [index, errand] of errands.entries()) {
        errand.late = late.then((answers) => answers[index] as ReserveAnswer | undefined);
      }
      throw error;
    }
  }

  async #ask(errands: [Errand, ...Errand[]], stop: Stop): Promise<Answer[]> {
    const { dropId, identity } = errands[0].item;
    if (stop.skuId === null) {
      const { api } = this.#deps.limits(dropId, identity);
      return stop.act === "claim" ? api.claim(errands.map(toClaim)) : api.giveBack(errands.map(toUnclaim));
    }
    const { api } = this.#deps.sku(dropId, stop.skuId);
    return stop.act === "reserve"
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
