import type { BasketLine } from "../../schema/http.ts";
import type { DropId, Fingerprint, OrderId, ReservationId, ShopperId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { AuditedAttempt, OrderCommand, OrderTerms, PlaceItem } from "../../schema/rpc.ts";
import { type Facts, holdEndsMs, nameOf, next, statusOf } from "./decide.ts";

/** What is under way at a SKU's object: the fence number, the act, and when it is asked again if no answer comes. */
export type StockEffect = { step: number; act: string | null; tries: number; retryAtMs: number };

/** Whose limit a basket's units count against, and how many may; null: only each SKU's own limit holds. */
export type Claim = { identity: string; max: number };

/** `made`: by the reservation, under this number and until this instant; null: its order is the first to make it. */
export type BasketClaim = Claim & { made: { step: number; untilMs: number } | null };

/** A basket whose lines were all reserved, or will be: its lines in the order of their SKUs' ids. */
export type NotedReservation = {
  reservationId: ReservationId;
  dropId: DropId;
  shopperId: ShopperId;
  fingerprint: Fingerprint;
  lines: BasketLine[];
  claim: BasketClaim | null;
  isGivenBack: boolean;
  /** The basket that was taken, or was to be, in this one's place when it was given back; null: none was. */
  replacedBy: ReservationId | null;
  /** The order that has it, until that order is forgotten; null: none has. */
  orderId: OrderId | null;
};

/**
 * What was asked, and by which terms, without the payment's token: that is in the facts until it has served. `claims`: the
 * order's own limits; `basketClaim`: its reservation's.
 */
export type OrderRequest = Omit<PlaceItem, "payment" | "terms"> &
  OrderTerms &
  Pick<NotedReservation, "lines"> & { basketClaim: BasketClaim | null };

export type OrderRecord = {
  orderId: OrderId;
  fingerprint: Fingerprint;
  request: OrderRequest;
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
    this.#write(record, { facts, version, updatedAtMs: nowMs }, () => {
      this.#sql.exec(
        `UPDATE orders SET facts = ?, status = ?, version = ?, updated_at_ms = ?, due_at_ms = ?, captured_minor = ?,
           refunded_minor = ? WHERE order_id = ?`,
        JSON.stringify(facts),
        statusOf(facts),
        version,
        nowMs,
        dueAtMs(facts, effect, nowMs),
        capturedMinor(facts),
        facts.refundedMinor + (facts.open?.operation === "refund" ? facts.open.amountMinor : 0),
        record.orderId,
      );
      this.#saveAttempts(record, facts, nowMs);
      if (command) this.#noteCommand(command, nowMs);
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

  #noteCommand({ orderId, commandId, fingerprint, act }: OrderCommand, nowMs: number): void {
    this.#sql.exec(
      "INSERT INTO commands (order_id, command_id, fingerprint, act, at_ms) VALUES (?, ?, ?, ?, ?)",
      orderId,
      commandId,
      fingerprint,
      JSON.stringify(act),
      nowMs,
    );
  }

  /** The body of a command that was carried out; null: it was not. */
  command(orderId: OrderId, commandId: string): Fingerprint | null {
    const row = this.#sql
      .exec<{ fingerprint: string }>(
        "SELECT fingerprint FROM commands WHERE order_id = ? AND command_id = ?",
        orderId,
        commandId,
      )
      .toArray()[0];
    return (row?.fingerprint as Fingerprint | undefined) ?? null;
  }

  commandCount(orderId: OrderId): number {
    return this.#sql
      .exec<{ count: number }>("SELECT COUNT(*) AS count FROM commands WHERE order_id = ?", orderId)
      .one().count;
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

  /**
   * Commands that no consumer has begun. Not refunds: one that was refused waits for minutes on purpose. The first condition
   * is the index's own, so that finished attempts are not read.
   */
  waitingCommands(): { waiting: number; oldestMs: number | null } {
    return this.#sql
      .exec<{ waiting: number; oldestMs: number | null }>(
        `SELECT COUNT(*) AS waiting, MIN(created_at_ms) AS oldestMs FROM attempts
         WHERE state <> 'final' AND state = 'due' AND operation <> 'refund'`,
      )
      .one();
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

/** To everybody outside: its shopper, D1 and its readers. How often an open attempt was tried, D1 may learn later. */
function looksTheSame(before: Facts, after: Facts): boolean {
  return (
    statusOf(before) === statusOf(after) &&
    next(before).kind === next(after).kind &&
    isLost(before) === isLost(after) &&
    SEEN.every((name) => before[name] === after[name])
  );
}

/** Nobody knows what became of the open attempt. One that only looks at a session is shown as unknown from its start. */
function isLost({ unknownSinceMs, isSessionOpen }: Facts): boolean {
  return unknownSinceMs !== null && !isSessionOpen;
}

/** What answers and D1's rows are made of. Lists are only ever replaced, so that one that differs is another. */
const SEEN = [
  "wanted",
  "units",
  "money",
  "cancelReason",
  "lines",
  "charges",
  "totalMinor",
  "currency",
  "sessionUrl",
  "isSessionOpen",
  "paymentRef",
  "refundedMinor",
  "shipments",
  "confirmedAtMs",
  "attention",
  "closed",
  "lastAttempt",
] as const satisfies readonly (keyof Facts)[];

/** The earliest instant at which this order needs the alarm. An order that waits for nobody has none. */
function dueAtMs(facts: Facts, effect: StockEffect, nowMs: number): number | null {
  const todo = next(facts);
  const due = [facts.open?.nextAtMs, holdEndsMs(facts)].filter((atMs) => typeof atMs === "number");
  // The drive that follows this write takes up what is new; the alarm does it only if that drive died.
  const resumeAtMs = nowMs + LIMITS.effectRetryBaseMs;
  if (todo.kind === "stock") due.push(effect.act === nameOf(todo.act, facts) ? effect.retryAtMs : resumeAtMs);
  if (todo.kind === "command") due.push(resumeAtMs);
  return due.length === 0 ? null : Math.min(...due);
}

function capturedMinor({ money, totalMinor }: Facts): number {
  return money === "captured" || money === "refunded" ? totalMinor : 0;
}

function toRecord(row: StoredOrder): OrderRecord {
  return {
    ...row,
    orderId: row.orderId as OrderId,
    fingerprint: row.fingerprint as Fingerprint,
    request: JSON.parse(row.request) as OrderRequest,
    facts: JSON.parse(row.facts) as Facts,
    effect: JSON.parse(row.effect) as StockEffect,
  };
}

type StoredReservation = {
  reservationId: string;
  dropId: string;
  shopperId: string;
  fingerprint: string;
  lines: string;
  claim: string | null;
  isGivenBack: number;
  replacedBy: string | null;
  orderId: string | null;
};

function toReservation(row: StoredReservation): NotedReservation {
  return {
    reservationId: row.reservationId as ReservationId,
    dropId: row.dropId as DropId,
    shopperId: row.shopperId as ShopperId,
    fingerprint: row.fingerprint as Fingerprint,
    lines: JSON.parse(row.lines) as BasketLine[],
    claim: row.claim === null ? null : (JSON.parse(row.claim) as BasketClaim),
    isGivenBack: row.isGivenBack === 1,
    replacedBy: row.replacedBy as ReservationId | null,
    orderId: row.orderId as OrderId | null,
  };
}
