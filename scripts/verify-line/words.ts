import type { Beacon } from "../../schema/line.ts";
import { isSameBeacon, LOCAL_BEACON, QUICKNET } from "../../workers/edge/line/verify/beacons.ts";
import type { OwnReport } from "../../workers/edge/line/verify/check-ticket.ts";
import type { CheckStatus } from "../../workers/edge/line/verify/findings.ts";
import { CHECKS } from "../../workers/edge/line/verify/findings.ts";
import type { Summary, Verdict } from "../../workers/edge/line/verify/verify-line.ts";
import { witnessWords } from "../../workers/edge/line/verify/witness.ts";

const MARKS: Record<CheckStatus, string> = { holds: "✓", broken: "✗", incomplete: "?", skipped: "-" };
const NOT_LOOKED = " (not looked at)";

/** The verdict for people. */
export function saidVerdict(
  dropId: string,
  { status, checks, findings, summary, own, witnessed }: Verdict,
): string {
  const lines: string[] = [];
  for (const { check, status, looked, found, gaps } of checks) {
    const count = found > 0 ? ` (${found} wrong of ${looked})` : looked > 1 ? ` (${looked})` : "";
    lines.push(`${MARKS[status]} ${CHECKS[check]}${status === "skipped" ? NOT_LOOKED : count}`);
    for (const finding of findings) if (finding.check === check) lines.push(`    ${finding.words}`);
    for (const gap of gaps) lines.push(`    ${gap}`);
  }
  lines.push("", ...saidSummary(summary));
  if (own !== null) lines.push("", ...saidOwn(own));
  const witness = witnessWords(witnessed, summary.commitment?.beacon ?? null);
  if (witness.length > 0) lines.push("", ...witness);
  lines.push("", `${dropId}: ${ENDINGS[status]}`);
  return lines.join("\n");
}

const ENDINGS: Record<Verdict["status"], string> = {
  holds: "everything that was looked at holds.",
  broken: "THE RECORD IS WRONG: ✗ marks where.",
  incomplete: "nothing was found wrong, but not everything could be looked at: ? marks what.",
};

function saidSummary(summary: Summary): string[] {
  const { commitment, windows, inWindows, joined, heldApart, steps, ledgers } = summary;
  if (commitment === null) return [];
  const beacon = beaconWords(commitment.beacon);
  return [
    `${joined} people joined, ${inWindows} of them in ${windows} windows that are drawn; ${heldApartWords(heldApart)}; ${steps} steps.`,
    beacon,
    ...ledgers.map(
      ({ skuId, stock, sold, rows, addedByHand, removedByHand, takenByHand, soldByHand }) =>
        `${skuId}: ${sold} of ${stock} sold, ${rows} rows; by hand: ${addedByHand} added, ${removedByHand} removed, ${takenByHand} taken, ${soldByHand} sold.`,
    ),
    ...summary.notes
      .filter(({ what }) => what !== "published")
      .map(({ atMs, what, detail }) =>
        `${new Date(atMs).toISOString()} by hand: ${what} ${detail}`.trimEnd(),
      ),
  ];
}

function heldApartWords(heldApart: number | null): string {
  return heldApart === null ? "how many are held apart is told after the end" : `${heldApart} are held apart`;
}

function beaconWords(beacon: Beacon | null): string {
  if (beacon === null) return "No beacon: the brand is trusted not to have chosen who joins.";
  const named = `Beacon ${beacon.chainHash.slice(0, 16)}…`;
  if (isSameBeacon(beacon, QUICKNET))
    return `${named}, drand's quicknet: not even the brand could choose a place in a window whose root was out in time.`;
  if (isSameBeacon(beacon, LOCAL_BEACON))
    return `${named}, the local stand-in for drand's quicknet: its key is in the code, so it proves nothing.`;
  return `${named}, not drand's quicknet: whoever runs it is trusted not to have chosen who joins.`;
}

function saidOwn({
  ticketId,
  cohort,
  isInLog,
  rank,
  place,
  isPlaceExact,
  admittedAtMs,
  units,
}: OwnReport): string[] {
  const lines = [`Your ticket ${ticketId} is of window ${cohort}.`];
  if (isInLog === null) lines.push("That window is still open, or could not be read.");
  if (isInLog === true && rank === null) lines.push("It is in the log; its window's seed is not out yet.");
  if (rank !== null && place !== null)
    lines.push(`Its rank is ${rank}; ${isPlaceExact ? "exactly" : "about"} ${place} people are before it.`);
  if (admittedAtMs !== null) lines.push(`Its turn came at ${new Date(admittedAtMs).toISOString()}.`);
  else if (rank !== null) lines.push("Its turn has not come.");
  const taken = Object.entries(units ?? {}).filter(([, count]) => count > 0);
  if (taken.length > 0)
    lines.push(
      `It holds: ${taken.map(([sku, count]) => `${count} × ${sku}`).join(", ")}. Should that not be yours, somebody has used your place.`,
    );
  return lines;
}
