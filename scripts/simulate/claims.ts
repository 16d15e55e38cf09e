import { LIMITS } from "../../schema/limits.ts";
import type { Load } from "./combining.ts";
import type { Measured } from "./simulate.ts";

export type Claim = { name: string; ok: boolean; words: string };

/**
 * Bytes that are not the log's: of a cohort (root, link, seed, beacon), of a chunk that does not fill its pages, of a step
 * with its index, and pages that are half full.
 */
const BYTES = { ticket: 16, cohort: 1_600, chunk: 4_096, step: 120, page: 96 * 1024, slackShare: 0.02 };
/** Rows that are not people's: one a cohort, one a step, one a chunk, and what was there before anybody joined. */
const ROWS_SPARE = 5;
const ARRIVALS_OFF_MOST = 0.1;
const WAITS_INSIDE_LEAST = 0.9;
/** Four times the people may cost so many times the calls: they arrive by chance, so a little more. */
const CALLS_GROWTH_MOST = 1.25;
/** Four times the isolates make at least so many times the calls, where the object itself is no bottleneck. */
const ISOLATES_GROWTH_LEAST = 2;

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const count = (value: number) => Math.round(value).toLocaleString("en-US");

/** What the line promises, held against what was measured. Pure: each of them fails by one figure. */
export function judge(measured: Measured, loads: readonly Load[]): Claim[] {
  return [
    everybodyCounts(measured),
    noRows(measured),
    fewBytes(measured),
    exactOrder(measured),
    tokensHold(measured),
    asManyArrive(measured),
    waitsAreTrue(measured),
    rangesAreNarrow(measured),
    oneCallEach(loads, measured),
    callsNotPeople(loads),
  ];
}

function everybodyCounts({ shoppers, joined, logged, admitted }: Measured): Claim {
  return {
    name: "Everybody has one place and is admitted",
    ok: joined === shoppers && logged === shoppers && admitted === shoppers,
    words: `${count(shoppers)} joined, ${count(logged)} in the log, ${count(admitted)} admitted`,
  };
}

function noRows({ held, heldAtFirst, shoppers, cohorts, steps, chunks, joins }: Measured): Claim {
  const rows = total(held.rows) - total(heldAtFirst.rows);
  const most = cohorts + steps + chunksOf({ shoppers, cohorts }) + ROWS_SPARE;
  const calls = Object.values(joins).reduce((sum, { calls }) => sum + calls, 0);
  return {
    name: "No row a shopper",
    ok: rows <= most,
    words: `${count(rows)} rows for ${count(shoppers)} people: ${count(cohorts)} cohorts, ${count(steps)} steps, ${count(chunks)} chunks; ${count(held.rowsWritten)} row writes over ${count(calls)} batches`,
  };
}

/** The log in as few chunks as there can be: the last of each cohort is shorter. */
function chunksOf({ shoppers, cohorts }: Pick<Measured, "shoppers" | "cohorts">): number {
  return cohorts + Math.floor(shoppers / LIMITS.ticketsPerChunkMax);
}

function fewBytes({ held, heldAtFirst, shoppers, cohorts, steps }: Measured): Claim {
  const bytes = held.bytes - heldAtFirst.bytes;
  const most =
    shoppers * BYTES.ticket * (1 + BYTES.slackShare) +
    cohorts * BYTES.cohort +
    chunksOf({ shoppers, cohorts }) * BYTES.chunk +
    steps * BYTES.step +
    BYTES.page;
  return {
    name: "16 bytes a person",
    ok: bytes <= most,
    words: `${count(bytes)} bytes in all, ${(bytes / shoppers).toFixed(2)} a person with ${count(cohorts)} roots and ${count(steps)} steps (at most ${count(most)})`,
  };
}

function exactOrder({ order, admitted }: Measured): Claim {
  return {
    name: "Admission in the exact order, as a second implementation has it",
    ok: order.misplaced === 0 && order.faults.length === 0 && order.people === admitted && admitted > 0,
    words: `${count(order.people)} people compared by place and step, ${count(order.misplaced)} differ${order.faults.length === 0 ? "" : `; ${order.faults.join("; ")}`}`,
  };
}

function tokensHold({ signing, shoppers, arrivals }: Measured): Claim {
  const { tickets, passes, wrong, forgeries } = signing;
  return {
    name: "Every ticket and pass is signed and verified, every forged one refused",
    ok: wrong === 0 && tickets === shoppers && passes === arrivals.people && forgeries > 0,
    words: `${count(tickets)} tickets, ${count(passes)} passes, ${count(forgeries)} forgeries, ${count(wrong)} wrong`,
  };
}

function asManyArrive({ arrivals }: Measured): Claim {
  const settled = arrivals.windows.slice(arrivals.settling);
  const worst = settled.reduce((off, share) => Math.max(off, Math.abs(share - 1)), 0);
  const first = arrivals.windows.slice(0, arrivals.settling).map(percent).join(", ");
  return {
    name: "Arrivals within 10 % of the target",
    ok: settled.length > 0 && worst <= ARRIVALS_OFF_MOST,
    words: `target ${arrivals.targetPerSecond} a second; ${settled.length} stretches of 5 minutes, from ${percent(Math.min(...settled))} to ${percent(Math.max(...settled))} of it (the first, while it is seen who stays away: ${first})`,
  };
}

function waitsAreTrue({ waits }: Measured): Claim {
  const first = waits.inside / Math.max(1, waits.people);
  const later = waits.statementsInside / Math.max(1, waits.statements);
  return {
    name: "At least 90 % wait as long as they were told",
    ok: waits.people > 0 && first >= WAITS_INSIDE_LEAST && later >= WAITS_INSIDE_LEAST,
    words: `${percent(first)} of ${count(waits.people)} people (${count(waits.early)} came sooner, ${count(waits.late)} later); ${percent(later)} of ${count(waits.statements)} statements while asking again; mean wait ${minutes(waits.meanWaitMs)}, mean range ${minutes(waits.meanWidthMs)}`,
  };
}

function rangesAreNarrow({ waits }: Measured): Claim {
  return {
    name: "A range ends at most at twice its beginning and a minute",
    ok: waits.people > 0 && waits.tooWide === 0,
    words: `${count(waits.tooWide)} are wider`,
  };
}

function oneCallEach(loads: readonly Load[], { joins }: Measured): Claim {
  const most = Math.max(...[...loads, ...Object.values(joins)].map(({ underWayMax }) => underWayMax));
  const over = loads.filter(({ calls, callsMax }) => calls > callsMax);
  const shed = loads.reduce((sum, load) => sum + load.shed, 0);
  const slowest = Math.max(...Object.values(joins).map(({ waitMaxMs }) => waitMaxMs));
  return {
    name: "An isolate has one call of joins under way at a time",
    ok: most === 1 && over.length === 0 && shed === 0 && slowest <= LIMITS.combineFollowerMs,
    words: `${count(most)} at most; ${count(shed)} people were sent away; nobody of this line waited longer than ${(slowest / 1_000).toFixed(1)} s for a place`,
  };
}

/** Pairs of loads that differ in one thing. */
function callsNotPeople(loads: readonly Load[]): Claim {
  const grown: { what: string; times: number; ok: boolean }[] = [];
  for (const one of loads)
    for (const other of loads) {
      if (one.series !== other.series) continue;
      const times = other.calls / one.calls;
      if (one.isolates === other.isolates && other.shoppers === 4 * one.shoppers && one.isFull)
        grown.push({ what: `${one.series}, 4x people`, times, ok: times <= CALLS_GROWTH_MOST });
      if (one.shoppers === other.shoppers && other.isolates === 4 * one.isolates)
        grown.push({ what: `${one.series}, 4x isolates`, times, ok: times >= ISOLATES_GROWTH_LEAST });
    }
  return {
    name: "Calls to DropQueue follow isolates, not people",
    ok: grown.length > 0 && grown.every(({ ok }) => ok),
    words: grown.map(({ what, times }) => `${what}: ${times.toFixed(2)}x calls`).join("; "),
  };
}

const total = (rows: Record<string, number>) => Object.values(rows).reduce((sum, value) => sum + value, 0);
const minutes = (ms: number) => `${(ms / 60_000).toFixed(1)} min`;
