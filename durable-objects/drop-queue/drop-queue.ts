import { DurableObject } from "cloudflare:workers";
import type { DropDocument, PublishedDrop } from "../../schema/drop-document.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { ClosedCohort, LineRecord, Snapshot } from "../../schema/line.ts";
import { ok, type Result, refuse } from "../../schema/result.ts";
import type { JoinAnswer, LevelPush, PublishAnswer, Refusal, SkuTerms } from "../../schema/rpc.ts";
import { logError } from "../log.ts";
import { isBorn } from "../migrate.ts";
import { stubs } from "../stubs.ts";
import {
  admissionBudget,
  advance,
  cohortAt,
  cohortEndMs,
  isSoldOut,
  levelPushIntervalMs,
  nextAlarm,
  phaseAt,
  type Schedule,
  scheduleOf,
} from "./decide.ts";
import { type DropRow, LineStore } from "./store.ts";
import { TicketIndex } from "./ticket-index.ts";

type NotFound = Refusal<"drop_not_found">;

/**
 * The line of one drop: its frozen document, the ticket log, the watermark's steps and the snapshot. 16 bytes a person
 * in the log and never a row. Cohorts are decided by this object's clock alone; a cohort's seed is drawn when nobody can
 * join it any more, so that no place in it can be known, or chosen, before.
 */
export class DropQueue extends DurableObject<StateEnv> {
  readonly #store: LineStore;
  #armedForMs: number | null = null;
  /** Who is in the log, so that a repeat is seen without reading it. Rebuilt from it after an eviction. */
  #index: TicketIndex | null = null;

  constructor(ctx: DurableObjectState, env: StateEnv) {
    super(ctx, env);
    this.#store = new LineStore(ctx.storage);
    ctx.blockConcurrencyWhile(async () => {
      if (isBorn(ctx.storage)) this.#store.bear();
    });
  }

  /**
   * Freezes a document and configures its SKUs. The same version again is a repeat. Refused once the drop has started.
   * A SKU that cannot be reached now is configured by alarm; until then it refuses reservations.
   */
  async publish(document: DropDocument, version: string): Promise<PublishAnswer> {
    const nowMs = Date.now();
    this.#store.bear();
    const before = this.#store.drop()?.published;
    if (before && before.version !== version && nowMs >= Date.parse(before.document.opensAt)) {
      return refuse({ code: "drop_already_live" });
    }
    const published: PublishedDrop =
      before?.version === version ? before : { version, publishedAtMs: nowMs, document };
    if (published !== before) {
      const kept = new Set<string>(document.skus.map((sku) => sku.id));
      const removed = this.#store.skus().filter((sku) => !kept.has(sku.terms.skuId));
      const terms = [
        ...skuTerms(published),
        ...removed.map((sku) => ({ ...sku.terms, version, publishedAtMs: nowMs, stock: 0, isRemoved: true })),
      ];
      this.#store.atomically(() => this.#store.publish(published, terms));
    }
    // Armed before the calls: should this process die in them, the alarm configures what is left.
    await this.#arm();
    await this.#configureSkus();
    await this.#arm();
    return ok(published);
  }

  /**
   * Appends ticket ids (16 bytes each) to the cohort of this moment and answers when that is durable. An id that is in the
   * log already keeps its first place, whenever it comes again: a repeat is never better, and never worse.
   */
  async join(ticketIds: Uint8Array): Promise<JoinAnswer> {
    const nowMs = Date.now();
    const drop = this.#store.drop();
    if (!drop) return refuse({ code: "drop_not_found" });
    const schedule = scheduleOf(drop.published.document);
    const phase = phaseAt(schedule, false, nowMs);
    if (phase === "announced")
      return refuse({ code: "drop_not_open", retryAfterMs: schedule.lobbyOpensAtMs - nowMs });
    if (phase === "closed") return refuse({ code: "drop_closed" });
    if (this.#tickets().size >= LIMITS.joinedMax)
      return refuse({ code: "unavailable", detail: "The line is full." });
    // A clock that steps back must not reopen a cohort whose seed is out.
    const cohort = Math.max(cohortAt(schedule, nowMs), (this.#store.lastClosed() ?? -1) + 1);
    const { cohorts, fresh } = this.#tickets().addAll(ticketIds, cohort);
    try {
      if (fresh.byteLength > 0) this.#store.atomically(() => this.#store.append(cohort, fresh));
    } catch (error) {
      this.#index = null;
      throw error;
    }
    await this.#arm();
    return ok(cohorts.map((cohort) => ({ cohort, cohortClosesAtMs: cohortEndMs(schedule, cohort) })));
  }

  /** The public picture of this moment. */
  async snapshot(): Promise<Result<Snapshot, NotFound>> {
    const drop = this.#store.drop();
    if (!drop) return refuse({ code: "drop_not_found" });
    const { version, document } = drop.published;
    const schedule = scheduleOf(document);
    const skus = this.#store.levels(document.skus.map((sku) => sku.id));
    const watermark = this.#store.watermark();
    const atMs = Date.now();
    return ok({
      dropId: document.id,
      version,
      atMs,
      phase: phaseAt(schedule, isSoldOut(skus), atMs),
      ...schedule,
      watermark,
      joined: this.#store.joined(),
      admitted: this.#store.admitted(watermark),
      admitPerSecond: document.line.admitPerSecond,
      skus,
      soldOutAtMs: drop.soldOutAtMs,
    });
  }

  async published(): Promise<Result<PublishedDrop, NotFound>> {
    const drop = this.#store.drop();
    return drop ? ok(drop.published) : refuse({ code: "drop_not_found" });
  }

  /** Cohorts that nobody can join any more, after the given number, in order, at most a page. */
  async closedCohorts(afterCohort: number): Promise<Result<ClosedCohort[], NotFound>> {
    return this.#store.drop() ? ok(this.#store.closedAfter(afterCohort)) : refuse({ code: "drop_not_found" });
  }

  /** A page of closed cohorts and of the watermark's steps. */
  async record(afterCohort: number, afterStep: number): Promise<Result<LineRecord, NotFound>> {
    const drop = this.#store.drop();
    if (!drop) return refuse({ code: "drop_not_found" });
    const cohorts = this.#store.closedAfter(afterCohort);
    const steps = this.#store.stepsAfter(afterStep);
    const more = cohorts.length === LIMITS.pageRowsMax || steps.length === LIMITS.pageRowsMax;
    return ok({ dropId: drop.published.document.id, cohorts, steps, more });
  }

  /** A SKU's level; an older one than the last is ignored. */
  async pushLevel(push: LevelPush): Promise<void> {
    const drop = this.#store.drop();
    if (!drop) return;
    this.#store.takeLevel(push);
    const levels = this.#store.levels(drop.published.document.skus.map((sku) => sku.id));
    if (drop.soldOutAtMs === null && isSoldOut(levels)) this.#store.noteSoldOut(Date.now());
    await this.#arm();
  }

  /** Wakes this object and its SKUs, should an alarm have been lost. Harmless at any time. */
  async knock(): Promise<void> {
    await this.alarm();
    const skus = this.#store
      .skus()
      .map(({ terms }) => stubs.sku(this.env, terms.dropId, terms.skuId).knock());
    for (const knock of await Promise.allSettled(skus)) {
      if (knock.status === "rejected") logError("sku_not_woken", knock.reason);
    }
  }

  /** Wakes this object, wherever it is made, and tells its clock. Writes nothing: one that was never published to stays unborn. */
  async clockMs(): Promise<number> {
    return Date.now();
  }

  override async alarm(): Promise<void> {
    this.#armedForMs = null;
    try {
      const drop = this.#store.drop();
      if (drop) this.#store.atomically(() => this.#tick(drop, Date.now()));
      await this.#configureSkus();
    } catch (error) {
      logError("drop_queue_alarm_failed", error);
    } finally {
      await this.#arm();
    }
  }

  #tick(drop: DropRow, nowMs: number): void {
    const { document } = drop.published;
    const schedule = scheduleOf(document);
    for (const { cohort } of this.#store.openCohorts()) {
      if (cohortEndMs(schedule, cohort) > nowMs) continue;
      this.#store.close(cohort, crypto.getRandomValues(new Uint8Array(32)), nowMs);
    }
    for (const cohort of this.#store.unfolded()) this.#store.fold(cohort);
    this.#admit(drop, schedule, nowMs);
  }

  #admit(drop: DropRow, schedule: Schedule, nowMs: number): void {
    const { document } = drop.published;
    const soldOut = isSoldOut(this.#store.levels(document.skus.map((sku) => sku.id)));
    if (phaseAt(schedule, soldOut, nowMs) !== "live") {
      this.#store.noteTick(nowMs, 0);
      return;
    }
    const budget = admissionBudget({
      admitPerSecond: document.line.admitPerSecond,
      carry: drop.carry,
      sinceLastTickMs: nowMs - drop.lastTickMs,
    });
    const from = this.#store.watermark();
    const { watermark, admitted, left } = advance(from, this.#store.closedSizesFrom(from.cohort), budget);
    if (admitted > 0) this.#store.writeStep(watermark, nowMs);
    this.#store.noteTick(nowMs, left);
  }

  #tickets(): TicketIndex {
    if (this.#index === null) {
      this.#index = new TicketIndex();
      for (const { cohort, ids } of this.#store.ticketLog()) this.#index.addAll(ids, cohort);
    }
    return this.#index;
  }

  async #configureSkus(): Promise<void> {
    const waiting = this.#store.skus().filter((sku) => !sku.isConfigured);
    await Promise.all(
      waiting.map(async ({ terms }) => {
        try {
          const answer = await stubs.sku(this.env, terms.dropId, terms.skuId).configure(terms);
          if (answer.ok) this.#store.noteConfigured(terms, answer.value);
          else
            logError("sku_refused_terms", answer.refusal.code, { dropId: terms.dropId, skuId: terms.skuId });
        } catch (error) {
          logError("sku_configure_failed", error, { dropId: terms.dropId, skuId: terms.skuId });
        }
      }),
    );
  }

  async #arm(): Promise<void> {
    const drop = this.#store.drop();
    if (!drop) return;
    const schedule = scheduleOf(drop.published.document);
    const nowMs = Date.now();
    const watermark = this.#store.watermark();
    const soldOut = isSoldOut(this.#store.levels(drop.published.document.skus.map((sku) => sku.id)));
    const waiting = this.#store.closedSizesFrom(watermark.cohort);
    const dueMs = nextAlarm({
      nowMs,
      openCohortEndsMs: this.#store.openCohorts().map(({ cohort }) => cohortEndMs(schedule, cohort)),
      isLive: phaseAt(schedule, soldOut, nowMs) === "live",
      hasWaiting: waiting.some(({ cohort }) => cohort > watermark.cohort || watermark.rank < 1),
      lastTickMs: drop.lastTickMs,
      hasUnfolded: this.#store.unfolded().length > 0,
      hasUnconfigured: this.#store.skus().some((sku) => !sku.isConfigured),
    });
    if (dueMs === null) return;
    const nextMs = Math.max(dueMs, nowMs + LIMITS.alarmMinDelayMs);
    if (this.#armedForMs !== null && this.#armedForMs <= nextMs) return;
    this.#armedForMs = nextMs;
    await this.ctx.storage.setAlarm(nextMs);
  }
}

function skuTerms({ version, publishedAtMs, document }: PublishedDrop): SkuTerms[] {
  return document.skus.map((sku) => ({
    dropId: document.id,
    skuId: sku.id,
    version,
    publishedAtMs,
    stock: sku.stock,
    unitPriceMinor: sku.priceMinor,
    currency: document.currency,
    perShopper: sku.perShopper,
    reservationTtlMs: document.timing.reservationTtlMs,
    opensAtMs: Date.parse(document.opensAt),
    closesAtMs: Date.parse(document.closesAt),
    levelPushIntervalMs: levelPushIntervalMs(document.skus.length),
    isRemoved: false,
    waitingOpen: document.waitingList.isOpen,
    offerTtlMs: document.waitingList.offerMs,
  }));
}
