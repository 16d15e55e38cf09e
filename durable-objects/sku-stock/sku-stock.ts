import { DurableObject } from "cloudflare:workers";
import { LIMITS } from "../../schema/limits.ts";
import type { LedgerPage, SkuLevel } from "../../schema/line.ts";
import { ok, refuse } from "../../schema/result.ts";
import type {
  AdjustAnswer,
  AdjustItem,
  CommitItem,
  ConfigureAnswer,
  GiveBackAnswer,
  GiveBackItem,
  PinItem,
  ReleaseItem,
  ReserveAnswer,
  ReserveItem,
  SkuTerms,
  StepAnswer,
  StockAudit,
  StockStep,
} from "../../schema/rpc/sku-stock.ts";
import type { WaitAnswer, WaitItem, WaitingAnswer, WaitingQuery } from "../../schema/rpc/waiting-list.ts";
import { inTime } from "../in-time.ts";
import { logError } from "../log.ts";
import { isBorn } from "../migrate.ts";
import { stubs } from "../stubs.ts";
import { decideRepublish } from "./correcting/correct.ts";
import { Corrections, toAdjusted } from "./correcting/corrections.ts";
import { CorrectionStore } from "./correcting/store.ts";
import { nextAlarm } from "./decide.ts";
import { Ledger } from "./ledger/ledger.ts";
import { LedgerStore } from "./ledger/store.ts";
import { Reservations } from "./reserving/reservations.ts";
import { SkuStore } from "./store.ts";
import { WaitingStore } from "./waiting/store.ts";
import { WaitingList } from "./waiting/waiting-list.ts";

/**
 * The exact stock of one SKU of one drop. It alone decides, with no `await` between read and write, and answers only
 * when its writes are durable. Every method takes a batch and answers in the same order; items are independent, so one
 * that is refused or fails leaves the others as they are. A repeat of an item changes nothing and gets the same answer.
 */
export class SkuStock extends DurableObject<StateEnv> {
  readonly #store: SkuStore;
  readonly #reservations: Reservations;
  readonly #waiting: WaitingList;
  readonly #corrections: Corrections;
  readonly #ledger: Ledger;
  /** A hint that saves writes: the alarm as last set by this instance. */
  #armedForMs: number | null = null;
  /** The level that this instance told the line last, and when it may tell the next. Unknown at first: then it tells again. */
  #pushed = { version: -1, notBeforeMs: 0 };

  constructor(ctx: DurableObjectState, env: StateEnv) {
    super(ctx, env);
    this.#store = new SkuStore(ctx.storage);
    this.#waiting = new WaitingList(this.#store, new WaitingStore(ctx.storage));
    this.#reservations = new Reservations(this.#store, this.#waiting);
    this.#corrections = new Corrections(this.#store, new CorrectionStore(ctx.storage));
    this.#ledger = new Ledger(new LedgerStore(ctx.storage), () => scheduler.wait(0));
    ctx.blockConcurrencyWhile(async () => {
      if (isBorn(ctx.storage)) this.#store.bear();
    });
  }

  /**
   * Takes the published terms. The stock moves by as much as the document's figure did, and only as far as units are free:
   * corrections made meanwhile stay. The same terms again, or earlier ones, change nothing.
   */
  async configure(terms: SkuTerms): Promise<ConfigureAnswer> {
    const nowMs = Date.now();
    this.#store.bear();
    this.#store.atomically(() => {
      this.#store.createLevel();
      const held = this.#store.terms();
      if (held !== null && !isNewer(terms, held)) return;
      const counts = this.#store.level();
      const next = decideRepublish(counts, held, terms);
      this.#store.writeTerms(terms);
      this.#store.moveCounts(next);
      const quantity = next.stock - counts.stock;
      this.#store.writeLedger({ ...next, kind: "configure", atMs: nowMs, quantity });
    });
    this.#waiting.offer(terms, nowMs);
    await this.#arm();
    return ok(this.#levelOf(terms));
  }

  /** Units for shoppers who hold a pass, until a deadline by this object's clock. */
  async reserve(items: ReserveItem[]): Promise<ReserveAnswer[]> {
    const terms = this.#store.terms();
    if (!terms) return items.map(() => refuse({ code: "sku_not_found" }));
    const answers = this.#reservations.reserve(terms, items, this.#sweep(terms));
    await this.#arm();
    return answers;
  }

  /**
   * Gives held units back as if they had never been reserved: their keys may be used anew. Under a key that holds nothing
   * it changes nothing; units that an order has are `reservation_taken`.
   */
  async giveBack(items: GiveBackItem[]): Promise<GiveBackAnswer[]> {
    const terms = this.#store.terms();
    if (!terms) return items.map(() => ok(null));
    const nowMs = this.#sweep(terms);
    const answers = this.#reservations.giveBack(terms, items, nowMs);
    this.#waiting.offer(terms, nowMs);
    await this.#arm();
    return answers;
  }

  /** Takes the deadline off reservations for an order. Late by this object's clock is `reservation_lapsed`. */
  async pin(items: PinItem[]): Promise<StepAnswer[]> {
    return this.#steps(items, (terms, nowMs) => this.#reservations.pin(terms, items, nowMs));
  }

  /**
   * Sells pinned units. With `late`, units given back before are taken again if some are free, else `sold_out`; a shopper
   * who has taken others since is told `reservation_lapsed`.
   */
  async commit(items: CommitItem[]): Promise<StepAnswer[]> {
    return this.#steps(items, (terms, nowMs) => this.#reservations.commit(terms, items, nowMs));
  }

  /** Gives an order's units back; reverses a commit whose capture failed. */
  async release(items: ReleaseItem[]): Promise<StepAnswer[]> {
    return this.#steps(items, (terms, nowMs) => this.#reservations.release(terms, items, nowMs));
  }

  /**
   * Corrects the stock, or takes bought units back. A repeat changes nothing and gets the first outcome; the same id with
   * another change is refused.
   */
  async adjust(items: AdjustItem[]): Promise<AdjustAnswer[]> {
    const terms = this.#store.terms();
    if (!terms) return items.map(() => refuse({ code: "sku_not_found" }));
    const nowMs = this.#sweep(terms);
    const made = items.map((item) => this.#corrections.make(terms, item, nowMs));
    this.#waiting.offer(terms, nowMs);
    await this.#arm();
    return made.map((outcome) => toAdjusted(outcome, this.#levelOf(terms)));
  }

  /** Puts shoppers who hold a pass on the waiting list, or offers them what is free. A repeat gets the entry as it stands. */
  async wait(items: WaitItem[]): Promise<WaitAnswer[]> {
    return this.#onList(
      items,
      (terms, nowMs) => this.#waiting.wait(terms, items, nowMs),
      () => refuse({ code: "sku_not_found" }),
    );
  }

  /** How entries stand, for their own shoppers; anybody else's does not exist. */
  async showWaiting(items: WaitingQuery[]): Promise<WaitingAnswer[]> {
    return this.#onList(
      items,
      (terms, nowMs) => this.#waiting.show(terms, items, nowMs),
      () => refuse({ code: "waiting_entry_not_found" }),
    );
  }

  /** Takes entries off the list; an offer's units go to the next. What an order has already is left as it is. */
  async leaveWaiting(items: WaitingQuery[]): Promise<WaitingAnswer[]> {
    return this.#onList(
      items,
      (terms, nowMs) => this.#waiting.leave(terms, items, nowMs),
      () => refuse({ code: "waiting_entry_not_found" }),
    );
  }

  /** One page of everything this object holds. Rows after the given ledger sequence and reservation row. */
  async audit(afterLedger: number, afterReservation: number): Promise<StockAudit> {
    const terms = this.#store.terms();
    if (!terms) return { level: null, ledger: [], nextLedger: null, reservations: [], nextReservation: null };
    return { level: this.#levelOf(terms), ...this.#store.audit(terms.skuId, afterLedger, afterReservation) };
  }

  /** A page of the ledger as the public sees it, from 0; null: there is none yet. A complete one never changes. */
  async ledgerPage(page: number): Promise<LedgerPage | null> {
    const terms = this.#store.terms();
    return terms ? this.#ledger.page(terms.skuId, page) : null;
  }

  /** Wakes an object whose alarm was lost. Harmless at any time. */
  async knock(): Promise<void> {
    await this.alarm();
  }

  /** Wakes this object, wherever it is made, and tells its clock. Writes nothing: one that was never published to stays unborn. */
  async clockMs(): Promise<number> {
    return Date.now();
  }

  override async alarm(): Promise<void> {
    this.#armedForMs = null;
    try {
      const terms = this.#store.terms();
      if (!terms) return;
      this.#sweep(terms);
      await this.#pushLevel(terms);
    } catch (error) {
      logError("sku_stock_alarm_failed", error);
    } finally {
      await this.#arm();
    }
  }

  #levelOf(terms: SkuTerms): SkuLevel {
    const { stock, available, reserved, sold } = this.#store.level();
    return { skuId: terms.skuId, stock, available, reserved, sold };
  }

  /** Lapses what is due and offers it on, so that the decision that follows is exact. Returns the instant it was exact at. */
  #sweep(terms: SkuTerms): number {
    const nowMs = Date.now();
    this.#reservations.lapse(terms, nowMs);
    this.#waiting.offer(terms, nowMs);
    return nowMs;
  }

  async #steps(
    items: StockStep[],
    act: (terms: SkuTerms, nowMs: number) => StepAnswer[],
  ): Promise<StepAnswer[]> {
    const terms = this.#store.terms();
    if (!terms) return items.map(() => refuse({ code: "reservation_not_found" }));
    const nowMs = this.#sweep(terms);
    const answers = act(terms, nowMs);
    this.#waiting.offer(terms, nowMs);
    await this.#arm();
    return answers;
  }

  async #onList<Item, Answer>(
    items: Item[],
    act: (terms: SkuTerms, nowMs: number) => Answer[],
    none: () => Answer,
  ): Promise<Answer[]> {
    const terms = this.#store.terms();
    if (!terms) return items.map(none);
    const answers = act(terms, this.#sweep(terms));
    await this.#arm();
    return answers;
  }

  #hasNews(): boolean {
    return this.#store.level().version !== this.#pushed.version;
  }

  async #pushLevel(terms: SkuTerms): Promise<void> {
    if (!this.#hasNews() || this.#pushed.notBeforeMs > Date.now()) return;
    // Before the call: a push that fails waits its turn like any other instead of storming the line.
    this.#pushed.notBeforeMs = Date.now() + terms.levelPushIntervalMs;
    const ledger = await this.#ledger.head();
    // Read after it, so that the level takes in every row that the head does.
    const level = this.#store.level();
    const push = {
      level: this.#levelOf(terms),
      levelVersion: level.version,
      ticketsSeen: level.ticketsSeen,
      ledger,
    };
    // A line that hangs must not hold the alarm by which units lapse; what it did not take it is told by the next.
    await inTime(stubs.line(this.env, terms.dropId).pushLevel(push), LIMITS.lineCallTimeoutMs);
    this.#pushed.version = level.version;
  }

  async #arm(): Promise<void> {
    if (!this.#store.terms()) return;
    const dueMs = nextAlarm({
      earliestDeadlineMs: this.#store.earliestDeadlineMs(),
      pushDueAtMs: this.#hasNews() ? this.#pushed.notBeforeMs : null,
    });
    if (dueMs === null) return;
    const nextMs = Math.max(dueMs, Date.now() + LIMITS.alarmMinDelayMs);
    // An alarm that comes too early only recomputes: moving it later is not worth a write.
    if (this.#armedForMs !== null && this.#armedForMs <= nextMs) return;
    this.#armedForMs = nextMs;
    await this.ctx.storage.setAlarm(nextMs);
  }
}

/** A call that was under way while the drop was published anew must not bring the old terms back. */
function isNewer(terms: SkuTerms, held: SkuTerms): boolean {
  const laterByMs = terms.publishedAtMs - held.publishedAtMs;
  return laterByMs > 0 || (laterByMs === 0 && terms.version !== held.version);
}
