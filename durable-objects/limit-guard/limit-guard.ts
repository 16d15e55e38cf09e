import { DurableObject } from "cloudflare:workers";
import type {
  LimitClaim,
  LimitClaimAnswer,
  LimitReturn,
  LimitReturnAnswer,
} from "../../schema/limit-guard.ts";
import { LIMITS } from "../../schema/limits.ts";
import { refuse } from "../../schema/result.ts";
import { logError } from "../log.ts";
import { isBorn } from "../migrate.ts";
import { decideClaim, decideReturn, isLive, nextSweepMs } from "./decide.ts";
import { LimitStore } from "./store.ts";

/**
 * How many units each identity of one shard of a drop has claimed, over all SKUs, baskets and orders. It alone decides,
 * with no `await` between read and write, and answers only when its writes are durable. Batches are answered in order;
 * each item is decided as if it came alone, after those before it.
 */
export class LimitGuard extends DurableObject<StateEnv> {
  readonly #store: LimitStore;
  /** A hint that saves writes: the alarm as last set by this instance. */
  #armedForMs: number | null = null;

  constructor(ctx: DurableObjectState, env: StateEnv) {
    super(ctx, env);
    this.#store = new LimitStore(ctx.storage);
    ctx.blockConcurrencyWhile(async () => {
      if (isBorn(ctx.storage)) this.#store.bear();
    });
  }

  /**
   * Claims units, until a deadline by this object's clock or lasting. A repeat of a claim takes nothing more; it may put
   * the deadline off, or make the claim last. A claim whose deadline passed is gone, and is decided as if it never was. One
   * that was overtaken by a later step does nothing, and is told so.
   */
  async claim(items: LimitClaim[]): Promise<LimitClaimAnswer[]> {
    if (items.length > 0) this.#store.bear();
    const nowMs = Date.now();
    const answers = items.map((item) => this.#claimOne(item, nowMs));
    await this.#arm();
    return answers;
  }

  /**
   * Gives claims back, or leaves them until a deadline. For `limitFenceMs` no earlier claim under the id is heard any more,
   * also where there is none yet. A repeat changes nothing.
   */
  async giveBack(items: LimitReturn[]): Promise<LimitReturnAnswer[]> {
    if (items.length > 0) this.#store.bear();
    const nowMs = Date.now();
    const answers = items.map((item) => this.#giveBackOne(item, nowMs));
    await this.#arm();
    return answers;
  }

  /** Wakes this object, wherever it is made, and tells its clock. Writes nothing: one that was never published to stays unborn. */
  async clockMs(): Promise<number> {
    return Date.now();
  }

  override async alarm(): Promise<void> {
    this.#armedForMs = null;
    try {
      if (this.#store.isBorn) this.#store.sweep(Date.now(), LIMITS.limitSweepRowsMax);
    } catch (error) {
      logError("limit_guard_alarm_failed", error);
    } finally {
      await this.#arm();
    }
  }

  /** What was not foreseen is undone, logged without the identity, and answered `internal`: never as a free unit. */
  #claimOne(item: LimitClaim, nowMs: number): LimitClaimAnswer {
    try {
      return this.#store.atomically(() => {
        const rows = this.#store.claimsOf(item.identity);
        const fence = this.#store.fence(item.identity, item.claimId, nowMs);
        const { answer, write } = decideClaim({ rows, fence }, item, nowMs);
        // Here too, so that an identity's rows stay bounded however late the alarm is.
        for (const row of rows) if (!isLive(row, nowMs)) this.#store.remove(item.identity, row.claimId);
        if (write) this.#store.write(item.identity, write);
        return answer;
      });
    } catch (error) {
      logError("limit_claim_failed", error, { claimId: item.claimId });
      return refuse({ code: "internal" });
    }
  }

  #giveBackOne(item: LimitReturn, nowMs: number): LimitReturnAnswer {
    const { identity, claimId, step } = item;
    try {
      return this.#store.atomically(() => {
        const rows = this.#store.claimsOf(identity);
        const fence = this.#store.fence(identity, claimId, nowMs);
        const { answer, change } = decideReturn({ rows, fence }, item, nowMs);
        if (change === null) return answer;
        if (change.row) this.#store.write(identity, change.row);
        else this.#store.remove(identity, claimId);
        this.#store.setFence(identity, claimId, { step, untilMs: nowMs + LIMITS.limitFenceMs });
        return answer;
      });
    } catch (error) {
      logError("limit_give_back_failed", error, { claimId });
      return refuse({ code: "internal" });
    }
  }

  async #arm(): Promise<void> {
    if (!this.#store.isBorn) return;
    const dueMs = nextSweepMs(this.#store.earliestUntilMs(), LIMITS.limitSweepGraceMs);
    if (dueMs === null) return;
    const nextMs = Math.max(dueMs, Date.now() + LIMITS.alarmMinDelayMs);
    // An alarm that comes too early only recomputes: moving it later is not worth a write.
    if (this.#armedForMs !== null && this.#armedForMs <= nextMs) return;
    this.#armedForMs = nextMs;
    await this.ctx.storage.setAlarm(nextMs);
  }
}
