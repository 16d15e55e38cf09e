import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { DropId } from "../../schema/ids.ts";
import type { LineAct } from "../../schema/line.ts";
import { ACCESS_HELP } from "../console/access.ts";
import { HAND_VERBS, type HandVerb, isHandVerb, readAct } from "./acts.ts";

const DOCUMENT_VERBS = ["check", "put", "publish", "show", "schema"] as const;
export const VERBS = [...DOCUMENT_VERBS, ...HAND_VERBS] as const;
export type Verb = (typeof VERBS)[number];

export type DropOptions = (
  | { verb: (typeof DOCUMENT_VERBS)[number]; act: null }
  | { verb: HandVerb; act: LineAct }
) & {
  /** A file for `check` and `put`, nothing for `schema`, else a drop's id. */
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
  show ID         the draft, what is published, whether they differ, and how the line stands
  schema          the document's JSON Schema, with every field explained
    --out FILE    into a file

  By hand, to a published drop; all but a message shows in its public record:
  pause ID        nobody is admitted and nothing new is reserved; what is held can be paid for
  resume ID       it goes on from where it stood
  open ID         starts now instead of at opensAt
  end ID          ends now instead of at closesAt, for good
  say ID "TEXT"   what those who wait read; say ID --clear takes it away
  pace ID N       people who are to arrive a second; pace ID document: as the document says

${ACCESS_HELP}
  --json          the answer as JSON, for programs
  --help          this text

Ends with 0 when all is well, 1 when the document or the platform said no, 2 when the command was not understood.`;

const A_FILE = "a file";
const A_DROP = "the id of a drop";
const SUBJECTS: Record<Verb, string | null> = {
  check: A_FILE,
  put: A_FILE,
  publish: A_DROP,
  show: A_DROP,
  schema: null,
  pause: A_DROP,
  resume: A_DROP,
  open: A_DROP,
  end: A_DROP,
  say: A_DROP,
  pace: A_DROP,
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
    options: { json: flag, help: flag, clear: flag, console: text, file: text, out: text },
  });
  if (values.help) return null;
  const [verb = "", subject = "", ...rest] = positionals;
  if (!isVerb(verb)) throw new Error(`There are ${VERBS.join(", ")}; not "${verb}".`);
  const wanted = SUBJECTS[verb];
  if (wanted !== null && subject === "") throw new Error(`${verb} takes ${wanted}.`);
  // A verb of the hand may take one word more, and says itself when it does not.
  if (rest.length > (isHandVerb(verb) ? 1 : 0) || (wanted === null && subject !== ""))
    throw new Error(`${verb} takes ${wanted ?? "nothing"}, and not "${[subject, ...rest].join(" ")}".`);
  if (values.file !== undefined && verb !== "publish") throw new Error("--file belongs to publish.");
  if (values.out !== undefined && verb !== "schema") throw new Error("--out belongs to schema.");
  if (values.clear && verb !== "say") throw new Error("--clear belongs to say.");
  if (wanted === A_DROP && !DropId.safeParse(subject).success)
    throw new Error(
      `"${subject}" is no id of a drop: those are lower-case letters, digits and single hyphens.`,
    );
  const file = values.file ?? values.out;
  const asked = isHandVerb(verb) ? { verb, act: readAct(verb, rest[0], values.clear) } : { verb, act: null };
  return {
    ...asked,
    subject: wanted === A_FILE ? resolve(here, subject) : subject,
    json: values.json,
    console: values.console,
    file: file === undefined ? undefined : resolve(here, file),
  };
}

const isVerb = (word: string): word is Verb => (VERBS as readonly string[]).includes(word);
