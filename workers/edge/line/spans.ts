/** Times and counts as people read them; the same on the server and in its visitors' browsers. */

const TIME = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "long",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZone: "UTC",
});

/** `12 March 2027 at 18:00:00 UTC`: the server does not know where its reader is. */
export function timeWords(atMs: number): string {
  return `${TIME.format(atMs)} UTC`;
}

/** `3 hours 5 minutes`: the two largest units, rounded up, since a wait is told rather too long than too short. */
export function spanWords(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1_000));
  if (seconds < 60) return count(seconds, "second");
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return count(minutes, "minute");
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return pair(count(hours, "hour"), minutes % 60, "minute");
  return pair(count(Math.floor(hours / 24), "day"), hours % 24, "hour");
}

function pair(first: string, rest: number, unit: string): string {
  return rest === 0 ? first : `${first} ${count(rest, unit)}`;
}

export function count(number: number, unit: string, plural = `${unit}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? unit : plural}`;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** `between 4 and 9 minutes`, or `at most 40 seconds` where the lower end is next to nothing. Each end is rounded outwards. */
export function rangeWords({ fromMs, toMs }: { fromMs: number; toMs: number }): string {
  const stepMs = toMs < 2 * MINUTE_MS ? 10_000 : toMs < 2 * HOUR_MS ? MINUTE_MS : 10 * MINUTE_MS;
  const from = Math.floor(fromMs / stepMs) * stepMs;
  const to = Math.ceil(toMs / stepMs) * stepMs;
  if (from === 0) return `at most ${spanWords(to)}`;
  const [first, last] = [spanWords(from), spanWords(to)];
  const [a, unitA] = first.split(" ");
  const [b, unitB, ...rest] = last.split(" ");
  const isOneUnit = rest.length === 0 && unitA?.replace(/s$/, "") === unitB?.replace(/s$/, "");
  return isOneUnit && first.split(" ").length === 2
    ? `between ${a} and ${b} ${unitB}`
    : `between ${first} and ${last}`;
}

/** No more digits than the margin leaves any sense in: 1,237 give or take 60 is 1,240. */
export function roundedBy(number: number, margin: number): number {
  const step = margin < 10 ? 1 : 10 ** Math.floor(Math.log10(margin));
  return Math.round(number / step) * step;
}
