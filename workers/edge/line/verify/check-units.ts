import type { PublicLedgerRow } from "../../../../schema/line.ts";
import { BOUNDS } from "./bounds.ts";
import { fromHex, rankerOf } from "./bytes.ts";
import type { Cohorts } from "./check-cohorts.ts";
import type { Log } from "./check-log.ts";
import type { History } from "./check-steps.ts";
import type { Context } from "./context.ts";

type Ranker = (ticketId: Uint8Array) => Promise<number>;

/** Holds each unit that was taken against log and watermark: a ticket of the log, whose turn had come. */
export function unitCheck(
  { report }: Context,
  { cohorts, log, history }: { cohorts: Cohorts; log: Log; history: History },
): (skuId: string, row: PublicLedgerRow) => Promise<void> {
  const rankers = new Map<string, Ranker>();
  const rankBy = async (seed: string) => {
    const ranker = rankers.get(seed) ?? (await rankerOf(seed));
    rankers.set(seed, ranker);
    return ranker;
  };
  let isToldPartly = false;
  const partly = (why: string) => {
    if (!isToldPartly) report.gap("units", why);
    isToldPartly = true;
  };

  return async (skuId, row) => {
    const { ticketId, seq, atMs } = row;
    report.looked("units");
    // Units that were given by hand are counted apart, for everybody to see.
    if (ticketId === null) return;
    const id = fromHex(ticketId);
    const cohort = log.table.cohortOf(id);
    const revealed = cohort === null ? undefined : cohorts.byNumber.get(cohort);
    const where = { skuId, ticketId, ...(cohort === null ? {} : { cohort }) };
    if (cohort === null) {
      if (!log.isWhole) return partly("Not every log could be read, so tickets may be in those");
      const words = `Row ${seq} of ${skuId} gives a unit to ticket ${ticketId}, which no closed window has.`;
      return report.found("units", "unit_without_place", words, where);
    }
    if (revealed === undefined) {
      if (!cohorts.isWhole) return partly("Not every window could be read");
      const words = `Row ${seq} of ${skuId} gives a unit to ticket ${ticketId} of window ${cohort}, whose seed is not out.`;
      return report.found("units", "unit_past_the_line", words, where);
    }
    const rank = await (await rankBy(revealed.seed))(id);
    const admittedAtMs = history.admissions.admittedAtMs({ cohort, rank });
    if (admittedAtMs !== null && atMs + BOUNDS.clockToleranceMs >= admittedAtMs) return;
    if (!history.isWhole) return partly("Not every step could be read, so turns may have come in those");
    const words =
      admittedAtMs === null ? "whose turn never came" : `${admittedAtMs - atMs} ms before its turn came`;
    report.found(
      "units",
      "unit_past_the_line",
      `Row ${seq} of ${skuId} gives a unit to ticket ${ticketId}, ${words}.`,
      where,
    );
  };
}
