import type { ClosedCohort, SignedRoot } from "../../../../schema/line.ts";
import { fromHex, rankerOf } from "./bytes.ts";
import type { Cohorts } from "./check-cohorts.ts";
import { eachId, type Log } from "./check-log.ts";
import type { History } from "./check-steps.ts";
import type { Context } from "./context.ts";

/** `chunk`: which chunk of its window's log is to have it; null: it is looked for in all of them. */
export type OwnTicket = { ticketId: string; cohort: number; chunk: number | null };

/** What can be told of one's own place. Null: not known yet, or not looked at. */
export type OwnReport = {
  ticketId: string;
  cohort: number;
  isInLog: boolean | null;
  rank: number | null;
  /** People before it. Exact when its whole window was read; else what uniform ranks let expect. */
  place: number | null;
  isPlaceExact: boolean;
  /** People in its window. */
  people: number | null;
  admittedAtMs: number | null;
  /** Units that this ticket holds, by SKU: is there one that its owner knows nothing of, somebody else has bought with it. */
  units: Record<string, number> | null;
};

/** Ranks computed side by side: keeps WebCrypto busy, and a browser's tab alive. */
const RANKED_AT_ONCE = 256;

/** Looks out for one ticket while the logs go by. */
export class OwnWatch {
  readonly #own: OwnTicket;
  readonly #revealed: ClosedCohort | null;
  readonly #rank: ((ticketId: Uint8Array) => Promise<number>) | null;
  readonly #ownRank: number | null;
  readonly #foundIn: number[] = [];
  #root: SignedRoot | null = null;
  #isWindowEmpty = false;
  #chunksRead = 0;
  #idsBefore = 0;

  private constructor(
    own: OwnTicket,
    revealed: ClosedCohort | null,
    rank: OwnWatch["rank"],
    ownRank: number | null,
  ) {
    this.#own = own;
    this.#revealed = revealed;
    this.#rank = rank;
    this.#ownRank = ownRank;
  }

  static async of(own: OwnTicket, cohorts: Cohorts): Promise<OwnWatch> {
    const revealed = cohorts.byNumber.get(own.cohort) ?? null;
    if (revealed === null) return new OwnWatch(own, null, null, null);
    const rank = await rankerOf(revealed.seed);
    return new OwnWatch(own, revealed, rank, await rank(fromHex(own.ticketId)));
  }

  get rank() {
    return this.#rank;
  }

  onRoot(root: SignedRoot): void {
    if (root.cohort === this.#own.cohort) this.#root = root;
  }

  /** There is no root for this window: nobody was in it. */
  onAbsent(cohort: number): void {
    if (cohort === this.#own.cohort) this.#isWindowEmpty = true;
  }

  async onChunk(cohort: number, chunk: number, ids: Uint8Array): Promise<void> {
    if (cohort !== this.#own.cohort) return;
    this.#chunksRead += 1;
    const wanted = fromHex(this.#own.ticketId);
    let some: Promise<number>[] = [];
    const settle = async () => {
      for (const rank of await Promise.all(some)) if (rank < (this.#ownRank ?? 0)) this.#idsBefore += 1;
      some = [];
    };
    for (const id of eachId(ids)) {
      if (id.every((byte, at) => byte === wanted[at])) this.#foundIn.push(chunk);
      if (this.#rank !== null) some.push(this.#rank(id));
      if (some.length === RANKED_AT_ONCE) await settle();
    }
    await settle();
  }

  /** Says what is wrong with the ticket's place, and where it stands. */
  settle(
    { report, head, mode }: Context,
    { log, history, units }: { log: Log; history: History; units: OwnReport["units"] },
  ): OwnReport {
    const { ticketId, cohort, chunk } = this.#own;
    const where = { cohort, ticketId };
    const rank = this.#ownRank;
    const revealed = this.#revealed;
    const isWhole = this.#root !== null && this.#chunksRead === this.#root.chunks.length;
    const isInLog = this.#isInLog(head.rootedThrough, isWhole);
    if (isInLog !== null) report.looked("ticket");
    else if (cohort <= head.rootedThrough) report.gap("ticket", "Its window's log could not be read");
    if (isInLog === false) {
      const elsewhere = mode === "full" ? log.table.cohortOf(fromHex(ticketId)) : null;
      const words = elsewhere === null ? "" : ` It stands in window ${elsewhere}.`;
      report.found(
        "ticket",
        "ticket_missing",
        `Ticket ${ticketId} is not in the log of window ${cohort}.${words}`,
        where,
      );
    } else if (isInLog && chunk !== null && !this.#foundIn.includes(chunk)) {
      report.found(
        "ticket",
        "ticket_elsewhere",
        `Ticket ${ticketId} is in chunk ${this.#foundIn[0]} of its window, not in ${chunk}.`,
        where,
      );
    }
    const isKnown = isInLog === true && revealed !== null && rank !== null;
    const estimate = isKnown ? revealed.before + Math.round(rank * revealed.count) : null;
    return {
      ticketId,
      cohort,
      isInLog,
      rank: isInLog === true ? rank : null,
      place: isKnown && isWhole ? revealed.before + this.#idsBefore : estimate,
      isPlaceExact: isKnown && isWhole,
      people: this.#root?.count ?? revealed?.count ?? null,
      admittedAtMs: isKnown ? history.admissions.admittedAtMs({ cohort, rank }) : null,
      units,
    };
  }

  /** Null: its window is still open, or could not be read. */
  #isInLog(rootedThrough: number, isWhole: boolean): boolean | null {
    if (this.#own.cohort > rootedThrough) return null;
    if (this.#foundIn.length > 0) return true;
    if (isWhole || this.#isWindowEmpty) return false;
    // The one chunk that it names was read, and does not have it.
    if (this.#chunksRead > 0 && this.#own.chunk !== null) return false;
    return null;
  }
}
