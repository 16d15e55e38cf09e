import { migrate } from "../migrate.ts";
import type { ClaimRow } from "./decide.ts";
import { MIGRATIONS } from "./migrations.ts";

/** What has a deadline in this object. */
const TIMED = ["claims", "fences"] as const;

/** The only SQL of a limit's object. Synchronous throughout: callers decide and write without letting anybody in between. */
export class LimitStore {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  #isBorn = false;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
  }

  /** Makes the tables, or brings them to the newest step. Before it there is nothing to read. */
  bear(): void {
    if (this.#isBorn) return;
    migrate(this.#storage, MIGRATIONS);
    this.#isBorn = true;
  }

  get isBorn(): boolean {
    return this.#isBorn;
  }

  /** A throw undoes what `act` wrote, and only that. */
  atomically<Value>(act: () => Value): Value {
    return this.#storage.transactionSync(act);
  }

  /** At most as many as an identity may hold units, and those of its lapsed ones that are still here. */
  claimsOf(identity: string): ClaimRow[] {
    return this.#sql
      .exec<ClaimRow>(
        "SELECT claim_id AS claimId, units, until_ms AS untilMs, step FROM claims WHERE identity = ?",
        identity,
      )
      .toArray();
  }

  write(identity: string, { claimId, units, untilMs, step }: ClaimRow): void {
    this.#sql.exec(
      `INSERT INTO claims (identity, claim_id, units, until_ms, step) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (identity, claim_id) DO UPDATE SET units = excluded.units, until_ms = excluded.until_ms,
         step = excluded.step`,
      identity,
      claimId,
      units,
      untilMs,
      step,
    );
  }

  remove(identity: string, claimId: string): void {
    this.#sql.exec("DELETE FROM claims WHERE identity = ? AND claim_id = ?", identity, claimId);
  }

  /** The step by which a claim was given back, for as long as that is remembered. A row of its own: it is no claim to be summed. */
  fence(identity: string, claimId: string, nowMs: number): number | null {
    const rows = this.#sql.exec<{ step: number }>(
      "SELECT step FROM fences WHERE identity = ? AND claim_id = ? AND until_ms > ?",
      identity,
      claimId,
      nowMs,
    );
    return rows.toArray()[0]?.step ?? null;
  }

  setFence(identity: string, claimId: string, { step, untilMs }: { step: number; untilMs: number }): void {
    this.#sql.exec(
      `INSERT INTO fences (identity, claim_id, step, until_ms) VALUES (?, ?, ?, ?)
       ON CONFLICT (identity, claim_id) DO UPDATE SET step = excluded.step, until_ms = excluded.until_ms`,
      identity,
      claimId,
      step,
      untilMs,
    );
  }

  /** Deletes at most `rowsMax` of what has lapsed of each kind, the earliest first. */
  sweep(nowMs: number, rowsMax: number): void {
    for (const table of TIMED) {
      this.#sql.exec(
        `DELETE FROM ${table} WHERE (identity, claim_id) IN
           (SELECT identity, claim_id FROM ${table} WHERE until_ms <= ? ORDER BY until_ms LIMIT ?)`,
        nowMs,
        rowsMax,
      );
    }
  }

  earliestUntilMs(): number | null {
    const earliest = TIMED.flatMap((table) => {
      const { atMs } = this.#sql
        .exec<{ atMs: number | null }>(
          `SELECT min(until_ms) AS atMs FROM ${table} WHERE until_ms IS NOT NULL`,
        )
        .one();
      return atMs === null ? [] : [atMs];
    });
    return earliest.length === 0 ? null : Math.min(...earliest);
  }
}
