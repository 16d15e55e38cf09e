import { LIMITS } from "../../../schema/limits.ts";
import { TICKET_ID_BYTES } from "../ticket-index.ts";

const CHUNK_BYTES = LIMITS.ticketsPerChunkMax * TICKET_ID_BYTES;

/** SQL of the ticket log and of the tickets held apart: 16 bytes a person, in batches that are folded into chunks. */
export class LogStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The whole log, as it was appended: 16 bytes a person. */
  *tickets(): Generator<{ cohort: number; ids: Uint8Array }> {
    const rows = this.#sql.exec<{ cohort: number; ids: ArrayBuffer }>(
      "SELECT cohort, ids FROM ticket_log ORDER BY cohort, position",
    );
    for (const { cohort, ids } of rows) yield { cohort, ids: new Uint8Array(ids) };
  }

  append(cohort: number, ids: Uint8Array): void {
    this.#sql.exec(
      `INSERT INTO ticket_log (cohort, position, ids)
       VALUES (?, (SELECT COALESCE(MAX(position), 0) + 1 FROM ticket_log WHERE cohort = ?), ?)`,
      cohort,
      cohort,
      ids,
    );
    this.#sql.exec(
      `INSERT INTO cohorts (cohort, people_before, count)
       VALUES (?1, (SELECT COALESCE(MAX(people_before + count), 0) FROM (SELECT * FROM cohorts ORDER BY cohort DESC LIMIT 1)), ?2)
       ON CONFLICT (cohort) DO UPDATE SET count = count + excluded.count`,
      cohort,
      ids.byteLength / TICKET_ID_BYTES,
    );
  }

  /** Does a cohort have batches that are not chunks yet? One that is shorter may stand at its end. */
  isUnfolded(cohort: number): boolean {
    const [first] = this.#sql
      .exec<{ isLast: number }>(
        `SELECT position = (SELECT MAX(position) FROM ticket_log WHERE cohort = ?1) AND length(ids) < ?2 AS isLast
         FROM ticket_log WHERE cohort = ?1 AND length(ids) <> ?2 ORDER BY position LIMIT 1`,
        cohort,
        CHUNK_BYTES,
      )
      .toArray();
    return first !== undefined && first.isLast === 0;
  }

  /** Makes chunks of a cohort's batches: all of the greatest size but the last. The order of ids stays; a repeat writes nothing. */
  fold(cohort: number): void {
    const rows = this.#sql
      .exec<{ position: number; ids: ArrayBuffer }>(
        `SELECT position, ids FROM ticket_log WHERE cohort = ?1 AND position >=
           (SELECT MIN(position) FROM ticket_log WHERE cohort = ?1 AND length(ids) <> ?2) ORDER BY position`,
        cohort,
        CHUNK_BYTES,
      )
      .toArray();
    const [first] = rows;
    const isFolded = rows.length === 1 && first !== undefined && first.ids.byteLength < CHUNK_BYTES;
    if (!first || isFolded) return;
    this.#sql.exec("DELETE FROM ticket_log WHERE cohort = ? AND position >= ?", cohort, first.position);
    for (const [index, chunk] of chunksOf(rows).entries()) {
      this.#sql.exec(
        "INSERT INTO ticket_log (cohort, position, ids) VALUES (?, ?, ?)",
        cohort,
        first.position + index,
        chunk,
      );
    }
  }

  /** The chunks of a folded cohort, in order. */
  *chunks(cohort: number): Generator<Uint8Array> {
    const rows = this.#sql.exec<{ ids: ArrayBuffer }>(
      "SELECT ids FROM ticket_log WHERE cohort = ? ORDER BY position",
      cohort,
    );
    for (const { ids } of rows) yield new Uint8Array(ids);
  }

  chunk(cohort: number, chunk: number): Uint8Array | null {
    const [row] = this.#sql
      .exec<{ ids: ArrayBuffer }>(
        "SELECT ids FROM ticket_log WHERE cohort = ? ORDER BY position LIMIT 1 OFFSET ?",
        cohort,
        chunk,
      )
      .toArray();
    return row ? new Uint8Array(row.ids) : null;
  }

  // Held apart ----------------------------------------------------------------------------------------------------------

  *heldApart(): Generator<Uint8Array> {
    const rows = this.#sql.exec<{ ids: ArrayBuffer }>("SELECT ids FROM held_apart ORDER BY position");
    for (const { ids } of rows) yield new Uint8Array(ids);
  }

  holdApart(ids: Uint8Array): void {
    this.#sql.exec("INSERT INTO held_apart (ids) VALUES (?)", ids);
  }

  heldApartCount(): number {
    return (
      this.#sql.exec<{ bytes: number }>("SELECT COALESCE(SUM(length(ids)), 0) AS bytes FROM held_apart").one()
        .bytes / TICKET_ID_BYTES
    );
  }

  foldHeldApart(): void {
    const rows = this.#sql
      .exec<{ position: number; ids: ArrayBuffer }>(
        "SELECT position, ids FROM held_apart WHERE length(ids) < ? ORDER BY position",
        CHUNK_BYTES,
      )
      .toArray();
    if (rows.length < 2) return;
    for (const { position } of rows) this.#sql.exec("DELETE FROM held_apart WHERE position = ?", position);
    for (const chunk of chunksOf(rows)) this.holdApart(chunk);
  }
}

function chunksOf(rows: readonly { ids: ArrayBuffer }[]): Uint8Array[] {
  const all = new Uint8Array(rows.reduce((bytes, { ids }) => bytes + ids.byteLength, 0));
  let at = 0;
  for (const { ids } of rows) {
    all.set(new Uint8Array(ids), at);
    at += ids.byteLength;
  }
  const count = Math.ceil(all.byteLength / CHUNK_BYTES);
  return Array.from({ length: count }, (_, chunk) =>
    all.slice(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES),
  );
}
