import {
  type DropId,
  type Fingerprint,
  objectNames,
  type ReservationId,
  type SkuId,
} from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { refuse } from "../../schema/result.ts";
import type { KeyedReserveItem, ReserveAnswer, ReserveItem } from "../../schema/rpc.ts";
import { logError } from "../log.ts";

export type Deps = {
  store: {
    reservationFingerprint(reservationId: ReservationId): string | null;
    noteReservation(reservationId: ReservationId, fingerprint: Fingerprint): void;
  };
  sku(dropId: DropId, skuId: SkuId): { reserve(items: ReserveItem[]): Promise<ReserveAnswer[]> };
};

/** A key whose first request has not been answered yet. */
type UnderWay = { fingerprint: Fingerprint; answer: Promise<ReserveAnswer> };

/**
 * Watches over idempotency keys of reservations. A reservation's id is derived from its key alone, and lives in the
 * object of the SKU that its body names: so the same key with another SKU would meet a different object. All uses of one
 * key meet here instead. A refusal changes nothing at the SKU and is not kept: its key is free for another try.
 */
export class Reserver {
  readonly #deps: Deps;
  readonly #underWay = new Map<ReservationId, UnderWay>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  reserve(items: KeyedReserveItem[]): Promise<ReserveAnswer[]> {
    const fresh = new Map<string, KeyedReserveItem[]>();
    const settles = new Map<ReservationId, (answer: ReserveAnswer) => void>();
    const answers = items.map((item): ReserveAnswer | Promise<ReserveAnswer> => {
      const { reservationId, fingerprint } = item;
      const first = this.#underWay.get(reservationId);
      const used = first?.fingerprint ?? this.#deps.store.reservationFingerprint(reservationId);
      if (used !== null && used !== fingerprint) return refuse({ code: "idempotency_key_reused" });
      if (first) return first.answer;
      const { promise, resolve } = Promise.withResolvers<ReserveAnswer>();
      this.#underWay.set(reservationId, { fingerprint, answer: promise });
      settles.set(reservationId, resolve);
      const sku = objectNames.sku(item.dropId, item.skuId);
      fresh.set(sku, [...(fresh.get(sku) ?? []), item]);
      return promise;
    });
    for (const batch of fresh.values()) void this.#ask(batch, settles);
    return Promise.all(answers);
  }

  /** Never rejects; every item of the batch is settled, and its key is free for the next use. */
  async #ask(
    batch: KeyedReserveItem[],
    settles: Map<ReservationId, (answer: ReserveAnswer) => void>,
  ): Promise<void> {
    const answers = await this.#call(batch);
    for (const [index, { reservationId, fingerprint }] of batch.entries()) {
      const answer = this.#keep(answers[index] ?? UNKNOWN, reservationId, fingerprint);
      this.#underWay.delete(reservationId);
      settles.get(reservationId)?.(answer);
    }
  }

  /** The key's body is durable before the answer is: the answer waits behind the write. */
  #keep(answer: ReserveAnswer, reservationId: ReservationId, fingerprint: Fingerprint): ReserveAnswer {
    try {
      if (answer.ok) this.#deps.store.noteReservation(reservationId, fingerprint);
      return answer;
    } catch (error) {
      logError("reservation_key_not_kept", error, { reservationId });
      return UNKNOWN;
    }
  }

  async #call(batch: KeyedReserveItem[]): Promise<ReserveAnswer[]> {
    const [first] = batch;
    if (!first) return [];
    try {
      const items = batch.map(({ dropId: _dropId, skuId: _skuId, ...item }) => item);
      return await this.#deps.sku(first.dropId, first.skuId).reserve(items);
    } catch (error) {
      logError("reserve_failed", error, { dropId: first.dropId, skuId: first.skuId, items: batch.length });
      return [];
    }
  }
}

/** The SKU's object may have reserved or not: the same key again tells. */
const UNKNOWN: ReserveAnswer = refuse({ code: "unavailable", retryAfterMs: LIMITS.orderPollMs });
