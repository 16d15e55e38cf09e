import { count, timeWords } from "../../line/spans.ts";
import type { OwnReport } from "../../line/verify/check-ticket.ts";
import type { Progress } from "../../line/verify/context.ts";
import { CHECKS, type CheckReport } from "../../line/verify/findings.ts";
import type { Verdict } from "../../line/verify/verify-line.ts";

/** What the proof page says of a check and its outcome. Nothing is called right that was not looked at. */

const number = (value: number) => value.toLocaleString("en");

export function resultWords({ status, looked, found, gaps }: CheckReport): string {
  switch (status) {
    case "holds":
      return `Holds (${number(looked)} looked at).`;
    case "broken":
      return `Broken: ${count(found, "fault")} found.`;
    case "incomplete":
      return `Could not be checked whole. ${gaps[0] ?? ""}`.trim();
    case "skipped":
      return "Not part of this check.";
  }
}

export function progressWords({ check, done, total }: Progress): string {
  return `${CHECKS[check]}: ${number(done)} of ${number(total)}.`;
}

/** Before a check: what the full one would load, in people's units. */
export function sizeWords(joined: number, ledgerRows: number): string {
  const megabytes = (joined * TICKET_BYTES + ledgerRows * LEDGER_ROW_BYTES) / 1e6;
  if (megabytes < 1) return "Every ticket and unit: less than a megabyte to load.";
  return `Every ticket and unit: about ${number(Math.ceil(megabytes))} MB to load.`;
}

const TICKET_BYTES = 16;
/** A row as JSON. */
const LEDGER_ROW_BYTES = 180;

export function verdictWords({ status, summary, checks }: Verdict, mode: "light" | "full"): string[] {
  const { windows, inWindows, steps } = summary;
  const seen = `${count(windows, "window")} with ${count(inWindows, "ticket")}, ${count(steps, "step")} of admission.`;
  if (status === "broken") {
    const broken = checks.filter((check) => check.status === "broken").length;
    return [
      `The record is broken: ${count(broken, "check")} failed.`,
      "What was found is listed below. Keep this page, and show it to others.",
    ];
  }
  if (status === "incomplete") {
    return ["Nothing wrong was found, but not everything could be looked at.", seen];
  }
  const left =
    mode === "light" ? ["The tickets of other windows and the units were not part of this check."] : [];
  return ["Everything that was checked holds.", seen, ...left];
}

export function ownWords(own: OwnReport): string[] {
  const { ticketId, cohort, isInLog, people } = own;
  if (isInLog === null) {
    return [`Your ticket ${ticketId}: window ${cohort} has not closed yet, so its list is not out.`];
  }
  if (!isInLog)
    return [`Your ticket ${ticketId} is not in the list of window ${cohort}, where it should be.`];
  const inLog = `Your ticket ${ticketId} is in the list of window ${cohort}${people === null ? "" : `, with ${count(people - 1, "other")}`}.`;
  if (own.rank === null || own.place === null) return [inLog, "The places of this window are not out yet."];
  const about = own.isPlaceExact ? "" : "about ";
  const place =
    own.place === 0
      ? `${own.isPlaceExact ? "Nobody" : "About nobody"} stood before it in the whole line.`
      : `${about}${count(own.place, "ticket")} stood before it in the whole line.`;
  const turn =
    own.admittedAtMs === null
      ? "Its turn has not come yet."
      : `Its turn came at ${timeWords(own.admittedAtMs)}.`;
  return [inLog, capital(place), turn, ...unitWords(own.units)];
}

/** Is there a unit that its holder knows nothing of, somebody else has bought with the ticket. */
function unitWords(units: OwnReport["units"]): string[] {
  if (units === null) return [];
  const held = Object.entries(units).filter(([, quantity]) => quantity > 0);
  if (held.length === 0) return ["It holds no unit."];
  return [`It holds ${held.map(([skuId, quantity]) => `${number(quantity)} of ${skuId}`).join(", ")}.`];
}

const capital = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);
