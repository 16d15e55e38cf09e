import type { ClosedCohort, CohortPage } from "../../../../schema/line.ts";
import { dueAtMs, firstRoundFrom } from "./beacons.ts";
import { BOUNDS, FORMAT } from "./bounds.ts";
import type { Context } from "./context.ts";
import { ahead, numbers } from "./read-record.ts";
import { cohortPage, type Schedule, schedule } from "./shapes.ts";
import { isRootSigned } from "./signed-roots.ts";

/**
 * Windows whose seeds are out, by number; a number without an entry had nobody in it. Not whole: some could not be read, and
 * the lack of one says nothing.
 */
export type Cohorts = { byNumber: ReadonlyMap<number, ClosedCohort>; isWhole: boolean };

/** Reads all of them that the head promises and holds their order, times and counts against each other. */
export async function checkCohorts(context: Context): Promise<Cohorts> {
  const { reader, report, head } = context;
  const read = await reader.ask({ check: "cohorts", path: "snapshot", shape: schedule });
  if (read.is === "absent")
    report.gap("cohorts", "There is no snapshot, so the windows' times are not known");
  const times = read.is === "there" ? openedBy(head.notes, read.value) : null;

  const byNumber = new Map<number, ClosedCohort>();
  const lastPage = Math.floor(head.revealedThrough / FORMAT.cohortsPerPage);
  const pages = ahead(numbers(0, lastPage), (page) =>
    reader.need({
      check: "cohorts",
      path: `record/cohorts/${page}`,
      shape: cohortPage,
      isGrown: page === lastPage ? has(head.revealedThrough) : undefined,
    }),
  );
  let before: ClosedCohort | null = null;
  let people: number | null = 0;
  let isWhole = true;
  let number = 0;
  for await (const page of pages) {
    if (page !== null && !fits(page, number))
      report.found("cohorts", "cohort_order", `Page ${number} of the windows has what belongs elsewhere.`);
    for (const cohort of page === null ? [] : page.cohorts) {
      // Newer than the head that we read: not part of what is checked here.
      if (cohort.cohort > head.revealedThrough) continue;
      checkCohort(context, { cohort, before, people, times });
      await checkSignature(context, cohort);
      byNumber.set(cohort.cohort, cohort);
      before = cohort;
      people = cohort.before + cohort.count;
    }
    if (page === null) {
      isWhole = false;
      people = null;
    }
    number += 1;
    context.progress({ check: "cohorts", done: number, total: lastPage + 1 });
  }
  if (isWhole && head.revealedThrough >= 0 && !byNumber.has(head.revealedThrough)) {
    const words = `Window ${head.revealedThrough} is said to be revealed, and is not in the record.`;
    report.found("cohorts", "missing", words, { cohort: head.revealedThrough });
  }
  checkTotals(context, people ?? 0);
  return { byNumber, isWhole };
}

const has = (number: number) => (page: CohortPage) => page.cohorts.some(({ cohort }) => cohort === number);

function fits({ page, cohorts }: CohortPage, number: number): boolean {
  return (
    page === number && cohorts.every(({ cohort }) => Math.floor(cohort / FORMAT.cohortsPerPage) === number)
  );
}

/** `before`: the window before it that had people; `people`: how many had come by then, null where that could not be read. */
type Placed = {
  cohort: ClosedCohort;
  before: ClosedCohort | null;
  people: number | null;
  times: Schedule | null;
};

function checkCohort({ report, head }: Context, { cohort, before, people, times }: Placed): void {
  const number = cohort.cohort;
  const found = (code: Parameters<typeof report.found>[1], words: string) =>
    report.found("cohorts", code, words, { cohort: number });
  report.looked("cohorts");

  if (before !== null) {
    if (number <= before.cohort)
      found("cohort_order", `Window ${number} comes after window ${before.cohort}.`);
    if (cohort.closedAtMs < before.closedAtMs)
      found("cohort_order", `Window ${number} closed before window ${before.cohort}.`);
    if (cohort.revealedAtMs < before.revealedAtMs)
      found("cohort_order", `The link of window ${number} came out before that of window ${before.cohort}.`);
  }
  if (cohort.revealedAtMs < cohort.closedAtMs)
    found("revealed_early", `The link of window ${number} came out before the window closed.`);
  if (cohort.closedAtMs < head.commitment.committedAtMs)
    found("commitment_late", `Window ${number} closed before the commitment was made.`);

  if (people !== null && cohort.before !== people)
    found(
      "before_wrong",
      `${people} people are in earlier windows than ${number}, the record says ${cohort.before}.`,
    );

  if (times !== null && !isEnded(head.notes, cohort.closedAtMs)) {
    const endsAtMs = times.opensAtMs + number * times.windowMs;
    if (cohort.closedAtMs < endsAtMs)
      found("closed_early", `Window ${number} closed ${endsAtMs - cohort.closedAtMs} ms before its end.`);
  }
  checkRound({ report, head }, cohort);
}

/** A snapshot may be older than an operator's word to open now, which is noted. */
function openedBy(notes: Context["head"]["notes"], times: Schedule): Schedule {
  const opened = notes.flatMap((note) => (note.what === "opened" ? [note.atMs] : []));
  return { ...times, opensAtMs: Math.min(times.opensAtMs, ...opened) };
}

/** Of a light look this is all that is looked at of others' windows: their roots are read in full ones alone. */
async function checkSignature({ report, head }: Context, cohort: ClosedCohort): Promise<void> {
  report.looked("roots");
  const isSigned = await isRootSigned(head.commitment, cohort);
  if (isSigned === null) report.gap("roots", "Ed25519 signatures cannot be checked here");
  if (isSigned !== false) return;
  const words = `What is said of window ${cohort.cohort} is not signed by the line's key.`;
  report.found("roots", "root_unsigned", words, { cohort: cohort.cohort });
}

/** An operator who ends a drop by hand closes its last window early, and that is noted. */
function isEnded(notes: Context["head"]["notes"], atMs: number): boolean {
  return notes.some((note) => note.what === "ended" && note.atMs <= atMs);
}

/** The round was not to be chosen: it is the first that is due a margin after the close; and no link came out before it. */
function checkRound({ report, head }: Pick<Context, "report" | "head">, cohort: ClosedCohort): void {
  const { beacon } = head.commitment;
  const { cohort: number, beaconRound, closedAtMs, revealedAtMs } = cohort;
  const where = { cohort: number };
  if (beacon === null) {
    if (beaconRound !== null || cohort.beaconSignature !== null)
      report.found(
        "beacon",
        "beacon_round_wrong",
        `Window ${number} names a round, but the line has no beacon.`,
        where,
      );
    return;
  }
  report.looked("beacon");
  const wanted = firstRoundFrom(beacon, closedAtMs + FORMAT.beaconMarginMs);
  if (beaconRound !== wanted)
    report.found(
      "beacon",
      "beacon_round_wrong",
      `Window ${number} takes round ${beaconRound} instead of ${wanted}.`,
      where,
    );
  if (revealedAtMs + BOUNDS.clockToleranceMs < dueAtMs(beacon, wanted))
    report.found(
      "beacon",
      "revealed_early",
      `Window ${number} claims that its seed came out before round ${wanted} was due.`,
      where,
    );
}

function checkTotals({ report, head }: Context, people: number): void {
  if (head.revealedThrough > head.rootedThrough)
    report.found("cohorts", "cohort_order", "Links came out of windows whose roots are not out.");
  if (people > head.joined || (head.heldApart ?? 0) > head.joined)
    report.found("cohorts", "joined_wrong", `${people} people are in closed windows, ${head.joined} in all.`);
}
