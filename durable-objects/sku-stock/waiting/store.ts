import type { Fingerprint, ReservationId, ShopperId, TicketId } from "../../../schema/ids.ts";
import type { PinItem } from "../../../schema/rpc/sku-stock.ts";
import type { WaitItem } from "../../../schema/rpc/waiting-list.ts";
import type { WaitingRow } from "./turn.ts";

const COLUMNS = `seq, reservation_id AS reservationId, fingerprint, shopper_id AS shopperId, identity, ticket_id AS ticketId,
  quantity, state, since_ms AS sinceMs, next_step AS nextStep`;

type Stored = {
  seq: number;
  reservationId: string;
  fingerprint: string;
  shopperId: string;
  identity: string;
  ticketId: string;
  quantity: number;
  state: string;
  sinceMs: number;
  nextStep: number;
};

/** The SQL of the waiting list. How many wait is kept in the SKU's level, so that nobody waiting costs no query. */
export class WaitingStore {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  entry(reservationId: ReservationId): WaitingRow | null {
    return this.#first(`SELECT ${COLUMNS} FROM waiting WHERE reservation_id = ?`, reservationId);
  }

  lastOf(shopperId: ShopperId): WaitingRow | null {
    return this.#first(
      `SELECT ${COLUMNS} FROM waiting WHERE shopper_id = ? ORDER BY seq DESC LIMIT 1`,
      shopperId,
    );
  }

  /** Whose turn it is: the oldest who waits for at most so many units. */
  firstUpTo(units: number): WaitingRow | null {
    return this.#first(
      `SELECT ${COLUMNS} FROM waiting WHERE state = 'waiting' AND quantity <= ? ORDER BY seq LIMIT 1`,
      units,
    );
  }

  countBefore(seq: number): number {
    return this.#sql
      .exec<{ count: number }>(
        "SELECT COUNT(*) AS count FROM waiting WHERE state = 'waiting' AND seq < ?",
        seq,
      )
      .one().count;
  }

  /** At the end of the list. */
  append(item: WaitItem, nowMs: number): void {
    this.#sql.exec(
      `INSERT INTO waiting (reservation_id, fingerprint, shopper_id, identity, ticket_id, quantity, state, since_ms)
       VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?)`,
      item.reservationId,
      item.fingerprint,
      item.shopperId,
      item.identity,
      item.ticketId,
      item.quantity,
      nowMs,
    );
  }

  setState(reservationId: ReservationId, state: WaitingRow["state"]): void {
    this.#sql.exec("UPDATE waiting SET state = ? WHERE reservation_id = ?", state, reservationId);
  }

  /** Steps up to this one came too early for the offer, and count no more once it is made. */
  passOver({ reservationId, shopperId, step }: PinItem): void {
    this.#sql.exec(
      "UPDATE waiting SET next_step = MAX(next_step, ?) WHERE reservation_id = ? AND shopper_id = ? AND state = 'waiting'",
      step + 1,
      reservationId,
      shopperId,
    );
  }

  #first(query: string, value: string | number): WaitingRow | null {
    const row = this.#sql.exec<Stored>(query, value).toArray()[0];
    return row ? toEntry(row) : null;
  }
}

function toEntry(row: Stored): WaitingRow {
  return {
    ...row,
    reservationId: row.reservationId as ReservationId,
    fingerprint: row.fingerprint as Fingerprint,
    shopperId: row.shopperId as ShopperId,
    ticketId: row.ticketId as TicketId,
    state: row.state as WaitingRow["state"],
  };
}
