import type { Beacon, SignedRoot } from "../../../../schema/line.ts";
import { count } from "../spans.ts";
import { dueAtMs, isSameBeacon, LOCAL_BEACON } from "./beacons.ts";
import { BOUNDS } from "./bounds.ts";
import type { CheckReport } from "./findings.ts";

/**
 * A window whose root somebody kept with the time at which it was first seen, by the clock of the device that saw it. Seen
 * before its round was due, it was fixed before anybody could know a place in it. Seen later, that says nothing.
 */
export type Witnessed = { cohort: number; seenAtMs: number; dueAtMs: number };

/** `wrong`: why the time that was kept says nothing. Null: none was kept, or there is no round to hold it against. */
export type Sight = { seenAtMs: number; dueAtMs: number } | { wrong: string } | null;

/** What was kept is taken as anything that a file can hold; the root is one that the line signed. */
export function sightOf(
  given: unknown,
  root: SignedRoot,
  { beacon, nowMs }: { beacon: Beacon | null; nowMs: number },
): Sight {
  const seenAtMs: unknown = (given as { seenAtMs?: unknown }).seenAtMs;
  if (seenAtMs === undefined || beacon === null || root.beaconRound === null) return null;
  const told = `The time at which the root of window ${root.cohort} was seen`;
  if (typeof seenAtMs !== "number" || !Number.isSafeInteger(seenAtMs) || seenAtMs < 0)
    return { wrong: `${told} is no time` };
  if (seenAtMs < root.closedAtMs - BOUNDS.clockToleranceMs)
    return { wrong: `${told} is before that window closed: the clock that it was seen by was wrong` };
  if (seenAtMs > nowMs + BOUNDS.clockToleranceMs)
    return { wrong: `${told} is still to come: the clock that it was seen by was wrong, or this one is` };
  return { seenAtMs, dueAtMs: dueAtMs(beacon, root.beaconRound) };
}

/** In a record where anything is wrong, or whose seeds were not all held against the beacon, no window is vouched for. */
export function canVouch(checks: readonly CheckReport[]): boolean {
  return checks.every(({ check, status }) =>
    check === "commitment" || check === "chain" || check === "beacon"
      ? status === "holds"
      : status !== "broken",
  );
}

export const isInTime = ({ seenAtMs, dueAtMs }: Pick<Witnessed, "seenAtMs" | "dueAtMs">) =>
  seenAtMs < dueAtMs;

/** Sentences for people; none when nothing was kept with its time. */
export function witnessWords(witnessed: readonly Witnessed[], beacon: Beacon | null): string[] {
  if (beacon === null || witnessed.length === 0) return [];
  const inTime = witnessed.filter(isInTime);
  const late = witnessed.filter((one) => !isInTime(one));
  return [
    ...(inTime.length === 0 ? [] : inTimeWords(inTime, isSameBeacon(beacon, LOCAL_BEACON))),
    ...(late.length === 0 ? [] : lateWords(late)),
    "Both times are compared by the clock of the device that saw it. Whether that clock was right only its owner can know.",
  ];
}

function inTimeWords(witnessed: readonly Witnessed[], isStandIn: boolean): string[] {
  const [only] = witnessed;
  const ahead =
    witnessed.length === 1 && only !== undefined ? `${secondsWords(only.dueAtMs - only.seenAtMs)} ` : "";
  const shown = `You were shown the root of ${windowsWords(witnessed)} ${ahead}before its random round existed`;
  if (isStandIn)
    return [`${shown}. This beacon is the local stand-in, so that shows how it works and proves nothing.`];
  return [`${shown}: nobody, also not the brand, could choose places in it.`];
}

function lateWords(witnessed: readonly Witnessed[]): string[] {
  return [
    `The root of ${windowsWords(witnessed)} was seen only after its random round was due: too late to prove that nobody chose places in it. That is no sign that anybody did.`,
  ];
}

const secondsWords = (ms: number) =>
  `${(ms / 1_000).toLocaleString("en", { maximumFractionDigits: 1, minimumFractionDigits: 1 })} s`;

/** Stretches of numbers that are told one by one; the rest is counted. */
const SPANS_TOLD = 8;

/** `window 3`, or `each of windows 0, 2 to 4 and 9`. */
function windowsWords(witnessed: readonly Witnessed[]): string {
  const spans = spansOf(witnessed.map(({ cohort }) => cohort));
  const told = spans.slice(0, SPANS_TOLD).map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`));
  const left = spans.slice(SPANS_TOLD).reduce((sum, [from, to]) => sum + to - from + 1, 0);
  if (witnessed.length === 1) return `window ${told[0]}`;
  return `each of windows ${told.join(", ")}${left === 0 ? "" : ` and ${count(left, "other")}`}`;
}

function spansOf(cohorts: readonly number[]): [from: number, to: number][] {
  const spans: [number, number][] = [];
  for (const cohort of [...cohorts].sort((one, other) => one - other)) {
    const last = spans.at(-1);
    if (last !== undefined && cohort === last[1] + 1) last[1] = cohort;
    else spans.push([cohort, cohort]);
  }
  return spans;
}
