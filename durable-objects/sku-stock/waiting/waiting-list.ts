import { ok, refuse } from "../../../schema/result.ts";
import type { PinItem, SkuTerms } from "../../../schema/rpc/sku-stock.ts";
import type {
  WaitAnswer,
  WaitItem,
  WaitingAnswer,
  WaitingEntry,
  WaitingQuery,
} from "../../../schema/rpc/waiting-list.ts";
import { logError } from "../../log.ts";
import { decideGiveBack } from "../decide.ts";
import type { SkuStore } from "../store.ts";
import type { WaitingStore } from "./store.ts";
import {
  decideOffer,
  decideWait,
  standingOf,
  unitsToCome,
  type WaitDecision,
  type WaitingRow,
} from "./turn.ts";

/**
 * Who waits for units of one SKU, oldest first. A unit that becomes free is held for whoever's turn it is in the same turn
 * of the object that freed it, until a deadline; an ordinary reservation takes nothing that they could still get. The
 * caller has swept what is due.
 */
export class WaitingList {
  readonly #stock: SkuStore;
  readonly #store: WaitingStore;

  constructor(stock: SkuStore, store: WaitingStore) {
    this.#stock = stock;
    this.#store = store;
  }

  /** Whatever is free now, or comes back, belongs to somebody who waits. Costs no query while nobody waits. */
  arePromised(): boolean {
    const level = this.#stock.level();
    return level.waiting > 0 && this.#store.firstUpTo(unitsToCome(level)) !== null;
  }

  /**
   * Offers what is free, in turn. Each offer is a savepoint of its own; an entry that fails is undone, logged and taken off,
   * for every call offers first, and whoever only reserves or pays must not fail with it.
   */
  offer(terms: SkuTerms, nowMs: number): void {
    if (nowMs >= terms.closesAtMs) return;
    while (this.#stock.level().waiting > 0 && this.#stock.level().available > 0) {
      const entry = this.#store.firstUpTo(unitsToCome(this.#stock.level()));
      if (!entry || !this.#tryOffer(entry, terms, nowMs)) return;
    }
  }

  /** False: the list stands still, until the next call at the latest. */
  #tryOffer(entry: WaitingRow, terms: SkuTerms, nowMs: number): boolean {
    try {
      return this.#offerTo(entry, terms, nowMs);
    } catch (error) {
      logError("sku_stock_offer_failed", error, { reservationId: entry.reservationId });
      return this.#tryToTakeOff(entry);
    }
  }

  #tryToTakeOff(entry: WaitingRow): boolean {
    try {
      this.#stock.atomically(() => this.#end(entry, "left"));
      return true;
    } catch (error) {
      logError("sku_stock_entry_not_taken_off", error, { reservationId: entry.reservationId });
      return false;
    }
  }

  /** False: too few units are free for it, and everybody behind it waits as well. */
  #offerTo(entry: WaitingRow, terms: SkuTerms, nowMs: number): boolean {
    const shopperRows = this.#stock.reservationsOf(terms.skuId, entry);
    const turn = decideOffer({ terms, counts: this.#stock.level(), entry, shopperRows, nowMs });
    if (turn.kind === "wait") return false;
    this.#stock.atomically(() => {
      if (turn.kind === "offer") this.#stock.apply(turn.change, nowMs, shopperRows.length === 0 ? 1 : 0);
      this.#end(entry, turn.kind === "offer" ? "offered" : "left");
    });
    return true;
  }

  /** Puts people at the end of the list; what is free is offered before the answer. */
  wait(terms: SkuTerms, items: readonly WaitItem[], nowMs: number): WaitAnswer[] {
    const decisions = items.map((item) => this.#settle(terms, item, nowMs));
    this.offer(terms, nowMs);
    return decisions.map((decision, index): WaitAnswer => {
      if (!decision.ok) return decision;
      const id = decision.value.entry?.reservationId ?? items[index]?.reservationId;
      const entry = id && this.#store.entry(id);
      return entry ? ok(this.#view(entry, terms, nowMs)) : refuse({ code: "internal" });
    });
  }

  #settle(terms: SkuTerms, item: WaitItem, nowMs: number): WaitDecision {
    try {
      return this.#stock.atomically(() => {
        const last = this.#store.lastOf(item.shopperId);
        const decision = decideWait({
          terms,
          existing: this.#store.entry(item.reservationId),
          open: last && this.#isOpen(last, terms, nowMs) ? last : null,
          shopperRows: this.#stock.reservationsOf(terms.skuId, item),
          waiting: this.#stock.level().waiting,
          item,
          nowMs,
        });
        if (decision.ok && decision.value.entry === null) {
          this.#store.append(item, nowMs);
          this.#stock.noteWaiting(1);
        }
        return decision;
      });
    } catch (error) {
      logError("sku_stock_wait_failed", error, { reservationId: item.reservationId });
      return refuse({ code: "internal" });
    }
  }

  show(terms: SkuTerms, items: readonly WaitingQuery[], nowMs: number): WaitingAnswer[] {
    return items.map((item) => {
      const entry = this.#find(item);
      return entry ? ok(this.#view(entry, terms, nowMs)) : NOT_FOUND;
    });
  }

  /**
   * Ends entries that wait or are offered; a repeat, one that an order has, and one that cannot be ended get the entry as it
   * stands.
   */
  leave(terms: SkuTerms, items: readonly WaitingQuery[], nowMs: number): WaitingAnswer[] {
    for (const item of items) this.#tryToLeave(terms, item, nowMs);
    this.offer(terms, nowMs);
    return this.show(terms, items, nowMs);
  }

  #tryToLeave(terms: SkuTerms, item: WaitingQuery, nowMs: number): void {
    try {
      const entry = this.#find(item);
      if (!entry || !this.#isOpen(entry, terms, nowMs)) return;
      this.#stock.atomically(() => {
        const offered = this.#stock.reservation(terms.skuId, entry.reservationId);
        const givenBack = decideGiveBack(offered, { ...entry, createdAtMs: null }, this.#stock.level());
        if (givenBack.ok && givenBack.value) this.#stock.apply(givenBack.value, nowMs);
        this.#end(entry, "left");
      });
    } catch (error) {
      logError("sku_stock_leave_failed", error, { reservationId: item.reservationId });
    }
  }

  /**
   * An order for an entry that only waits is refused and forgotten. A copy of its pin that comes once the offer is made would
   * take the deadline off for nobody: the offer's row remembers that its number is over.
   */
  passOver(item: PinItem): void {
    if (this.#stock.level().waiting > 0) this.#store.passOver(item);
  }

  #end(entry: WaitingRow, state: "offered" | "left"): void {
    this.#store.setState(entry.reservationId, state);
    if (entry.state === "waiting") this.#stock.noteWaiting(-1);
  }

  #find({ reservationId, shopperId }: WaitingQuery): WaitingRow | null {
    const entry = this.#store.entry(reservationId);
    return entry?.shopperId === shopperId ? entry : null;
  }

  #isOpen(entry: WaitingRow, terms: SkuTerms, nowMs: number): boolean {
    const { state } = this.#view(entry, terms, nowMs);
    return state === "waiting" || state === "offered";
  }

  #view(entry: WaitingRow, terms: SkuTerms, nowMs: number): WaitingEntry {
    const { reservationId, quantity, seq } = entry;
    const offered = entry.state === "offered" ? this.#stock.reservation(terms.skuId, reservationId) : null;
    const state = standingOf(entry, offered, terms, nowMs);
    return {
      reservationId,
      skuId: terms.skuId,
      quantity,
      state,
      ahead: state === "waiting" ? this.#store.countBefore(seq) : null,
      offerEndsAtMs: state === "offered" && offered ? offered.deadlineAtMs : null,
    };
  }
}

const NOT_FOUND = refuse({ code: "waiting_entry_not_found" as const });
