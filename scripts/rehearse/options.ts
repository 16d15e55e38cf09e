import { parseArgs } from "node:util";

export type Options = {
  shoppers: number;
  /** Units over all SKUs. */
  stock: number;
  skus: number;
  seed: number;
  /** Where the result goes as JSON. */
  json: string | null;
  /** The gateway misbehaves. */
  faults: boolean;
  /** How often the runtime is killed and started again. */
  kills: number;
  /** Requests under way at once. */
  connections: number;
  admitPerSecond: number;
  /** Leave the state and the runtime's log on disk. */
  keep: boolean;
};

export const USAGE = `Plays a drop against a simulated crowd and audits everything afterwards.

  npm run rehearse -- [options]

  --shoppers N     how many people come                            (2000)
  --stock N        units over all SKUs                             (200)
  --skus N         how many SKUs the units are split over          (3)
  --seed N         the same seed plays the same crowd              (7)
  --json FILE      writes the result there as JSON
  --faults         the gateway misbehaves, the runtime is killed and restarted, and people buy baskets, try the
                   limits, wait for units, cancel, and have parcels and money sent to them; without it everybody
                   buys one SKU and keeps it, so that the figures of two releases can be compared
  --kills N        how many times it is killed                     (2 with --faults, else 0)
  --admit N        people admitted a second                        (250)
  --connections N  requests under way at once                      (48)
  --keep           leave the state directory for a look
`;

/** How many kills `--faults` brings along. */
const FAULTS_KILLS = 2;

const NUMBERS = {
  shoppers: { least: 1, initial: 2_000, most: 200_000 },
  stock: { least: 1, initial: 200, most: 1_000_000 },
  skus: { least: 1, initial: 3, most: 100 },
  seed: { least: 0, initial: 7, most: 2 ** 31 - 1 },
  kills: { least: 0, initial: 0, most: 100 },
  admit: { least: 1, initial: 250, most: 10_000 },
  connections: { least: 1, initial: 48, most: 1_024 },
} as const;

type Parsed = { ok: true; options: Options } | { ok: false; complaint: string };

/** Reads the command line; says what is wrong with it rather than guessing. */
export function parseOptions(argv: string[]): Parsed {
  const complain = (complaint: string): Parsed => ({ ok: false, complaint });
  let values: Record<string, string | boolean | undefined>;
  try {
    const text = { type: "string" } as const;
    const flag = { type: "boolean" } as const;
    const numbers = Object.fromEntries(Object.keys(NUMBERS).map((name) => [name, text]));
    values = parseArgs({ args: argv, options: { ...numbers, json: text, faults: flag, keep: flag } }).values;
  } catch (error) {
    return complain((error as Error).message);
  }
  const numbers = {} as Record<keyof typeof NUMBERS, number>;
  for (const [name, { least, initial, most }] of Object.entries(NUMBERS)) {
    const given = values[name];
    const number = given === undefined ? initial : Number(given);
    if (!Number.isInteger(number) || number < least || number > most) {
      return complain(`--${name} must be a whole number from ${least} to ${most}, not ${String(given)}`);
    }
    numbers[name as keyof typeof NUMBERS] = number;
  }
  if (numbers.stock < numbers.skus) return complain("--stock must be at least one unit a SKU");
  const { admit: admitPerSecond, kills, ...rest } = numbers;
  const faults = values.faults === true;
  return {
    ok: true,
    options: {
      ...rest,
      admitPerSecond,
      faults,
      kills: values.kills === undefined && faults ? FAULTS_KILLS : kills,
      json: typeof values.json === "string" ? values.json : null,
      keep: values.keep === true,
    },
  };
}

/** Nothing goes wrong on purpose: what is measured is the bare purchase. */
export const isPlain = ({ faults, kills }: Options): boolean => !faults && kills === 0;

/** The options of a command line that says nothing. */
export function defaultOptions(changes: Partial<Options> = {}): Options {
  const parsed = parseOptions([]);
  if (!parsed.ok) throw new Error(parsed.complaint);
  return { ...parsed.options, ...changes };
}
