import { LIMITS } from "../../../schema/limits.ts";
import { logError } from "../../log.ts";
import type { OrderStore } from "../store.ts";
import { toAttemptRows, toOrderRow } from "./rows.ts";
import { upsert } from "./store.ts";

/**
 * Carries changed orders to D1, a batch at a time, beside everything else: a D1 that is slow or away holds up no order.
 * What was not carried stays behind in the rows and is due again.
 */
export class Projector {
  readonly #store: OrderStore;
  readonly #database: D1Database;
  #isRunning = false;
  #notBeforeMs = 0;
  #failures = 0;

  constructor(store: OrderStore, database: D1Database) {
    this.#store = store;
    this.#database = database;
  }

  /** Carries one batch if it is time. Never rejects. */
  async run(): Promise<void> {
    if (this.#isRunning || Date.now() < this.#notBeforeMs) return;
    this.#isRunning = true;
    try {
      await this.#carry();
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      logError("projection_failed", error, { failures: this.#failures });
    } finally {
      this.#isRunning = false;
      this.#notBeforeMs = Date.now() + this.#pauseMs();
    }
  }

  /** When the alarm is wanted for it; null when D1 has everything. While a batch is on its way: only should it get lost. */
  dueAtMs(): number | null {
    const oldestMs = this.#store.oldestUnprojectedMs();
    if (oldestMs === null) return null;
    if (this.#isRunning) return Date.now() + LIMITS.effectRetryMaxMs;
    return Math.max(this.#notBeforeMs, oldestMs + LIMITS.projectionDelayMs);
  }

  async #carry(): Promise<void> {
    const records = this.#store.unprojected();
    if (records.length === 0) return;
    const attempts = records.flatMap((record) => toAttemptRows(record, this.#store.attempts(record.orderId)));
    await inTime(upsert(this.#database, records.map(toOrderRow), attempts));
    for (const { orderId, version } of records) this.#store.noteProjected(orderId, version);
  }

  #pauseMs(): number {
    if (this.#failures === 0) return LIMITS.projectionDelayMs;
    return Math.min(LIMITS.effectRetryMaxMs, LIMITS.effectRetryBaseMs * 2 ** Math.min(this.#failures, 10));
  }
}

/** A batch that comes to its end later than this does no harm: only newer versions replace rows. */
async function inTime(work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error("D1 did not answer in time")),
    LIMITS.effectRetryMaxMs,
  );
  try {
    await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
