import type { Claim } from "./claims.ts";
import type { Load } from "./combining.ts";
import type { Options } from "./options.ts";
import type { Measured } from "./simulate.ts";

/** What `--json` writes. */
export type SimulationResult = {
  ok: boolean;
  claims: Claim[];
  measured: Measured;
  loads: Load[];
  options: Options;
  seconds: number;
  /** The most memory that the process had, all threads together. */
  memoryMb: number;
};

const count = (value: number) => Math.round(value).toLocaleString("en-US");

/** For people, on a terminal. */
export function renderReport({
  ok,
  claims,
  measured,
  loads,
  options,
  seconds,
  memoryMb,
}: SimulationResult): string {
  const { joins, object, waits } = measured;
  const lines = [
    "",
    `A line of ${count(options.shoppers)} shoppers over the lobby and ${options.cohorts} windows, through ${count(options.isolates)} isolates (seed ${options.seed})`,
    `${measured.virtualMinutes} minutes of line in ${Math.round(seconds)} s and ${Math.round(memoryMb)} MB`,
    "",
    ...claims.map((claim) => `  ${claim.ok ? "holds " : "BROKEN"}  ${claim.name}\n          ${claim.words}`),
    "",
    "Joins of this line",
    ...(["rush", "lobby", "start", "trickle"] as const).map((name) => {
      const { calls, people, peopleMax, waitMaxMs } = joins[name];
      return `  ${NAMES[name]} ${cell(people)} people ${cell(calls)} calls ${ratio(people, calls)} a call (at most ${peopleMax}), answered within ${waitMaxMs} ms`;
    }),
    "",
    "The same combiner by itself: joins within seconds (rush), or 40 s (trickle: up to what one object takes, each is a call of its own)",
    ...loads.map(
      ({ series, shoppers, isolates, calls, people, waitMaxMs }) =>
        `  ${series.padEnd(24)} ${cell(isolates)} isolates ${cell(shoppers)} people ${cell(calls)} calls ${ratio(people, calls)} a call, answered within ${waitMaxMs} ms`,
    ),
    "",
    "How often people ask, by how long they wait",
    ...waits.questions
      .filter(({ people }) => people > 0)
      .map(
        ({ waitUpToMs, mean, most }) =>
          `  ${Number.isFinite(waitUpToMs) ? `up to ${waitUpToMs / 60_000} min`.padEnd(14) : "longer".padEnd(14)} ${mean.toFixed(1).padStart(6)} times, at most ${most}`,
      ),
    "",
    `DropQueue: ${count(object.joins)} joins, ${count(object.alarms)} alarms, ${count(object.levels)} levels told, ${count(object.puts)} parts put into KV, ${measured.evictions} evictions`,
    `Rows: ${Object.entries(measured.held.rows)
      .map(([table, rows]) => `${table} ${count(rows)}`)
      .join(", ")}`,
    "",
    ok ? "Every claim holds." : "Not every claim holds.",
    "",
  ];
  return lines.join("\n");
}

const NAMES = {
  rush: "lobby opens  ",
  lobby: "lobby        ",
  start: "first windows",
  trickle: "later windows",
} as const;

const cell = (value: number) => count(value).padStart(9);
const ratio = (people: number, calls: number) => (calls === 0 ? 0 : people / calls).toFixed(1).padStart(6);
