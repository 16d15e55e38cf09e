import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { Currency } from "../../schema/money.ts";
import { ACCESS_HELP } from "../console/access.ts";

const VERBS = ["check", "import", "export"] as const;

export type CatalogOptions = {
  verb: (typeof VERBS)[number];
  file: string;
  currency: Currency;
  console: string | undefined;
};

export const HELP = `npm run catalog -- VERB FILE

  check FILE      which of its products would be taken? Needs no running platform
  import FILE     sends it to the console; a repeat changes nothing
  export FILE     writes the whole catalog there, as it was imported

  A file is Shopify's product CSV, of either generation. check and import print
  {"products", "variants", "refused": [{"line", "column", "handle", "code", "message"}]}.

  --currency CODE of the file's prices, which it does not say itself (EUR)
${ACCESS_HELP}
  --help          this text

Ends with 0 when all is well, 1 when something was refused, 2 when nothing could be done.`;

/**
 * Files are looked for where the command was typed: npm runs it in the project's folder, and says in INIT_CWD where it was.
 * null: help was asked for. @throws with a sentence for people when the command is not understood.
 */
export function parseCatalogOptions(
  args: readonly string[],
  here: string = process.env.INIT_CWD ?? process.cwd(),
): CatalogOptions | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      currency: { type: "string", default: "EUR" },
      console: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  const [said = "", file, ...more] = positionals;
  const verb = VERBS.find((one) => one === said);
  if (verb === undefined) throw new Error(`There are ${VERBS.join(", ")}; not "${said}".`);
  if (file === undefined || more.length > 0) throw new Error(`${verb} takes one file.`);
  const currency = Currency.safeParse(values.currency);
  if (!currency.success) throw new Error(`--currency takes a code such as EUR, not "${values.currency}".`);
  return { verb, file: resolve(here, file), currency: currency.data, console: values.console };
}
