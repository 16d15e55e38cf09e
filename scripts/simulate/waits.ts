import type { Snapshot } from "../../schema/line.ts";
import { standingOf, type Ticket } from "../../workers/edge/line/arithmetic.ts";
import { askAgainAfterMs } from "../../workers/edge/line/asking.ts";

/** What people were told to wait, held against how long they did. */
export type WaitFigures = {
  /** First statement after the draw, of everybody who was told one. */
  people: number;
  inside: number;
  early: number;
  late: number;
  /** Every statement that one in twenty got at each of their questions. */
  statements: number;
  statementsInside: number;
  /** Ranges whose upper end was above twice the lower and a minute. */
  tooWide: number;
  /** Of those who were told: the mean true wait, and the mean width of the range. */
  meanWaitMs: number;
  meanWidthMs: number;
  /** Questions by how long the wait was. */
  questions: { waitUpToMs: number; people: number; mean: number; most: number }[];
};

const TOLD_SLACK_MS = 60_000;
const ASKS_EVERY = 20;
const BUCKETS_MS = [60_000, 5 * 60_000, 15 * 60_000, 60 * 60_000, Number.POSITIVE_INFINITY];

/** One in twenty, who asks again whenever the arithmetic says so. */
type Asker = {
  ticket: Ticket;
  /** When it would be their turn by each statement: from, to, from, to ... Flat, since there are two million. */
  statements: number[];
  asked: number;
  firstAtMs: number;
};

export type Waits = {
  /** A cohort's rank is out: this person sees it first in this snapshot. */
  drawn(index: number, ticket: Ticket, snapshot: Snapshot): void;
  /** Lets those ask whose time has come. */
  ask(snapshot: Snapshot): void;
  admitted(index: number, atMs: number): void;
  figures(): WaitFigures;
};

export function trackWaits(shoppers: number, random: () => number): Waits {
  const toldAtMs = new Float64Array(shoppers);
  const fromMs = new Float64Array(shoppers);
  const toMs = new Float64Array(shoppers);
  const askers = new Map<number, Asker>();
  /** Who asks in which second. */
  const asking = new Map<number, number[]>();
  let [people, inside, early, late, waited, width] = [0, 0, 0, 0, 0, 0];
  let [statements, statementsInside, tooWide] = [0, 0, 0];
  const buckets = BUCKETS_MS.map((waitUpToMs) => ({ waitUpToMs, people: 0, questions: 0, most: 0 }));

  function schedule(index: number, atMs: number): void {
    const second = Math.ceil(atMs / 1_000);
    const due = asking.get(second);
    if (due) due.push(index);
    else asking.set(second, [index]);
  }

  function note(range: { fromMs: number; toMs: number }): void {
    if (range.toMs > 2 * range.fromMs + TOLD_SLACK_MS) tooWide += 1;
  }

  function question(index: number, asker: Asker, snapshot: Snapshot): void {
    const standing = standingOf(asker.ticket, snapshot, snapshot.atMs);
    asker.asked += 1;
    if (standing.kind === "waiting" && standing.wait !== null) {
      asker.statements.push(snapshot.atMs + standing.wait.fromMs, snapshot.atMs + standing.wait.toMs);
      note(standing.wait);
    }
    const again = askAgainAfterMs(standing, { nowMs: snapshot.atMs, unchangedMs: 0, jitter: random() });
    if (again !== null) schedule(index, snapshot.atMs + again);
  }

  return {
    drawn(index, ticket, snapshot) {
      const standing = standingOf(ticket, snapshot, snapshot.atMs);
      if (standing.kind !== "waiting") return;
      if (standing.wait !== null) {
        toldAtMs[index] = snapshot.atMs;
        fromMs[index] = standing.wait.fromMs;
        toMs[index] = standing.wait.toMs;
        note(standing.wait);
      }
      if (index % ASKS_EVERY !== 0) return;
      const asker = { ticket, statements: [], asked: 0, firstAtMs: snapshot.atMs };
      askers.set(index, asker);
      question(index, asker, snapshot);
    },

    ask(snapshot) {
      for (const [second, due] of asking) {
        if (second * 1_000 > snapshot.atMs) continue;
        asking.delete(second);
        for (const index of due) {
          const asker = askers.get(index);
          if (asker) question(index, asker, snapshot);
        }
      }
    },

    admitted(index, atMs) {
      const at = toldAtMs[index] as number;
      if (at > 0) {
        const trueMs = atMs - at;
        people += 1;
        waited += trueMs;
        width += (toMs[index] as number) - (fromMs[index] as number);
        if (trueMs < (fromMs[index] as number)) early += 1;
        else if (trueMs > (toMs[index] as number)) late += 1;
        else inside += 1;
      }
      const asker = askers.get(index);
      if (asker === undefined) return;
      askers.delete(index);
      for (let at = 0; at < asker.statements.length; at += 2) {
        const [from = 0, to = 0] = [asker.statements[at], asker.statements[at + 1]];
        statements += 1;
        if (atMs >= from && atMs <= to) statementsInside += 1;
      }
      const bucket = buckets.find(({ waitUpToMs }) => atMs - asker.firstAtMs <= waitUpToMs);
      if (bucket === undefined) return;
      bucket.people += 1;
      bucket.questions += asker.asked;
      bucket.most = Math.max(bucket.most, asker.asked);
    },

    figures() {
      // Who was told a wait and was never admitted was told something wrong.
      const left = toldAtMs.reduce((count, at) => count + (at > 0 ? 1 : 0), 0) - people;
      const mean = (sum: number) => (people === 0 ? 0 : sum / people);
      return {
        people: people + left,
        inside,
        early,
        late: late + left,
        statements,
        statementsInside,
        tooWide,
        meanWaitMs: mean(waited),
        meanWidthMs: mean(width),
        questions: buckets.map(({ questions, ...rest }) => ({
          ...rest,
          mean: rest.people === 0 ? 0 : questions / rest.people,
        })),
      };
    },
  };
}
