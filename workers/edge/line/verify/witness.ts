import type { Beacon, SignedRoot } from "../../../../schema/line.ts";
import { count } from "../spans.ts";
import { dueAtMs, isSameBeacon, LOCAL_BEACON, QUICKNET } from "./beacons.ts";
import { BOUNDS } from "./bounds.ts";
import type { CheckReport } from "./findings.ts";

/** `wrong`: why the time that was kept says nothing: somebody's clock was wrong, and no record is worse for it. */
export type Sight = { seenAtMs: number; dueAtMs: number } | { wrong: string };

/**
 * A window whose root somebody kept with the time at which it was first seen, by the clock of the device that saw it. Seen
 * before its round was due, it was fixed before anybody could know a place in it. Seen later, that says nothing.
 */
export type Witnessed = { cohort: number } & Sight;

/**
 * What was kept is taken as anything that a file can hold; the root is one that the line signed. Null: no time was kept, or
 * there is no round to hold it against.
 */
export function sightOf(
  given: unknown,
  root: SignedRoot,
  { beacon, nowMs }: { beacon: Beacon | null; nowMs: number },
): Sight | null {
  const seenAtMs: unknown = (given as { seenAtMs?: unknown }).seenAtMs;
  if (seenAtMs === undefined || beacon === null || root.beaconRound === null) return null;
  const told = `The time at which the root of window ${root.cohort} was seen`;
  if (typeof seenAtMs !== "number" || !Number.isSafeInteger(seenAtMs) || seenAtMs < 0)
    return { wrong: `${told} is no time` };
  if (seenAtMs < root.closedAtMs - BOUNDS.clockToleranceMs)
    return { wrong: `${told} is before that window closed: that device's clock was wrong, or the shop's` };
  if (seenAtMs > nowMs + BOUNDS.clockToleranceMs)
    return { wrong: `${told} is still to come: that device's clock was wrong, or this one's is` };
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

type Timed = Exclude<Sight, { wrong: string }>;
const isTimed = <Of extends Sight>(sight: Of): sight is Of & Timed => !("wrong" in sight);
export const isInTime = (sight: Sight) => isTimed(sight) && sight.seenAtMs < sight.dueAtMs;

/** Of two sights of one root: the first, and one that has no time never before one that has. */
export function firstOf<Of extends Sight>(one: Of | undefined, other: Of): Of {
  if (one === undefined || !isTimed(one)) return other;
  return isTimed(other) && other.seenAtMs < one.seenAtMs ? other : one;
}

/** Sentences for people; none when nothing was kept with its time. */
export function witnessWords(witnessed: readonly Witnessed[], beacon: Beacon | null): string[] {
  if (beacon === null || witnessed.length === 0) return [];
  const timed = witnessed.filter(isTimed);
  const inTime = timed.filter(isInTime);
  const late = timed.filter((one) => !isInTime(one));
  const wrong = witnessed.flatMap((one) => ("wrong" in one ? [`${one.wrong}. So it proves nothing.`] : []));
  return [
    ...(inTime.length === 0 ? [] : inTimeWords(inTime, beacon)),
    ...(late.length === 0 ? [] : lateWords(late)),
    ...wrong.slice(0, SPANS_TOLD),
    ...(timed.length === 0 ? [] : [CLOCK_WORDS]),
  ];
}

const CLOCK_WORDS =
  "Both times are compared by the clock of the device that saw it. Whether that clock was right only its owner can know.";

type Seen = Witnessed & Timed;

function inTimeWords(witnessed: readonly Seen[], beacon: Beacon): string[] {
  const [only] = witnessed;
  const ahead =
    witnessed.length === 1 && only !== undefined ? `${secondsWords(only.dueAtMs - only.seenAtMs)} ` : "";
  const shown = `You were shown the root of ${windowsWords(witnessed)} ${ahead}before its random round existed`;
  if (isSameBeacon(beacon, LOCAL_BEACON))
    return [`${shown}. This beacon is the local stand-in, so that shows how it works and proves nothing.`];
  const nobody = isSameBeacon(beacon, QUICKNET)
    ? "nobody, also not the brand,"
    : "nobody but whoever runs that beacon, which is not drand's quicknet,";
  return [`${shown}: ${nobody} could choose places in it.`];
}

function lateWords(witnessed: readonly Witnessed[]): string[] {
  return [
    `The root of ${windowsWords(witnessed)} was seen only after its random round was due: too late to prove that nobody chose places in it. That is no sign that anybody did.`,
  ];
}

function secondsWords(ms: number): string {
  if (ms < 100) return "less than 0.1 s";
  return `${(ms / 1_000).toLocaleString("en", { maximumFractionDigits: 1, minimumFractionDigits: 1 })} s`;
}

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
