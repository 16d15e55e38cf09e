import type { OrderId, ReservationId, SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { LedgerRow, Reservation, SkuTerms, StockAudit } from "../../schema/rpc/sku-stock.ts";
import type { LedgerKind } from "../../schema/statuses.ts";
import { migrate } from "../migrate.ts";
import type { Change, Counts, ReservationRow } from "./decide.ts";
import { MIGRATIONS } from "./migrations.ts";
import { type StoredRow, toReservation, toRow } from "./rows.ts";

export type Level = Counts & {
  version: number;
  ticketsSeen: number;
  /** People on the waiting list. */
  waiting: number;
};

const ROW_COLUMNS = `reservation_id AS reservationId, fingerprint, shopper_id AS shopperId, identity, ticket_id AS ticketId, quantity,
  unit_price_minor AS unitPriceMinor, currency, version, state, created_at_ms AS createdAtMs, deadline_at_ms AS deadlineAtMs,
  order_id AS orderId, step, returned, row`;

/** A SKU's terms, level, reservations and ledger. Synchronous throughout: callers decide and write without letting anybody in between. */
export class SkuStore {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  /** Two single rows as this instance last wrote or read them; undefined: to be read. A throw forgets both. */
  #terms: SkuTerms | null | undefined;
  #level: Level | undefined;

  #isBorn = false;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
  }

  /** Makes the tables, or brings them to the newest step. Before it there is nothing to read. */
  bear(): void {
    migrate(this.#storage, MIGRATIONS);
    this.#isBorn = true;
  }

  /** Runs one item's reads and writes as a unit: a throw undoes them, and only them. */
  atomically<Value>(act: () => Value): Value {
    try {
      return this.#storage.transactionSync(act);
    } catch (error) {
      this.#terms = undefined;
      this.#level = undefined;
      throw error;
    }
  }

  terms(): SkuTerms | null {
    if (!this.#isBorn) return null;
    if (this.#terms !== undefined) return this.#terms;
    const row = this.#sql.exec<{ json: string }>("SELECT json FROM terms").toArray()[0];
    this.#terms = row ? (JSON.parse(row.json) as SkuTerms) : null;
    return this.#terms;
  }

  writeTerms(terms: SkuTerms): void {
    this.#terms = undefined;
    this.#sql.exec(
      "INSERT INTO terms (id, json) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET json = excluded.json",
      JSON.stringify(terms),
    );
  }

  level(): Level {
    this.#level ??= this.#sql
      .exec<Level>(
        `SELECT stock, available, reserved, sold, version, tickets_seen AS ticketsSeen, waiting FROM level`,
      )
      .one();
    return this.#level;
  }

  /** The first level of a SKU: nothing yet, so that the stock's arrival is a ledger row like any other. */
  createLevel(): void {
    this.#sql.exec("INSERT INTO level VALUES (1, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT (id) DO NOTHING");
  }

  moveCounts({ stock, available, reserved, sold }: Counts, newTickets = 0): void {
    const before = this.level();
    const version = before.version + 1;
    const ticketsSeen = before.ticketsSeen + newTickets;
    this.#level = { ...before, stock, available, reserved, sold, version, ticketsSeen };
    this.#sql.exec(
      "UPDATE level SET stock = ?, available = ?, reserved = ?, sold = ?, version = ?, tickets_seen = ?",
      stock,
      available,
      reserved,
      sold,
      version,
      ticketsSeen,
    );
  }

  noteWaiting(more: number): void {
    const before = this.level();
    const waiting = before.waiting + more;
    this.#level = { ...before, waiting };
    this.#sql.exec("UPDATE level SET waiting = ?", waiting);
  }

  reservation(skuId: SkuId, reservationId: ReservationId): ReservationRow | null {
    const row = this.#sql
      .exec<StoredRow>(`SELECT ${ROW_COLUMNS} FROM reservations WHERE reservation_id = ?`, reservationId)
      .toArray()[0];
    return row ? toRow(skuId, row) : null;
  }

  /**
   * What a decision about somebody must know: the rows that take units, the one with this id, and two of the others, which
   * tell whether it is their first. However many have lapsed, no more are read. Several sessions of one identity are one.
   */
  reservationsOf(
    skuId: SkuId,
    { identity, reservationId }: { identity: string; reservationId: ReservationId },
  ): ReservationRow[] {
    return this.#sql
      .exec<StoredRow>(
        `SELECT ${ROW_COLUMNS} FROM reservations WHERE row IN (
           SELECT row FROM reservations WHERE identity = ?1 AND state IN ('held', 'pinned', 'committed')
           UNION ALL SELECT row FROM reservations WHERE reservation_id = ?2
           UNION ALL SELECT row FROM (SELECT row FROM reservations WHERE identity = ?1 LIMIT 2))`,
        identity,
        reservationId,
      )
      .toArray()
      .map((row) => toRow(skuId, row));
  }

  /** The row that an order holds or has bought. Read through: a return comes long after the rush, and an index would not. */
  reservationOfOrder(skuId: SkuId, orderId: OrderId): ReservationRow | null {
    const row = this.#sql
      .exec<StoredRow>(`SELECT ${ROW_COLUMNS} FROM reservations WHERE order_id = ? LIMIT 1`, orderId)
      .toArray()[0];
    return row ? toRow(skuId, row) : null;
  }

  /** Held rows whose deadline has come, earliest first. */
  heldUntil(skuId: SkuId, nowMs: number): ReservationRow[] {
    return this.#sql
      .exec<StoredRow>(
        `SELECT ${ROW_COLUMNS} FROM reservations WHERE state = 'held' AND deadline_at_ms <= ? ORDER BY deadline_at_ms, row`,
        nowMs,
      )
      .toArray()
      .map((row) => toRow(skuId, row));
  }

  earliestDeadlineMs(): number | null {
    const rows = this.#sql.exec<{ atMs: number }>(
      "SELECT deadline_at_ms AS atMs FROM reservations WHERE state = 'held' ORDER BY deadline_at_ms LIMIT 1",
    );
    return rows.toArray()[0]?.atMs ?? null;
  }

  /** Writes a decision: the reservation's row, the counts, and the ledger line that explains them. */
  apply(change: Change, nowMs: number, newTickets = 0): void {
    const { row } = change;
    if (change.kind === "reserve" || change.kind === "offer") this.#insert(row);
    else if (change.kind === "give_back") {
      this.#sql.exec("DELETE FROM reservations WHERE reservation_id = ?", row.reservationId);
    } else {
      this.#sql.exec(
        "UPDATE reservations SET state = ?, order_id = ?, step = ?, returned = ? WHERE reservation_id = ?",
        row.state,
        row.orderId,
        row.step,
        row.returned,
        row.reservationId,
      );
    }
    if (change.kind !== null) {
      this.moveCounts(change.counts, newTickets);
      this.writeLedger({ ...change.counts, kind: change.kind, atMs: nowMs, row, quantity: change.units });
    }
  }

  #insert(row: ReservationRow): void {
    this.#sql.exec(
      `INSERT INTO reservations (reservation_id, fingerprint, shopper_id, identity, ticket_id, quantity, unit_price_minor,
         currency, version, state, created_at_ms, deadline_at_ms, order_id, step)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      row.reservationId,
      row.fingerprint,
      row.shopperId,
      row.identity,
      row.ticketId,
      row.quantity,
      row.unitPriceMinor,
      row.currency,
      row.version,
      row.state,
      row.createdAtMs,
      row.deadlineAtMs,
      row.orderId,
      row.step,
    );
  }

  writeLedger(
    entry: Counts & {
      kind: LedgerKind;
      atMs: number;
      quantity: number;
      row?: Reservation;
      why?: { adjustmentId: string; reason: string };
    },
  ): void {
    this.#sql.exec(
      `INSERT INTO ledger (at_ms, kind, reservation_id, ticket_id, quantity, stock, available, reserved, sold, adjustment_id,
         reason)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      entry.atMs,
      entry.kind,
      entry.row?.reservationId ?? null,
      entry.row?.ticketId ?? null,
      entry.quantity,
      entry.stock,
      entry.available,
      entry.reserved,
      entry.sold,
      entry.why?.adjustmentId ?? null,
      entry.why?.reason ?? null,
    );
  }

  audit(skuId: SkuId, afterLedger: number, afterReservation: number): Omit<StockAudit, "level"> {
    const ledger = this.#sql
      .exec<
        Omit<LedgerRow, "kind" | "reservationId" | "ticketId"> & {
          kind: string;
          reservationId: string;
          ticketId: string;
        }
      >(
        `SELECT seq, at_ms AS atMs, kind, reservation_id AS reservationId, ticket_id AS ticketId, quantity, stock, available,
           reserved, sold, adjustment_id AS adjustmentId, reason FROM ledger WHERE seq > ? ORDER BY seq LIMIT ?`,
        afterLedger,
        LIMITS.pageRowsMax,
      )
      .toArray() as LedgerRow[];
    const rows = this.#sql
      .exec<StoredRow>(
        `SELECT ${ROW_COLUMNS} FROM reservations WHERE row > ? ORDER BY row LIMIT ?`,
        afterReservation,
        LIMITS.pageRowsMax,
      )
      .toArray();
    const full = (count: number) => count === LIMITS.pageRowsMax;
    return {
      ledger,
      nextLedger: full(ledger.length) ? (ledger.at(-1)?.seq ?? null) : null,
      reservations: rows.map((row) => toReservation(toRow(skuId, row))),
      nextReservation: full(rows.length) ? (rows.at(-1)?.row ?? null) : null,
    };
  }
}
