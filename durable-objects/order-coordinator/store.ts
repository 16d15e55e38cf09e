import type { Fingerprint, OrderId, ReservationId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { OrderCommand } from "../../schema/rpc/order-commands.ts";
import type { AuditedAttempt } from "../../schema/rpc/orders.ts";
import { paidOf } from "./after-sale.ts";
import { attemptsOf, saveAttempts, type WaitingAttempts, waitingAttempts } from "./attempts/store.ts";
import { commandOf, countCommands, noteCommand } from "./commands/store.ts";
import { type Facts, statusOf } from "./decide.ts";
import { dueAtMs } from "./due.ts";
import {
  type NotedReservation,
  type OrderRecord,
  type OrderRequest,
  type StockEffect,
  type StoredOrder,
  type StoredReservation,
  toRecord,
  toReservation,
} from "./records.ts";
import { looksTheSame } from "./seen.ts";

const COLUMNS = `order_id AS orderId, fingerprint, request, facts, effect, version, projected_version AS projectedVersion,
  placed_at_ms AS placedAtMs, updated_at_ms AS updatedAtMs`;

/** A coordinator's rows. Synchronous throughout; every write of an order re-derives when it is due again. */
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

  /** The order and that it has its basket are one row. @throws when another order has it. */
  insert(request: OrderRequest, facts: Facts, nowMs: number): void {
    this.#sql.exec(
      `INSERT INTO orders (order_id, reservation_id, fingerprint, request, facts, effect, status, version, placed_at_ms,
         updated_at_ms, due_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)`,
      request.orderId,
      request.reservationId,
      request.fingerprint,
      JSON.stringify(request),
      JSON.stringify(facts),
      // An order that was refused and forgotten goes on above its earlier numbers when it is asked for again, and every order
      // above its basket's.
      JSON.stringify({
        step: Math.max(nowMs, request.basketClaim?.made?.step ?? 0),
        act: null,
        tries: 0,
        retryAtMs: 0,
      } satisfies StockEffect),
      statusOf(facts),
      nowMs,
      nowMs,
      nowMs + LIMITS.effectRetryBaseMs,
    );
  }

  /** An order that was kept out before anything happened: nothing of it need be kept, and its basket is free for another. */
  forget(orderId: OrderId): void {
    this.#cached.delete(orderId);
    this.#sql.exec("DELETE FROM orders WHERE order_id = ? AND status = 'placing'", orderId);
  }

  /**
   * Facts and attempts in one savepoint, and the command that changed them. What others can see of the order raises the
   * version, so that it is projected again and told of; another look at the same payment does not.
   */
  save(record: OrderRecord, facts: Facts, nowMs: number, command?: OrderCommand): void {
    if (facts === record.facts) return;
    if (!command && looksTheSame(record.facts, facts)) {
      this.saveOpen(record, facts, nowMs);
      return;
    }
    const { version: before, effect } = this.#current(record);
    const version = before + 1;
    const paid = paidOf(facts);
    this.#write(record, { facts, version, updatedAtMs: nowMs }, () => {
      this.#sql.exec(
        `UPDATE orders SET facts = ?, status = ?, version = ?, updated_at_ms = ?, due_at_ms = ?, captured_minor = ?,
           refunded_minor = ? WHERE order_id = ?`,
        JSON.stringify(facts),
        statusOf(facts),
        version,
        nowMs,
        dueAtMs(facts, effect, nowMs),
        paid.capturedMinor,
        paid.goneBackMinor,
        record.orderId,
      );
      saveAttempts(this.#sql, record, facts, nowMs);
      if (command) noteCommand(this.#sql, command, nowMs);
    });
  }

  /** Who has the open command and until when, or how often it was tried: no public change, so nothing to project. */
  saveOpen(record: OrderRecord, facts: Facts, nowMs: number): void {
    const { effect } = this.#current(record);
    this.#write(record, { facts }, () => {
      this.#sql.exec(
        "UPDATE orders SET facts = ?, due_at_ms = ? WHERE order_id = ?",
        JSON.stringify(facts),
        dueAtMs(facts, effect, nowMs),
        record.orderId,
      );
      saveAttempts(this.#sql, record, facts, nowMs);
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

  /** The body of a command that was carried out; null: it was not. */
  command(orderId: OrderId, commandId: string): Fingerprint | null {
    return commandOf(this.#sql, orderId, commandId);
  }

  commandCount(orderId: OrderId): number {
    return countCommands(this.#sql, orderId);
  }

  /** What an idempotency key made; null when it has made no reservation. */
  reservation(reservationId: ReservationId): NotedReservation | null {
    const row = this.#sql
      .exec<StoredReservation>(
        `SELECT reservation_id AS reservationId, drop_id AS dropId, shopper_id AS shopperId, fingerprint, lines, claim,
           is_given_back AS isGivenBack, replaced_by AS replacedBy,
           (SELECT order_id FROM orders WHERE orders.reservation_id = reservations.reservation_id) AS orderId
         FROM reservations WHERE reservation_id = ?`,
        reservationId,
      )
      .toArray()[0];
    return row ? toReservation(row) : null;
  }

  /** The first note of a key stays. */
  noteReservation(reservation: Omit<NotedReservation, "isGivenBack" | "replacedBy" | "orderId">): void {
    const { reservationId, dropId, shopperId, fingerprint, lines, claim } = reservation;
    this.#sql.exec(
      `INSERT INTO reservations (reservation_id, drop_id, shopper_id, fingerprint, lines, claim) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (reservation_id) DO NOTHING`,
      reservationId,
      dropId,
      shopperId,
      fingerprint,
      JSON.stringify(lines),
      claim === null ? null : JSON.stringify(claim),
    );
  }

  /** The key stays used: its repeat is told so. `replacedBy`: what is to be held instead, the last one that was noted; null: nothing. */
  noteGivenBack(reservationId: ReservationId, replacedBy: ReservationId | null = null): void {
    this.#sql.exec(
      "UPDATE reservations SET is_given_back = 1, replaced_by = COALESCE(?, replaced_by) WHERE reservation_id = ?",
      replacedBy,
      reservationId,
    );
  }

  /** An order that could not be taken up must not be due at once again, before all others. */
  postpone(orderId: OrderId, dueAtMs: number): void {
    this.#sql.exec("UPDATE orders SET due_at_ms = ? WHERE order_id = ?", dueAtMs, orderId);
  }

  due(nowMs: number): OrderRecord[] {
    return this.#records(
      "SELECT order_id AS orderId FROM orders WHERE due_at_ms <= ? ORDER BY due_at_ms LIMIT ?",
      nowMs,
      LIMITS.alarmOrdersMax,
    );
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
    return this.#records(
      `SELECT order_id AS orderId FROM orders WHERE projected_version < version AND status <> 'placing'
       ORDER BY updated_at_ms LIMIT ?`,
      LIMITS.projectionBatchMax,
    );
  }

  /** The orders that a query names, most of them as they are remembered: a row's three documents are dear to read. */
  #records(query: string, ...bindings: number[]): OrderRecord[] {
    const rows = this.#sql.exec<{ orderId: string }>(query, ...bindings).toArray();
    return rows.flatMap(({ orderId }) => this.load(orderId as OrderId) ?? []);
  }

  oldestUnprojectedMs(): number | null {
    return this.#first(
      `SELECT updated_at_ms AS atMs FROM orders WHERE projected_version < version AND status <> 'placing'
       ORDER BY updated_at_ms LIMIT 1`,
    );
  }

  noteProjected(orderId: OrderId, version: number): void {
    const cached = this.#cached.get(orderId);
    this.#cached.delete(orderId);
    if (cached) this.#remember({ ...cached, projectedVersion: Math.max(cached.projectedVersion, version) });
    this.#sql.exec(
      "UPDATE orders SET projected_version = MAX(projected_version, ?) WHERE order_id = ?",
      version,
      orderId,
    );
  }

  /** Commands that no consumer has begun: see `waitingAttempts`. */
  waitingCommands(): WaitingAttempts {
    return waitingAttempts(this.#sql);
  }

  attempts(orderId: OrderId): AuditedAttempt[] {
    return attemptsOf(this.#sql, orderId);
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
