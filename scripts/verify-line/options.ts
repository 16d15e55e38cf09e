import { parseArgs } from "node:util";
import { DropId } from "../../schema/ids.ts";

export type VerifyOptions = {
  drop: DropId;
  url: string;
  /** A file's name, or the ticket itself. */
  ticket: string | null;
  isLight: boolean;
  /** A file with what was shown earlier; read if it is there, and written anew. */
  kept: string | null;
  /** A file with a beacon that is trusted beside drand's quicknet. */
  beacon: string | null;
  json: boolean;
};

export const HELP = `npm run verify-line -- --drop ID --url URL

  --drop ID       the drop whose line is checked
  --url URL       the storefront, e.g. https://drops.shop.example
  --ticket T      your ticket, as you were given it, or a file with it: is it in the log, and when was its turn?
  --light         your own window's log alone, and no ledgers: a few seconds instead of the whole record
  --kept FILE     compares with what FILE kept of an earlier look, and keeps what is shown now
  --beacon FILE   trusts the beacon in FILE (JSON) too; else drand's quicknet alone is trusted
  --json          the verdict as JSON, for programs
  --help          this text

Recomputes the public record from the commitment to each sold unit, and trusts nothing that the server says; docs/fair-line.md
says how. Ends with 0 when everything holds, 1 when something is wrong, 2 when the command was not understood, 3 when something
could not be read.`;

/** null: help was asked for. @throws with a sentence for people when the command is not understood. */
export function parseVerifyOptions(args: readonly string[]): VerifyOptions | null {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      drop: text,
      url: text,
      ticket: text,
      light: flag,
      kept: text,
      beacon: text,
      json: flag,
      help: flag,
    },
  });
  if (values.help) return null;
  const drop = DropId.safeParse(values.drop);
  if (!drop.success)
    throw new Error(
      values.drop === undefined
        ? "Say which drop: --drop ID."
        : `"${values.drop}" is no id of a drop: those are lower-case letters, digits and single hyphens.`,
    );
  return {
    drop: drop.data,
    url: originOf(values.url),
    ticket: values.ticket ?? null,
    isLight: values.light,
    kept: values.kept ?? null,
    beacon: values.beacon ?? null,
    json: values.json,
  };
}

function originOf(url: string | undefined): string {
  if (url === undefined) throw new Error("Say where the storefront is: --url URL.");
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new Error(`--url takes an address such as https://drops.shop.example, not "${url}".`);
  return new URL(url).origin;
}
