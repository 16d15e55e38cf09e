import type { PublishedDrop } from "../../schema/drop-document.ts";
import type { SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { ClosedCohort, SkuLevel, Watermark, WatermarkStep } from "../../schema/line.ts";
import type { LevelPush, SkuTerms } from "../../schema/rpc.ts";
import { migrate } from "../migrate.ts";
import { type CohortSize, LINE_START } from "./decide.ts";
import { MIGRATIONS } from "./migrations.ts";
import { TICKET_ID_BYTES } from "./ticket-index.ts";

export type DropRow = {
  published: PublishedDrop;
  soldOutAtMs: number | null;
  lastTickMs: number;
  carry: number;
};
export type SkuRow = { terms: SkuTerms; isConfigured: boolean };

/** The only SQL of a drop's line. Synchronous throughout. */
export class LineStore {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;

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

  atomically<Value>(act: () => Value): Value {
    return this.#storage.transactionSync(act);
  }

  drop(): DropRow | null {
    if (!this.#isBorn) return null;
    const row = this.#sql
      .exec<{ published: string; soldOutAtMs: number | null; lastTickMs: number; carry: number }>(
        "SELECT published, sold_out_at_ms AS soldOutAtMs, last_tick_ms AS lastTickMs, carry FROM drops",
      )
      .toArray()[0];
    return row ? { ...row, published: JSON.parse(row.published) as PublishedDrop } : null;
  }

  publish(published: PublishedDrop, skus: readonly SkuTerms[]): void {
    this.#sql.exec(
      `INSERT INTO drops (id, published, sold_out_at_ms, last_tick_ms, carry) VALUES (1, ?, NULL, 0, 0)
       ON CONFLICT (id) DO UPDATE SET published = excluded.published`,
      JSON.stringify(published),
    );
    for (const [position, terms] of skus.entries()) {
      this.#sql.exec(
        `INSERT INTO skus VALUES (?, ?, ?, 0, ?, ?, 0, 0, 0, 0)
         ON CONFLICT (sku_id) DO UPDATE SET position = excluded.position, terms = excluded.terms, configured = 0`,
        terms.skuId,
        position,
        JSON.stringify(terms),
        terms.stock,
        terms.stock,
      );
    }
  }

  skus(): SkuRow[] {
    if (!this.#isBorn) return [];
    return this.#sql
      .exec<{ terms: string; configured: number }>(
        "SELECT terms, configured FROM skus ORDER BY position, sku_id",
      )
      .toArray()
      .map((row) => ({ terms: JSON.parse(row.terms) as SkuTerms, isConfigured: row.configured === 1 }));
  }

  /** Only if the terms are still the ones that were configured: another publish may have come in between. */
  noteConfigured(terms: SkuTerms, level: SkuLevel): void {
    this.#sql.exec(
      `UPDATE skus SET configured = 1, stock = ?, available = ?, reserved = ?, sold = ? WHERE sku_id = ? AND terms = ?`,
      level.stock,
      level.available,
      level.reserved,
      level.sold,
      terms.skuId,
      JSON.stringify(terms),
    );
  }

  takeLevel({ level, levelVersion, ticketsSeen }: LevelPush): void {
    this.#sql.exec(
      `UPDATE skus SET stock = ?, available = ?, reserved = ?, sold = ?, level_version = ?, tickets_seen = ?
       WHERE sku_id = ? AND level_version < ?`,
      level.stock,
      level.available,
      level.reserved,
      level.sold,
      levelVersion,
      ticketsSeen,
      level.skuId,
      levelVersion,
    );
  }

  /** Levels of the SKUs in the published document, in its order. */
  levels(skuIds: readonly SkuId[]): SkuLevel[] {
    const rows = this.#sql
      .exec<{ skuId: string; stock: number; available: number; reserved: number; sold: number }>(
        "SELECT sku_id AS skuId, stock, available, reserved, sold FROM skus",
      )
      .toArray() as SkuLevel[];
    const bySku = new Map(rows.map((row) => [row.skuId, row]));
    return skuIds.flatMap((skuId) => bySku.get(skuId) ?? []);
  }

  noteSoldOut(atMs: number): void {
    this.#sql.exec("UPDATE drops SET sold_out_at_ms = ? WHERE sold_out_at_ms IS NULL", atMs);
  }

  noteTick(atMs: number, carry: number): void {
    this.#sql.exec("UPDATE drops SET last_tick_ms = ?, carry = ?", atMs, carry);
  }

  // The log -----------------------------------------------------------------------------------------------------------

  /** The whole log, as it was appended: 16 bytes a person. */
  *ticketLog(): Generator<{ cohort: number; ids: Uint8Array }> {
    const rows = this.#sql.exec<{ cohort: number; ids: ArrayBuffer }>(
      "SELECT cohort, ids FROM ticket_log ORDER BY cohort, position",
    );
    for (const { cohort, ids } of rows) yield { cohort, ids: new Uint8Array(ids) };
  }

  append(cohort: number, ids: Uint8Array): void {
    const count = ids.byteLength / TICKET_ID_BYTES;
    this.#sql.exec(
      `INSERT INTO ticket_log (cohort, position, ids)
       VALUES (?, (SELECT COALESCE(MAX(position), 0) + 1 FROM ticket_log WHERE cohort = ?), ?)`,
      cohort,
      cohort,
      ids,
    );
    this.#sql.exec(
      `INSERT INTO cohorts (cohort, count) VALUES (?, ?) ON CONFLICT (cohort) DO UPDATE SET count = count + excluded.count`,
      cohort,
      count,
    );
  }

  /** Cohorts with small batches left to fold. */
  unfolded(): number[] {
    return this.#sql
      .exec<{ cohort: number }>(
        "SELECT cohort FROM ticket_log WHERE length(ids) < ? GROUP BY cohort HAVING COUNT(*) > 1",
        LIMITS.ticketsPerChunkMax * TICKET_ID_BYTES,
      )
      .toArray()
      .map((row) => row.cohort);
  }

  /** Joins neighbouring small batches of a cohort into chunks; the order of ids stays. */
  fold(cohort: number): void {
    const chunkBytes = LIMITS.ticketsPerChunkMax * TICKET_ID_BYTES;
    // From the first small one on, large ones in between too: otherwise the order of ids would change.
    const rows = this.#sql
      .exec<{ position: number; ids: ArrayBuffer }>(
        `SELECT position, ids FROM ticket_log WHERE cohort = ?1 AND position >=
           (SELECT MIN(position) FROM ticket_log WHERE cohort = ?1 AND length(ids) < ?2) ORDER BY position`,
        cohort,
        chunkBytes,
      )
      .toArray();
    const [first] = rows;
    if (!first || rows.length < 2) return;
    const all = new Uint8Array(rows.reduce((bytes, row) => bytes + row.ids.byteLength, 0));
    let at = 0;
    for (const row of rows) {
      all.set(new Uint8Array(row.ids), at);
      at += row.ids.byteLength;
    }
    this.#sql.exec("DELETE FROM ticket_log WHERE cohort = ? AND position >= ?", cohort, first.position);
    for (let start = 0; start < all.byteLength; start += chunkBytes) {
      this.#sql.exec(
        "INSERT INTO ticket_log (cohort, position, ids) VALUES (?, ?, ?)",
        cohort,
        first.position + start / chunkBytes,
        all.slice(start, start + chunkBytes),
      );
    }
  }

  // Cohorts and steps ---------------------------------------------------------------------------------------------------

  openCohorts(): CohortSize[] {
    return this.#sql
      .exec<CohortSize>("SELECT cohort, count FROM cohorts WHERE closed_at_ms IS NULL ORDER BY cohort")
      .toArray();
  }

  close(cohort: number, seed: Uint8Array, atMs: number): void {
    this.#sql.exec("UPDATE cohorts SET closed_at_ms = ?, seed = ? WHERE cohort = ?", atMs, seed, cohort);
  }

  lastClosed(): number | null {
    return this.#sql
      .exec<{ cohort: number | null }>(
        "SELECT MAX(cohort) AS cohort FROM cohorts WHERE closed_at_ms IS NOT NULL",
      )
      .one().cohort;
  }

  closedSizesFrom(cohort: number): CohortSize[] {
    return this.#sql
      .exec<CohortSize>(
        "SELECT cohort, count FROM cohorts WHERE closed_at_ms IS NOT NULL AND cohort >= ? ORDER BY cohort LIMIT ?",
        cohort,
        LIMITS.pageRowsMax,
      )
      .toArray();
  }

  closedAfter(cohort: number): ClosedCohort[] {
    return this.#sql
      .exec<{ cohort: number; count: number; closedAtMs: number; seed: string }>(
        `SELECT cohort, count, closed_at_ms AS closedAtMs, lower(hex(seed)) AS seed FROM cohorts
         WHERE closed_at_ms IS NOT NULL AND cohort > ? ORDER BY cohort LIMIT ?`,
        cohort,
        LIMITS.pageRowsMax,
      )
      .toArray();
  }

  watermark(): Watermark {
    return (
      this.#sql.exec<Watermark>("SELECT cohort, rank FROM steps ORDER BY step DESC LIMIT 1").toArray()[0] ??
      LINE_START
    );
  }

  writeStep(watermark: Watermark, atMs: number): void {
    this.#sql.exec(
      "INSERT INTO steps (at_ms, cohort, rank, admitted) VALUES (?, ?, ?, ?)",
      atMs,
      watermark.cohort,
      watermark.rank,
      this.admitted(watermark),
    );
  }

  stepsAfter(step: number): WatermarkStep[] {
    return this.#sql
      .exec<WatermarkStep>(
        "SELECT step, at_ms AS atMs, cohort, rank, admitted FROM steps WHERE step > ? ORDER BY step LIMIT ?",
        step,
        LIMITS.pageRowsMax,
      )
      .toArray();
  }

  /** People before the watermark, derived and not counted up, so that rounding never adds up. */
  admitted(watermark: Watermark): number {
    const { people } = this.#sql
      .exec<{ people: number }>(
        "SELECT COALESCE(SUM(CASE WHEN cohort < ? THEN count ELSE count * ? END), 0) AS people FROM cohorts WHERE cohort <= ?",
        watermark.cohort,
        watermark.rank,
        watermark.cohort,
      )
      .one();
    return Math.round(people);
  }

  joined(): number {
    return this.#sql.exec<{ people: number }>("SELECT COALESCE(SUM(count), 0) AS people FROM cohorts").one()
      .people;
  }
}
