import { ok, refuse } from "../../../schema/result.ts";
import type {
  CommitItem,
  GiveBackAnswer,
  GiveBackItem,
  PinItem,
  ReleaseItem,
  ReserveAnswer,
  ReserveItem,
  SkuTerms,
  StepAnswer,
  StepRefusal,
  StockStep,
} from "../../../schema/rpc/sku-stock.ts";
import { logError } from "../../log.ts";
import {
  type Counts,
  type Decision,
  decideCommit,
  decideGiveBack,
  decideLapse,
  decidePin,
  decideRelease,
  decideReserve,
  type ReservationRow,
} from "../decide.ts";
import { toReservation } from "../rows.ts";
import type { SkuStore } from "../store.ts";
import type { WaitingList } from "../waiting/waiting-list.ts";

type StepDecision<Item> = (row: ReservationRow | null, item: Item, counts: Counts) => Decision<StepRefusal>;

/**
 * The reservations of one SKU: each item is decided and written in a savepoint of its own, so that one that fails leaves the
 * others as they are. The caller has swept what is due, and offers on what became free.
 */
export class Reservations {
  readonly #stock: SkuStore;
  readonly #waiting: WaitingList;

  constructor(stock: SkuStore, waiting: WaitingList) {
    this.#stock = stock;
    this.#waiting = waiting;
  }

  /** Units until a deadline, none that somebody who waits could still get. */
  reserve(terms: SkuTerms, items: readonly ReserveItem[], nowMs: number): ReserveAnswer[] {
    // Reserving changes nothing about it: units that are reserved may still come back.
    const arePromised = this.#waiting.arePromised();
    return items.map((item): ReserveAnswer => {
      const shopperRows = this.#stock.reservationsOf(terms.skuId, item);
      const isNew = item.isFirstLine && shopperRows.length === 0;
      const decide = () =>
        decideReserve({
          terms,
          counts: this.#stock.level(),
          // The id is derived from the shopper: nobody else's row can have it.
          existing: shopperRows.find((row) => row.reservationId === item.reservationId) ?? null,
          shopperRows,
          arePromised,
          item,
          nowMs,
        });
      return this.#settle(item.reservationId, nowMs, decide, isNew ? 1 : 0);
    });
  }

  /** Gives held units back as if they had never been reserved. */
  giveBack(terms: SkuTerms, items: readonly GiveBackItem[], nowMs: number): GiveBackAnswer[] {
    // A key under which somebody waits gives up its place, or its offer.
    if (this.#stock.level().waiting > 0) this.#waiting.leave(terms, items, nowMs);
    return items.map((item): GiveBackAnswer => {
      try {
        const row = this.#stock.reservation(terms.skuId, item.reservationId);
        const decision = decideGiveBack(row, item, this.#stock.level());
        if (!decision.ok) return decision;
        const change = decision.value;
        // A shopper who holds nothing else was not seen here: the way back of what `reserve` counted.
        const wasNew =
          item.isFirstLine && row !== null && this.#stock.reservationsOf(terms.skuId, row).length === 1;
        const newTickets = wasNew ? -1 : 0;
        if (change) this.#stock.atomically(() => this.#stock.apply(change, nowMs, newTickets));
        return ok(null);
      } catch (error) {
        logError("sku_stock_item_failed", error, { reservationId: item.reservationId });
        return refuse({ code: "internal" });
      }
    });
  }

  /** Takes the deadline off for an order. */
  pin(terms: SkuTerms, items: readonly PinItem[], nowMs: number): StepAnswer[] {
    return this.#steps(terms, { items, nowMs }, (row, item) => {
      if (row === null) this.#waiting.passOver(item);
      return decidePin(row, item);
    });
  }

  /** Sells pinned units; late ones are taken again first. */
  commit(terms: SkuTerms, items: readonly CommitItem[], nowMs: number): StepAnswer[] {
    return this.#steps(terms, { items, nowMs }, (row, item, counts) => {
      const shopperRows = row && item.late ? this.#stock.reservationsOf(terms.skuId, row) : [];
      return decideCommit({ terms, row, shopperRows, item, counts });
    });
  }

  /** Gives an order's units back. */
  release(terms: SkuTerms, items: readonly ReleaseItem[], nowMs: number): StepAnswer[] {
    return this.#steps(terms, { items, nowMs }, decideRelease);
  }

  /** Gives back what nobody ordered in time. */
  lapse(terms: SkuTerms, nowMs: number): void {
    for (const row of this.#stock.heldUntil(terms.skuId, nowMs)) this.#tryToLapse(row, nowMs);
  }

  /** Every call sweeps first: a row that cannot be written keeps its own units, and must not stop everybody else's. */
  #tryToLapse(row: ReservationRow, nowMs: number): void {
    try {
      this.#stock.atomically(() => this.#stock.apply(decideLapse(row, this.#stock.level()), nowMs));
    } catch (error) {
      logError("sku_stock_lapse_failed", error, { reservationId: row.reservationId });
    }
  }

  #steps<Item extends StockStep>(
    { skuId }: SkuTerms,
    { items, nowMs }: { items: readonly Item[]; nowMs: number },
    decide: StepDecision<Item>,
  ): StepAnswer[] {
    return items.map((item): StepAnswer => {
      const row = () => this.#stock.reservation(skuId, item.reservationId);
      return this.#settle(item.reservationId, nowMs, () => decide(row(), item, this.#stock.level()));
    });
  }

  /** Decides one item and writes it in one savepoint. What was not foreseen is undone, logged, and answered `internal`. */
  #settle<Reason extends { code: string }>(
    reservationId: string,
    nowMs: number,
    decide: () => Decision<Reason>,
    newTickets = 0,
  ) {
    try {
      const decision = decide();
      if (!decision.ok) return decision;
      const { row, change } = decision.value;
      if (change) this.#stock.atomically(() => this.#stock.apply(change, nowMs, newTickets));
      return ok(toReservation(row));
    } catch (error) {
      logError("sku_stock_item_failed", error, { reservationId });
      return refuse({ code: "internal" as const });
    }
  }
}
