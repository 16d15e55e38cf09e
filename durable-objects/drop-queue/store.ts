import type { PublishedDrop } from "../../schema/drop-document.ts";
import type { SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Commitment, LedgerHead, SkuLevel } from "../../schema/line.ts";
import type { LevelPush } from "../../schema/rpc/drop-queue.ts";
import type { SkuTerms } from "../../schema/rpc/sku-stock.ts";
import { migrate } from "../migrate.ts";
import { HANDS_OFF, type Hand } from "./decide.ts";
import { LogStore } from "./log/store.ts";
import { MIGRATIONS } from "./migrations.ts";
import type { Pace } from "./pace.ts";
import type { HashChain } from "./proof/hash-chain.ts";
import { RecordStore } from "./record/store.ts";

/** What KV has of the parts that never change: everything before these. */
export type PutSoFar = { cohort: number; chunk: number; cohortPage: number; stepPage: number };
const NOTHING_PUT: PutSoFar = { cohort: 0, chunk: 0, cohortPage: 0, stepPage: 0 };

export type DropRow = {
  published: PublishedDrop;
  commitment: Commitment;
  hand: Hand;
  pace: Pace;
  put: PutSoFar;
  /** Orders the terms of its SKUs: rises with each publication, and when times are moved by hand. */
  termsAtMs: number;
  soldOutAtMs: number | null;
  /** From here on nobody joins and nothing is admitted, whatever the clock says. */
  finishedAtMs: number | null;
};
type StoredDrop = Record<"published" | "commitment" | "hand" | "pace" | "put", string> &
  Pick<DropRow, "termsAtMs" | "soldOutAtMs" | "finishedAtMs">;

export type SkuRow = { terms: SkuTerms; isConfigured: boolean };
/** What never leaves the object before its time. */
export type LineSecrets = { chain: HashChain; lineKey: Uint8Array };
const NO_ROWS_HASH = "0".repeat(64);

/** The only SQL of a drop's line, with `log` and `record` for its parts. Synchronous throughout. */
export class LineStore {
  readonly log: LogStore;
  readonly record: RecordStore;
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  #isBorn = false;
  /** The row as this instance last read or wrote it; undefined: not known. */
  #drop: DropRow | null | undefined;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
    this.log = new LogStore(storage.sql);
    this.record = new RecordStore(storage.sql);
  }

  /** Makes the tables, or brings them to the newest step. Before it there is nothing to read. */
  bear(): void {
    if (this.#isBorn) return;
    migrate(this.#storage, MIGRATIONS);
    this.#isBorn = true;
  }

  /** One savepoint: a throw undoes all of it. */
  atomically<Value>(act: () => Value): Value {
    try {
      return this.#storage.transactionSync(act);
    } catch (error) {
      this.#drop = undefined;
      throw error;
    }
  }

  // The drop ------------------------------------------------------------------------------------------------------------

  drop(): DropRow | null {
    if (!this.#isBorn) return null;
    if (this.#drop === undefined) {
      const [row] = this.#sql
        .exec<StoredDrop>(
          `SELECT published, commitment, hand, pace, put, terms_at_ms AS termsAtMs, sold_out_at_ms AS soldOutAtMs,
             finished_at_ms AS finishedAtMs FROM drops`,
        )
        .toArray();
      this.#drop = row ? toDrop(row) : null;
    }
    return this.#drop;
  }

  /** The first time with everything untouched; later with what was done by hand, and the pace, kept. */
  publish(drop: Pick<DropRow, "published" | "commitment" | "pace" | "termsAtMs">): void {
    this.#drop = undefined;
    this.#sql.exec(
      `INSERT INTO drops (id, published, commitment, hand, pace, put, terms_at_ms) VALUES (1, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET published = excluded.published, commitment = excluded.commitment,
         terms_at_ms = excluded.terms_at_ms`,
      JSON.stringify(drop.published),
      JSON.stringify(drop.commitment),
      JSON.stringify(HANDS_OFF),
      JSON.stringify(drop.pace),
      JSON.stringify(NOTHING_PUT),
      drop.termsAtMs,
    );
  }

  writeHand(hand: Hand): void {
    this.#write({ hand }, "UPDATE drops SET hand = ?", JSON.stringify(hand));
  }

  writePace(pace: Pace): void {
    this.#write({ pace }, "UPDATE drops SET pace = ?", JSON.stringify(pace));
  }

  notePut(put: PutSoFar): void {
    this.#write({ put }, "UPDATE drops SET put = ?", JSON.stringify(put));
  }

  noteTermsAt(termsAtMs: number): void {
    this.#write({ termsAtMs }, "UPDATE drops SET terms_at_ms = ?", termsAtMs);
  }

  noteSoldOut(soldOutAtMs: number): void {
    this.#write({ soldOutAtMs }, "UPDATE drops SET sold_out_at_ms = ?", soldOutAtMs);
  }

  finish(finishedAtMs: number): void {
    this.#write({ finishedAtMs }, "UPDATE drops SET finished_at_ms = ?", finishedAtMs);
  }

  #write(change: Partial<DropRow>, query: string, value: string | number): void {
    const before = this.drop();
    this.#drop = undefined;
    this.#sql.exec(query, value);
    if (before) this.#drop = { ...before, ...change };
  }

  // Secrets -------------------------------------------------------------------------------------------------------------

  secrets(): LineSecrets | null {
    const [row] = this.#sql
      .exec<{ links: number; anchor: ArrayBuffer; checkpoints: ArrayBuffer; lineKey: ArrayBuffer }>(
        "SELECT links, anchor, checkpoints, line_key AS lineKey FROM secrets",
      )
      .toArray();
    if (!row) return null;
    const [anchor, checkpoints] = [new Uint8Array(row.anchor), new Uint8Array(row.checkpoints)];
    return { chain: { links: row.links, anchor, checkpoints }, lineKey: new Uint8Array(row.lineKey) };
  }

  /** @throws the second time: a chain is drawn once. */
  keepSecrets({ chain, lineKey }: LineSecrets): void {
    this.#sql.exec(
      "INSERT INTO secrets (id, links, anchor, checkpoints, line_key) VALUES (1, ?, ?, ?, ?)",
      chain.links,
      chain.anchor,
      chain.checkpoints,
      lineKey,
    );
  }

  // SKUs ----------------------------------------------------------------------------------------------------------------

  writeTerms(skus: readonly SkuTerms[]): void {
    for (const [position, terms] of skus.entries()) {
      this.#sql.exec(
        `INSERT INTO skus (sku_id, position, terms, configured, stock, available, reserved, sold, ledger_hash)
         VALUES (?1, ?2, ?3, 0, ?4, ?4, 0, 0, ?5)
         ON CONFLICT (sku_id) DO UPDATE SET position = excluded.position, terms = excluded.terms, configured = 0`,
        terms.skuId,
        position,
        JSON.stringify(terms),
        terms.stock,
        NO_ROWS_HASH,
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

  hasUnconfigured(): boolean {
    return this.#sql.exec("SELECT 1 FROM skus WHERE configured = 0 LIMIT 1").toArray().length > 0;
  }

  /**
   * Only if the terms are still the ones that were configured: others may have come in between. A level that the SKU
   * pushed itself is the newer one.
   */
  noteConfigured(terms: SkuTerms, { stock, available, reserved, sold }: SkuLevel): void {
    const json = JSON.stringify(terms);
    this.#sql.exec(
      "UPDATE skus SET stock = ?, available = ?, reserved = ?, sold = ? WHERE sku_id = ? AND terms = ? AND level_version = 0",
      stock,
      available,
      reserved,
      sold,
      terms.skuId,
      json,
    );
    this.#sql.exec("UPDATE skus SET configured = 1 WHERE sku_id = ? AND terms = ?", terms.skuId, json);
  }

  takeLevel({ level, levelVersion, ticketsSeen, ledger }: LevelPush): void {
    this.#sql.exec(
      `UPDATE skus SET stock = ?, available = ?, reserved = ?, sold = ?, level_version = ?, tickets_seen = ?,
         ledger_rows = ?, ledger_hash = ?
       WHERE sku_id = ? AND level_version < ?`,
      level.stock,
      level.available,
      level.reserved,
      level.sold,
      levelVersion,
      ticketsSeen,
      ledger.rows,
      ledger.hash,
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

  /** Tickets that took units, over all SKUs there ever were. */
  ticketsSeen(): number {
    return this.#sql.exec<{ seen: number }>("SELECT COALESCE(SUM(tickets_seen), 0) AS seen FROM skus").one()
      .seen;
  }

  /** Of all SKUs there ever were: units of one that a later document left out may have moved. */
  ledgers(): LedgerHead[] {
    return this.#sql
      .exec<{ skuId: string; rows: number; hash: string }>(
        "SELECT sku_id AS skuId, ledger_rows AS rows, ledger_hash AS hash FROM skus ORDER BY position, sku_id",
      )
      .toArray() as LedgerHead[];
  }

  // Commands ------------------------------------------------------------------------------------------------------------

  /** What was asked under this id, as it was written. */
  command(commandId: string): string | null {
    const [row] = this.#sql
      .exec<{ act: string }>("SELECT act FROM commands WHERE command_id = ?", commandId)
      .toArray();
    return row?.act ?? null;
  }

  /** The newest are remembered: a repeat comes within minutes. */
  writeCommand(commandId: string, act: string): void {
    this.#sql.exec("INSERT INTO commands (command_id, act) VALUES (?, ?)", commandId, act);
    this.#sql.exec(
      "DELETE FROM commands WHERE seq <= (SELECT MAX(seq) FROM commands) - ?",
      LIMITS.lineNotesMax,
    );
  }
}

function toDrop(row: StoredDrop): DropRow {
  return {
    ...row,
    published: JSON.parse(row.published) as PublishedDrop,
    commitment: JSON.parse(row.commitment) as Commitment,
    hand: JSON.parse(row.hand) as Hand,
    pace: JSON.parse(row.pace) as Pace,
    put: JSON.parse(row.put) as PutSoFar,
  };
}
