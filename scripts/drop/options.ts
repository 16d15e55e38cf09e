import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { DropId } from "../../schema/ids.ts";
import { ACCESS_HELP } from "../console/access.ts";

export const VERBS = ["check", "put", "publish", "show", "schema"] as const;
export type Verb = (typeof VERBS)[number];

export type DropOptions = {
  verb: Verb;
  /** A file for `check` and `put`, a drop's id for `publish` and `show`, nothing for `schema`. */
  subject: string;
  json: boolean;
  console: string | undefined;
  /** `publish`: this file instead of the draft in KV. `schema`: where to write it. */
  file: string | undefined;
};

export const HELP = `npm run drop -- VERB

  check FILE      is this document right? Needs no running platform
  put FILE        checks it and stores it as the drop's draft (KV, drop:<id>)
  publish ID      freezes the draft; shoppers see it from then on
    --file FILE   freezes this file instead, for KV may be a minute behind
  show ID         the draft, what is published, and whether they differ
  schema          the document's JSON Schema, with every field explained
    --out FILE    into a file

${ACCESS_HELP}
  --json          the answer as JSON, for programs
  --help          this text

Ends with 0 when all is well, 1 when the document or the platform said no, 2 when the command was not understood.`;

const SUBJECTS: Record<Verb, string | null> = {
  check: "a file",
  put: "a file",
  publish: "the id of a drop",
  show: "the id of a drop",
  schema: null,
};

/**
 * Files are looked for where the command was typed: npm runs it in the project's folder, and says in INIT_CWD where it was.
 * null: help was asked for. @throws with a sentence for people when the command is not understood.
 */
export function parseDropOptions(
  args: readonly string[],
  here: string = process.env.INIT_CWD ?? process.cwd(),
): DropOptions | null {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: flag, help: flag, console: text, file: text, out: text },
  });
  if (values.help) return null;
  const [verb = "", subject = "", ...rest] = positionals;
  if (!isVerb(verb)) throw new Error(`There are ${VERBS.join(", ")}; not "${verb}".`);
  const wanted = SUBJECTS[verb];
  if (wanted !== null && subject === "") throw new Error(`${verb} takes ${wanted}.`);
  if (rest.length > 0 || (wanted === null && subject !== ""))
    throw new Error(`${verb} takes ${wanted ?? "nothing"}, and not "${[subject, ...rest].join(" ")}".`);
  if (values.file !== undefined && verb !== "publish") throw new Error("--file belongs to publish.");
  if (values.out !== undefined && verb !== "schema") throw new Error("--out belongs to schema.");
  if ((verb === "publish" || verb === "show") && !DropId.safeParse(subject).success)
    throw new Error(
      `"${subject}" is no id of a drop: those are lower-case letters, digits and single hyphens.`,
    );
  const file = values.file ?? values.out;
  return {
    verb,
    subject: verb === "check" || verb === "put" ? resolve(here, subject) : subject,
    json: values.json,
    console: values.console,
    file: file === undefined ? undefined : resolve(here, file),
  };
}

const isVerb = (word: string): word is Verb => (VERBS as readonly string[]).includes(word);
