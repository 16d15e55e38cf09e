import type { Fingerprint, OrderId, ReservationId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { AuditedAttempt, PlaceItem } from "../../schema/rpc.ts";
import { type Facts, holdEndsMs, next, statusOf } from "./decide.ts";

/** What is under way at a SKU's object: the fence number, the act, and when it is asked again if no answer comes. */
export type StockEffect = { step: number; act: string | null; tries: number; retryAtMs: number };

export type OrderRecord = {
  orderId: OrderId;
  fingerprint: Fingerprint;
  request: PlaceItem;
  facts: Facts;
  effect: StockEffect;
  version: number;
  projectedVersion: number;
  placedAtMs: number;
  updatedAtMs: number;
};

type StoredOrder = {
  orderId: string;
  fingerprint: string;
  request: string;
  facts: string;
  effect: string;
  version: number;
  projectedVersion: number;
  placedAtMs: number;
  updatedAtMs: number;
};

const COLUMNS = `order_id AS orderId, fingerprint, request, facts, effect, version, projected_version AS projectedVersion,
  placed_at_ms AS placedAtMs, updated_at_ms AS updatedAtMs`;

/** The only SQL of a coordinator's object. Synchronous throughout; every write re-derives when the order is due again. */
export class OrderStore {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  /** Rows as this instance last wrote or read them; the one used longest ago goes first. A write that fails drops its row. */
  readonly #cached = new Map<OrderId, OrderRecord>();

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
  }

  load(orderId: OrderId): OrderRecord | null {
    const cached = this.#cached.get(orderId);
    if (cached) return cached;
    const row = this.#sql
      .exec<StoredOrder>(`SELECT ${COLUMNS} FROM orders WHERE order_id = ?`, orderId)
      .toArray()[0];
    return row ? this.#remember(toRecord(row)) : null;
  }

  #remember(record: OrderRecord): OrderRecord {
    this.#cached.delete(record.orderId);
    this.#cached.set(record.orderId, record);
    if (this.#cached.size > LIMITS.ordersCachedMax) {
      const [oldest] = this.#cached.keys();
      if (oldest !== undefined) this.#cached.delete(oldest);
    }
    return record;
  }

  /** One savepoint; what it wrote is remembered, or the row is forgotten if it threw. */
  #write(record: OrderRecord, change: Partial<OrderRecord>, act: () => void): void {
    const after = { ...this.#current(record), ...change };
    this.#cached.delete(record.orderId);
    this.#storage.transactionSync(act);
    this.#remember(after);
  }

  /** The row as it stands: a caller's copy may be older than its own last write. */
  #current(record: OrderRecord): OrderRecord {
    return this.load(record.orderId) ?? record;
  }

  insert(request: PlaceItem, facts: Facts, nowMs: number): void {
    this.#sql.exec(
      `INSERT INTO orders (order_id, fingerprint, request, facts, effect, status, version, placed_at_ms, updated_at_ms, due_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?)`,
      request.orderId,
      request.fingerprint,
      JSON.stringify(request),
      JSON.stringify(facts),
      JSON.stringify({ step: 0, act: null, tries: 0, retryAtMs: 0 } satisfies StockEffect),
      statusOf(facts),
      nowMs,
      nowMs,
      nowMs + LIMITS.effectRetryBaseMs,
    );
  }

  /** An order whose reservation was gone before anything happened: nothing of it need be kept. */
  forget(orderId: OrderId): void {
    this.#cached.delete(orderId);
    this.#sql.exec("DELETE FROM orders WHERE order_id = ? AND status = 'placing'", orderId);
  }

  /** Facts and attempts in one savepoint. `changed` facts raise the version, so that they are projected again. */
  save(record: OrderRecord, facts: Facts, nowMs: number): void {
    if (facts === record.facts) return;
    const { version: before, effect } = this.#current(record);
    const version = before + 1;
    this.#write(record, { facts, version, updatedAtMs: nowMs }, () => {
      this.#sql.exec(
        `UPDATE orders SET facts = ?, status = ?, version = ?, updated_at_ms = ?, due_at_ms = ? WHERE order_id = ?`,
        JSON.stringify(facts),
        statusOf(facts),
        version,
        nowMs,
        dueAtMs(facts, effect, nowMs),
        record.orderId,
      );
      this.#saveAttempts(record, facts, nowMs);
    });
  }

  /** Who has the open command and until when: no public change, so nothing to project. */
  saveOpen(record: OrderRecord, facts: Facts, nowMs: number): void {
    const { effect } = this.#current(record);
    this.#write(record, { facts }, () => {
      this.#sql.exec(
        "UPDATE orders SET facts = ?, due_at_ms = ? WHERE order_id = ?",
        JSON.stringify(facts),
        dueAtMs(facts, effect, nowMs),
        record.orderId,
      );
      this.#saveAttempts(record, facts, nowMs);
    });
  }

  saveEffect(record: OrderRecord, effect: StockEffect, nowMs: number): void {
    const { facts } = this.#current(record);
    this.#write(record, { effect }, () => {
      this.#sql.exec(
        "UPDATE orders SET effect = ?, due_at_ms = ? WHERE order_id = ?",
        JSON.stringify(effect),
        dueAtMs(facts, effect, nowMs),
        record.orderId,
      );
    });
  }

  #saveAttempts({ orderId, facts: before }: OrderRecord, after: Facts, nowMs: number): void {
    const { closed, open } = after;
    if (closed && closed !== before.closed) {
      this.#sql.exec(
        "UPDATE attempts SET state = 'final', outcome = ?, ref = ?, reason = ? WHERE order_id = ? AND attempt = ?",
        closed.outcome,
        closed.ref,
        closed.reason,
        orderId,
        closed.attempt,
      );
    }
    if (open && open !== before.open) {
      this.#sql.exec(
        `INSERT INTO attempts (order_id, attempt, operation, state, created_at_ms, next_at_ms, tries) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (order_id, attempt) DO UPDATE SET state = excluded.state, next_at_ms = excluded.next_at_ms,
           tries = excluded.tries`,
        orderId,
        open.attempt,
        open.operation,
        open.state,
        nowMs,
        open.nextAtMs,
        open.tries,
      );
    }
  }

  /** The body that an idempotency key was first used with; null when it has made no reservation. */
  reservationFingerprint(reservationId: ReservationId): string | null {
    const rows = this.#sql.exec<{ fingerprint: string }>(
      "SELECT fingerprint FROM reservation_keys WHERE reservation_id = ?",
      reservationId,
    );
    return rows.toArray()[0]?.fingerprint ?? null;
  }

  noteReservation(reservationId: ReservationId, fingerprint: Fingerprint): void {
    this.#sql.exec(
      "INSERT INTO reservation_keys (reservation_id, fingerprint) VALUES (?, ?) ON CONFLICT (reservation_id) DO NOTHING",
      reservationId,
      fingerprint,
    );
  }

  due(nowMs: number): OrderRecord[] {
    return this.#sql
      .exec<StoredOrder>(
        `SELECT ${COLUMNS} FROM orders WHERE due_at_ms <= ? ORDER BY due_at_ms LIMIT ?`,
        nowMs,
        LIMITS.alarmOrdersMax,
      )
      .toArray()
      .map(toRecord);
  }

  earliestDueMs(): number | null {
    return this.#first(
      "SELECT due_at_ms AS atMs FROM orders WHERE due_at_ms IS NOT NULL ORDER BY due_at_ms LIMIT 1",
    );
  }

  /** The first match of an ordered query, by its index. */
  #first(query: string): number | null {
    return this.#sql.exec<{ atMs: number }>(query).toArray()[0]?.atMs ?? null;
  }

  // D1's outbox: whatever is newer than what was projected ---------------------------------------------------------------

  unprojected(): OrderRecord[] {
    return this.#sql
      .exec<StoredOrder>(
        `SELECT ${COLUMNS} FROM orders WHERE projected_version < version AND status <> 'placing'
         ORDER BY updated_at_ms LIMIT ?`,
        LIMITS.projectionBatchMax,
      )
      .toArray()
      .map(toRecord);
  }

  oldestUnprojectedMs(): number | null {
    return this.#first(
      `SELECT updated_at_ms AS atMs FROM orders WHERE projected_version < version AND status <> 'placing'
       ORDER BY updated_at_ms LIMIT 1`,
    );
  }

  noteProjected(orderId: OrderId, version: number): void {
    this.#cached.delete(orderId);
    this.#sql.exec(
      "UPDATE orders SET projected_version = MAX(projected_version, ?) WHERE order_id = ?",
      version,
      orderId,
    );
  }

  attempts(orderId: OrderId): AuditedAttempt[] {
    return this.#sql
      .exec(
        `SELECT attempt, operation, state, outcome, ref, reason, tries FROM attempts WHERE order_id = ? ORDER BY attempt`,
        orderId,
      )
      .toArray() as AuditedAttempt[];
  }

  page(afterOrderId: string | null): OrderRecord[] {
    return this.#sql
      .exec<StoredOrder>(
        `SELECT ${COLUMNS} FROM orders WHERE order_id > ? ORDER BY order_id LIMIT ?`,
        afterOrderId ?? "",
        LIMITS.pageRowsMax,
      )
      .toArray()
      .map(toRecord);
  }
}

/** The earliest instant at which this order needs the alarm. An order that waits for nobody has none. */
function dueAtMs(facts: Facts, effect: StockEffect, nowMs: number): number | null {
  const todo = next(facts);
  const due = [facts.open?.nextAtMs, holdEndsMs(facts)].filter((atMs) => typeof atMs === "number");
  // The drive that follows this write takes up what is new; the alarm does it only if that drive died.
  const resumeAtMs = nowMs + LIMITS.effectRetryBaseMs;
  if (todo.kind === "stock") due.push(effect.act === todo.act ? effect.retryAtMs : resumeAtMs);
  if (todo.kind === "command") due.push(resumeAtMs);
  return due.length === 0 ? null : Math.min(...due);
}

function toRecord(row: StoredOrder): OrderRecord {
  return {
    ...row,
    orderId: row.orderId as OrderId,
    fingerprint: row.fingerprint as Fingerprint,
    request: JSON.parse(row.request) as PlaceItem,
    facts: JSON.parse(row.facts) as Facts,
    effect: JSON.parse(row.effect) as StockEffect,
  };
}
