import { LIMITS } from "../../schema/limits.ts";
import { LineAct } from "../../schema/line.ts";

/** What is done to a line by hand, each the `kind` of its act. */
export const HAND_VERBS = ["pause", "resume", "open", "end", "say", "pace"] as const;
export type HandVerb = (typeof HAND_VERBS)[number];

export const isHandVerb = (word: string): word is HandVerb =>
  (HAND_VERBS as readonly string[]).includes(word);

/** Verbs that take a word after the drop's id, and what that is. */
const WORDS: Partial<Record<HandVerb, string>> = {
  say: `a message of at most ${LIMITS.lineMessageMaxChars} characters, in quotes, or --clear`,
  pace: "a whole number of people a second, or document",
};

/** `word`: what was typed after the drop's id. @throws with a sentence for people when that is no such act. */
export function readAct(verb: HandVerb, word: string | undefined, isClear: boolean): LineAct {
  const wanted = WORDS[verb];
  if (wanted === undefined && word !== undefined)
    throw new Error(`${verb} takes the id of a drop, and not "${word}" as well.`);
  const said = LineAct.safeParse(actOf(verb, word, isClear));
  if (!said.success || (isClear && word !== undefined))
    throw new Error(`${verb} takes the id of a drop, and ${wanted ?? "nothing more"}.`);
  return said.data;
}

function actOf(verb: HandVerb, word: string | undefined, isClear: boolean): unknown {
  switch (verb) {
    case "say":
      return { kind: verb, message: isClear ? null : word };
    case "pace":
      return { kind: verb, admitPerSecond: word === "document" ? null : wholeNumber(word) };
    default:
      return { kind: verb };
  }
}

const wholeNumber = (word: string | undefined) => (/^\d{1,9}$/.test(word ?? "") ? Number(word) : undefined);
