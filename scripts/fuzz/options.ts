import { parseArgs } from "node:util";

export type Options = {
  requests: number;
  seed: number;
  /** Of a shop that runs already; null: one of its own is booted. */
  url: string | null;
  /** The console of that shop, to compare the state before and after bad requests. */
  console: { url: string; token: string } | null;
  connections: number;
  /** It ends after this, however many requests are left. */
  seconds: number;
};

export const USAGE = `Plays requests made from /openapi.json, good and bad, and holds each answer to what is declared there.

  npm run fuzz:api -- [options]

  --requests N       how many                                                (20000)
  --seed N           the same seed makes the same requests                   (7)
  --connections N    under way at once; with 1, a seed also fixes the order  (16)
  --seconds N        ends after this in any case                             (600)
  --url URL          a shop that runs already; else one is booted and ended
  --console URL      its console, and
  --token TOKEN      the operator's token: to see that bad requests change nothing
`;

const NUMBERS = {
  requests: { least: 1, initial: 20_000, most: 10_000_000 },
  seed: { least: 0, initial: 7, most: 2 ** 31 - 1 },
  connections: { least: 1, initial: 16, most: 256 },
  seconds: { least: 1, initial: 600, most: 86_400 },
} as const;

type Parsed = { ok: true; options: Options } | { ok: false; complaint: string };

/** Reads the command line; says what is wrong with it rather than guessing. */
export function parseOptions(argv: string[]): Parsed {
  const text = { type: "string" } as const;
  const names = [...Object.keys(NUMBERS), "url", "console", "token"];
  let values: Record<string, string | undefined>;
  try {
    const options = Object.fromEntries(names.map((name) => [name, text]));
    values = parseArgs({ args: argv, options }).values as Record<string, string | undefined>;
  } catch (error) {
    return { ok: false, complaint: (error as Error).message };
  }
  const numbers = {} as Record<keyof typeof NUMBERS, number>;
  for (const [name, { least, initial, most }] of Object.entries(NUMBERS)) {
    const number = values[name] === undefined ? initial : Number(values[name]);
    if (!Number.isInteger(number) || number < least || number > most)
      return { ok: false, complaint: `--${name} must be a whole number from ${least} to ${most}` };
    numbers[name as keyof typeof NUMBERS] = number;
  }
  const { url = null, console, token } = values;
  if ((console === undefined) !== (token === undefined) || (console !== undefined && url === null))
    return { ok: false, complaint: "--console and --token go together, and with --url" };
  const watched = console === undefined || token === undefined ? null : { url: console, token };
  return { ok: true, options: { ...numbers, url, console: watched } };
}
