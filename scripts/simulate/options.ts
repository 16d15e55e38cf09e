import { parseArgs } from "node:util";

export type Options = {
  shoppers: number;
  /** Windows after the start in which people join; the lobby comes before them. */
  cohorts: number;
  isolates: number;
  /** Of a hundred who are admitted, so many do not turn up. */
  noShows: number;
  /** How often the object loses its memory, at random moments. */
  evictions: number;
  seed: number;
  /** Where the result goes as JSON. */
  json: string | null;
};

export const USAGE = `Plays a whole line in virtual time, with the code that runs in production, and holds it to its claims.

  npm run simulate:line -- [options]

  --shoppers N   tickets over lobby and windows          (100000)
  --cohorts N    windows after the start                 (600)
  --isolates N   isolates that they come through         (2000)
  --no-shows N   of a hundred admitted, who stay away    (30)
  --evictions N  how often DropQueue loses its memory    (5)
  --seed N       the same seed plays the same crowd      (7)
  --json FILE    writes the result there as JSON

Exit code 1 when a claim does not hold.
`;

const NUMBERS = {
  // Of fewer, too few arrive in five minutes to tell their rate; more than two million one line does not take.
  shoppers: { least: 5_000, initial: 100_000, most: 2_000_000 },
  cohorts: { least: 1, initial: 600, most: 10_000 },
  isolates: { least: 1, initial: 2_000, most: 10_000 },
  // Past this the pace does not correct any more, by its own bound.
  "no-shows": { least: 0, initial: 30, most: 55 },
  evictions: { least: 0, initial: 5, most: 1_000 },
  seed: { least: 0, initial: 7, most: 2 ** 31 - 1 },
} as const;

type Parsed = { ok: true; options: Options } | { ok: false; complaint: string };

/** Reads the command line; says what is wrong with it rather than guessing. */
export function parseOptions(argv: string[]): Parsed {
  const text = { type: "string" } as const;
  const known = Object.fromEntries([...Object.keys(NUMBERS), "json"].map((name) => [name, text]));
  let values: Record<string, string | boolean | undefined>;
  try {
    values = parseArgs({ args: argv, options: known }).values;
  } catch (error) {
    return { ok: false, complaint: (error as Error).message };
  }
  const numbers = {} as Record<keyof typeof NUMBERS, number>;
  for (const [name, { least, initial, most }] of Object.entries(NUMBERS)) {
    const number = values[name] === undefined ? initial : Number(values[name]);
    if (!Number.isInteger(number) || number < least || number > most) {
      const complaint = `--${name} must be a whole number from ${least} to ${most}, not ${String(values[name])}`;
      return { ok: false, complaint };
    }
    numbers[name as keyof typeof NUMBERS] = number;
  }
  const { "no-shows": noShows, ...rest } = numbers;
  return {
    ok: true,
    options: { ...rest, noShows, json: typeof values.json === "string" ? values.json : null },
  };
}
