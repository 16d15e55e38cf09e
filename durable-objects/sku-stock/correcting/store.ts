import type { AdjustItem } from "../../../schema/rpc/sku-stock.ts";

export type Made = { change: string; delta: number; short: number };

/** The SQL of corrections: which were made, and what the ledger said at the instant of a count. */
export class CorrectionStore {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  made(adjustmentId: string): Made | null {
    const rows = this.#sql.exec<Made>(
      "SELECT change, delta, short FROM adjustments WHERE adjustment_id = ?",
      adjustmentId,
    );
    return rows.toArray()[0] ?? null;
  }

  note({ adjustmentId, change }: AdjustItem, made: Made, nowMs: number): void {
    this.#sql.exec(
      "INSERT INTO adjustments (adjustment_id, change, kind, delta, short, as_of_ms, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
      adjustmentId,
      made.change,
      change.kind,
      made.delta,
      made.short,
      change.kind === "count" ? change.asOfMs : null,
      nowMs,
    );
  }

  /** When the newest count that was applied had been taken. */
  lastCountAsOfMs(): number | null {
    const rows = this.#sql.exec<{ asOfMs: number }>(
      `SELECT as_of_ms AS asOfMs FROM adjustments WHERE kind = 'count' ORDER BY at_ms DESC, as_of_ms DESC LIMIT 1`,
    );
    return rows.toArray()[0]?.asOfMs ?? null;
  }

  /** Units that counts applied after this instant have added: each of them was taken before it, and told of it too. */
  countedSince(atMs: number): number {
    return this.#sql
      .exec<{ units: number }>(
        "SELECT COALESCE(SUM(delta), 0) AS units FROM adjustments WHERE kind = 'count' AND at_ms > ?",
        atMs,
      )
      .one().units;
  }

  /**
   * Units that were free or reserved at an instant, by the last line of the ledger until then; null before the first. Found
   * by halving: lines are in the order of time, and an index on it would cost each sale a write.
   */
  unsoldAt(atMs: number): number | null {
    let unsold: number | null = null;
    let low = 1;
    let high = this.#sql
      .exec<{ last: number }>("SELECT COALESCE(MAX(seq), 0) AS last FROM ledger")
      .one().last;
    while (low <= high) {
      const middle = Math.floor((low + high) / 2);
      const line = this.#sql
        .exec<{ atMs: number; unsold: number }>(
          "SELECT at_ms AS atMs, available + reserved AS unsold FROM ledger WHERE seq = ?",
          middle,
        )
        .one();
      if (line.atMs > atMs) high = middle - 1;
      else {
        unsold = line.unsold;
        low = middle + 1;
      }
    }
    return unsold;
  }
}
