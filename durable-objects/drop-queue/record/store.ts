import { LIMITS } from "../../../schema/limits.ts";
import type { ClosedCohort, LineNote, SignedRoot, Watermark, WatermarkStep } from "../../../schema/line.ts";
import { type CohortSize, LINE_START } from "../decide.ts";

/** `isClosed`: nobody can join it any more, and its root stands. */
export type LatestCohort = CohortSize & { isClosed: boolean };
/** What a reveal writes. */
export type Reveal = {
  cohort: number;
  link: Uint8Array;
  seed: Uint8Array;
  beaconSignature: Uint8Array | null;
  atMs: number;
};
type CohortRow = {
  root: string;
  before: number;
  link: string;
  beaconSignature: string | null;
  seed: string;
  revealedAtMs: number;
};

/** SQL of what the public record is made of: cohorts on their way to their seeds, the watermark's steps, notes. */
export class RecordStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /**
   * An instant as the record may say it: never before one that it has said. A clock may step back, and an object may move to
   * one that is behind; a record whose times did would look like fraud, and a root could name a round that is out already.
   */
  dated(atMs: number): number {
    const { newestMs } = this.#sql
      .exec<{ newestMs: number }>(
        `SELECT MAX(
           COALESCE((SELECT at_ms FROM steps ORDER BY step DESC LIMIT 1), 0),
           COALESCE((SELECT closed_at_ms FROM cohorts WHERE closed_at_ms IS NOT NULL ORDER BY cohort DESC LIMIT 1), 0),
           COALESCE((SELECT rooted_at_ms FROM cohorts WHERE rooted_at_ms IS NOT NULL ORDER BY cohort DESC LIMIT 1), 0),
           COALESCE((SELECT revealed_at_ms FROM cohorts WHERE revealed_at_ms IS NOT NULL ORDER BY cohort DESC LIMIT 1), 0)
         ) AS newestMs`,
      )
      .one();
    return Math.max(atMs, newestMs);
  }

  // Cohorts -------------------------------------------------------------------------------------------------------------

  latest(): LatestCohort | null {
    const [row] = this.#sql
      .exec<{ cohort: number; count: number; isClosed: number }>(
        "SELECT cohort, count, closed_at_ms IS NOT NULL AS isClosed FROM cohorts ORDER BY cohort DESC LIMIT 1",
      )
      .toArray();
    return row ? { ...row, isClosed: row.isClosed === 1 } : null;
  }

  open(): CohortSize[] {
    return this.#sql
      .exec<CohortSize>(
        "SELECT cohort, count FROM cohorts WHERE revealed_at_ms IS NULL AND closed_at_ms IS NULL ORDER BY cohort",
      )
      .toArray();
  }

  close(root: SignedRoot): void {
    this.#sql.exec(
      "UPDATE cohorts SET closed_at_ms = ?, root = ?, beacon_round = ? WHERE cohort = ?",
      root.closedAtMs,
      JSON.stringify(root),
      root.beaconRound,
      root.cohort,
    );
  }

  /** As it is served, byte for byte; null while its cohort is open or empty. */
  root(cohort: number): string | null {
    const [row] = this.#sql
      .exec<{ root: string | null }>("SELECT root FROM cohorts WHERE cohort = ?", cohort)
      .toArray();
    return row?.root ?? null;
  }

  /** The first closed cohort whose root is not public yet. */
  firstUnrooted(): { cohort: number; root: string } | null {
    return (
      this.#sql
        .exec<{ cohort: number; root: string }>(
          `SELECT cohort, root FROM cohorts
           WHERE revealed_at_ms IS NULL AND closed_at_ms IS NOT NULL AND rooted_at_ms IS NULL ORDER BY cohort LIMIT 1`,
        )
        .toArray()[0] ?? null
    );
  }

  noteRooted(cohort: number, atMs: number): void {
    this.#sql.exec(
      "UPDATE cohorts SET rooted_at_ms = ? WHERE cohort = ? AND rooted_at_ms IS NULL",
      this.dated(atMs),
      cohort,
    );
  }

  /** Cohorts whose roots are public and whose seeds are not, in order, from the first that is unrevealed on. */
  toReveal(max: number): { cohort: number; beaconRound: number | null }[] {
    const rows = this.#sql
      .exec<{ cohort: number; beaconRound: number | null; isRooted: number }>(
        `SELECT cohort, beacon_round AS beaconRound, rooted_at_ms IS NOT NULL AS isRooted FROM cohorts
         WHERE revealed_at_ms IS NULL ORDER BY cohort LIMIT ?`,
        max,
      )
      .toArray();
    const unrooted = rows.findIndex(({ isRooted }) => isRooted === 0);
    return unrooted === -1 ? rows : rows.slice(0, unrooted);
  }

  /** A repeat changes nothing. */
  reveal({ cohort, link, seed, beaconSignature, atMs }: Reveal): void {
    this.#sql.exec(
      `UPDATE cohorts SET revealed_at_ms = ?, link = ?, seed = ?, beacon_signature = ?
       WHERE cohort = ? AND revealed_at_ms IS NULL`,
      this.dated(atMs),
      link,
      seed,
      beaconSignature,
      cohort,
    );
  }

  rootedThrough(): number {
    return this.#last("rooted_at_ms");
  }

  revealedThrough(): number {
    return this.#last("revealed_at_ms");
  }

  #last(column: "rooted_at_ms" | "revealed_at_ms"): number {
    const [row] = this.#sql
      .exec<{ cohort: number }>(
        `SELECT cohort FROM cohorts WHERE ${column} IS NOT NULL ORDER BY cohort DESC LIMIT 1`,
      )
      .toArray();
    return row?.cohort ?? -1;
  }

  /** The first cohort, with people, whose seed is not out. */
  firstUnrevealed(): number | null {
    return this.#sql
      .exec<{ cohort: number | null }>(
        "SELECT MIN(cohort) AS cohort FROM cohorts WHERE revealed_at_ms IS NULL",
      )
      .one().cohort;
  }

  /** The next closed cohort from this one on, and its chunks. */
  closedFrom(cohort: number): CohortSize | null {
    return (
      this.#sql
        .exec<CohortSize>(
          "SELECT cohort, count FROM cohorts WHERE cohort >= ? AND closed_at_ms IS NOT NULL ORDER BY cohort LIMIT 1",
          cohort,
        )
        .toArray()[0] ?? null
    );
  }

  revealedFrom(cohort: number, max: number = LIMITS.pageRowsMax): CohortSize[] {
    return this.#sql
      .exec<CohortSize>(
        "SELECT cohort, count FROM cohorts WHERE revealed_at_ms IS NOT NULL AND cohort >= ? ORDER BY cohort LIMIT ?",
        cohort,
        max,
      )
      .toArray();
  }

  /** Revealed cohorts numbered from `from` and below `to`. */
  revealed(from: number, to: number): ClosedCohort[] {
    return this.#sql
      .exec<CohortRow>(
        `SELECT root, people_before AS before, lower(hex(link)) AS link,
           lower(hex(seed)) AS seed,
           CASE WHEN beacon_signature IS NULL THEN NULL ELSE lower(hex(beacon_signature)) END AS beaconSignature,
           revealed_at_ms AS revealedAtMs FROM cohorts
         WHERE revealed_at_ms IS NOT NULL AND cohort >= ? AND cohort < ? ORDER BY cohort LIMIT ?`,
        from,
        to,
        LIMITS.pageRowsMax,
      )
      .toArray()
      .map(toClosedCohort);
  }

  /** People before the watermark, derived and not counted up, so that rounding never adds up. */
  admitted({ cohort, rank }: Watermark): number {
    const [row] = this.#sql
      .exec<{ before: number; count: number }>(
        "SELECT people_before AS before, count FROM cohorts WHERE cohort = ?",
        cohort,
      )
      .toArray();
    return row ? Math.round(row.before + row.count * rank) : 0;
  }

  joined(): number {
    return (
      this.#sql
        .exec<{ people: number }>(
          "SELECT people_before + count AS people FROM cohorts ORDER BY cohort DESC LIMIT 1",
        )
        .toArray()[0]?.people ?? 0
    );
  }

  // Steps ---------------------------------------------------------------------------------------------------------------

  lastStep(): WatermarkStep | null {
    return (
      this.#sql
        .exec<WatermarkStep>(
          "SELECT step, at_ms AS atMs, cohort, rank, admitted FROM steps ORDER BY step DESC LIMIT 1",
        )
        .toArray()[0] ?? null
    );
  }

  watermark(): Watermark {
    const last = this.lastStep();
    return last ? { cohort: last.cohort, rank: last.rank } : LINE_START;
  }

  /** The watermark as it was at an instant. */
  watermarkAt(atMs: number): Watermark {
    return (
      this.#sql
        .exec<Watermark>(
          "SELECT cohort, rank FROM steps WHERE at_ms <= ? ORDER BY at_ms DESC, step DESC LIMIT 1",
          atMs,
        )
        .toArray()[0] ?? LINE_START
    );
  }

  writeStep(watermark: Watermark, atMs: number): void {
    this.#sql.exec(
      "INSERT INTO steps (step, at_ms, cohort, rank, admitted) VALUES (?, ?, ?, ?, ?)",
      (this.lastStep()?.step ?? 0) + 1,
      this.dated(atMs),
      watermark.cohort,
      watermark.rank,
      this.admitted(watermark),
    );
  }

  /** Steps numbered from `from` and below `to`. */
  steps(from: number, to: number): WatermarkStep[] {
    return this.#sql
      .exec<WatermarkStep>(
        "SELECT step, at_ms AS atMs, cohort, rank, admitted FROM steps WHERE step >= ? AND step < ? ORDER BY step",
        from,
        to,
      )
      .toArray();
  }

  // Notes ---------------------------------------------------------------------------------------------------------------

  writeNote({ atMs, what, detail }: LineNote): void {
    this.#sql.exec("INSERT INTO notes (at_ms, what, detail) VALUES (?, ?, ?)", atMs, what, detail);
  }

  notes(): LineNote[] {
    return this.#sql.exec<LineNote>("SELECT at_ms AS atMs, what, detail FROM notes ORDER BY seq").toArray();
  }
}

function toClosedCohort({ root, ...row }: CohortRow): ClosedCohort {
  const { chunks: _, ...signed } = JSON.parse(root) as SignedRoot;
  const { before, link, beaconSignature, seed, revealedAtMs } = row;
  return { ...signed, before, link, beaconSignature, seed, revealedAtMs };
}
