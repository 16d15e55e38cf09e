import type { PublicLedgerRow } from "../../../schema/line.ts";
import type { LedgerKind } from "../../../schema/statuses.ts";
import { type ChainHead, NO_ROWS } from "./chain.ts";

/** Its kinds are held by the table's CHECK. */
type RawRow = [
  seq: number,
  atMs: number,
  kind: string,
  ticketId: string | null,
  quantity: number,
  stock: number,
  available: number,
  reserved: number,
  sold: number,
];

/** The SQL of a ledger's chain: the rows as the public sees them, and the head at its last whole page. */
export class LedgerStore {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  /** Raw: each row is read once for the chain, and the platform's named rows take several times as long. */
  rowsAfter(seq: number, limit: number): PublicLedgerRow[] {
    const found = this.#sql
      .exec(
        `SELECT seq, at_ms, kind, ticket_id, quantity, stock, available, reserved, sold
         FROM ledger WHERE seq > ? ORDER BY seq LIMIT ?`,
        seq,
        limit,
      )
      .raw<RawRow>();
    return Array.from(found, toPublicRow);
  }

  head(): ChainHead {
    const row = this.#sql
      .exec<{ rows: number; hash: ArrayBuffer }>("SELECT rows, hash FROM ledger_head")
      .toArray()[0];
    return row ? { rows: row.rows, hash: new Uint8Array(row.hash) } : NO_ROWS;
  }

  writeHead({ rows, hash }: ChainHead): void {
    this.#sql.exec(
      "INSERT INTO ledger_head (id, rows, hash) VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE SET rows = excluded.rows, hash = excluded.hash",
      rows,
      hash,
    );
  }
}

function toPublicRow([seq, atMs, kind, ticketId, quantity, stock, available, reserved, sold]: RawRow) {
  return { seq, atMs, kind: kind as LedgerKind, ticketId, quantity, stock, available, reserved, sold };
}
