import type { OrderNotification } from "../../../schema/events.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { inTime } from "../../in-time.ts";
import { logError } from "../../log.ts";
import type { OrderRecord } from "../records.ts";
import type { OrderStore } from "../store.ts";
import { toAttemptRows, toOrderRow } from "./rows.ts";
import { upsert } from "./store.ts";

type Deps = { store: OrderStore; database: D1Database; notifications: Queue<OrderNotification> };

/**
 * Carries changed orders to D1, a batch at a time, and then says on the queue that they are there; beside everything else:
 * a D1 or a queue that is slow or away holds up no order. One note covers both, written last: what was not carried and
 * announced stays behind in the rows and is due again, so each version, or a later one, is announced at least once.
 */
export class Projector {
  readonly #store: OrderStore;
  readonly #database: D1Database;
  readonly #notifications: Queue<OrderNotification>;
  #isRunning = false;
  #notBeforeMs = 0;
  #failures = 0;

  constructor({ store, database, notifications }: Deps) {
    this.#store = store;
    this.#database = database;
    this.#notifications = notifications;
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
    // What comes to its end later does no harm: only newer versions replace rows, and a message may come twice.
    await inTime(upsert(this.#database, records.map(toOrderRow), attempts), LIMITS.effectRetryMaxMs, "D1");
    await inTime(this.#announce(records), LIMITS.effectRetryMaxMs, "the queue");
    for (const { orderId, version } of records) this.#store.noteProjected(orderId, version);
  }

  async #announce(records: OrderRecord[]): Promise<void> {
    const messages = records.map(({ orderId, version }) => ({
      body: { kind: "order", orderId, version } satisfies OrderNotification,
    }));
    for (let from = 0; from < messages.length; from += LIMITS.queueBatchMax) {
      await this.#notifications.sendBatch(messages.slice(from, from + LIMITS.queueBatchMax));
    }
  }

  #pauseMs(): number {
    if (this.#failures === 0) return LIMITS.projectionDelayMs;
    return Math.min(LIMITS.effectRetryMaxMs, LIMITS.effectRetryBaseMs * 2 ** Math.min(this.#failures, 10));
  }
}
