import { migrate } from "../migrate.ts";
import type { ClaimRow } from "./decide.ts";
import { MIGRATIONS } from "./migrations.ts";

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
        "SELECT claim_id AS claimId, units, until_ms AS untilMs FROM claims WHERE identity = ?",
        identity,
      )
      .toArray();
  }

  write(identity: string, { claimId, units, untilMs }: ClaimRow): void {
    this.#sql.exec(
      `INSERT INTO claims (identity, claim_id, units, until_ms) VALUES (?, ?, ?, ?)
       ON CONFLICT (identity, claim_id) DO UPDATE SET units = excluded.units, until_ms = excluded.until_ms`,
      identity,
      claimId,
      units,
      untilMs,
    );
  }

  remove(identity: string, claimId: string): void {
    this.#sql.exec("DELETE FROM claims WHERE identity = ? AND claim_id = ?", identity, claimId);
  }

  /** Deletes at most `rowsMax` of what has lapsed, the earliest first. */
  sweep(nowMs: number, rowsMax: number): void {
    this.#sql.exec(
      `DELETE FROM claims WHERE (identity, claim_id) IN
         (SELECT identity, claim_id FROM claims WHERE until_ms <= ? ORDER BY until_ms LIMIT ?)`,
      nowMs,
      rowsMax,
    );
  }

  earliestUntilMs(): number | null {
    return this.#sql
      .exec<{ atMs: number | null }>("SELECT min(until_ms) AS atMs FROM claims WHERE until_ms IS NOT NULL")
      .one().atMs;
  }
}
