import type * as z from "zod";
import { DropDocument, DropFields } from "./drop-document.ts";
import { ok, type Result, refuse } from "./result.ts";

/** One thing that is wrong with a document: the field (`skus.0.stock`), and what about it, in words that can be read aloud. */
export type FieldError = { path: string; message: string };

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

/** A value in a message: enough to recognize it. */
const SHOWN_MAX_CHARS = 40;
/** Lists longer than this are not read out. */
const LISTED_MAX = 30;
/** Two slips of the finger: more is another word. */
const NEAR_MAX_EDITS = 2;

/**
 * Reads what a brand wrote: defaults filled in, `$schema` left out. Where it is wrong, every field that is, and why. What is
 * wrong between fields is told once each of them is right by itself.
 */
export function readDrop(given: unknown): Result<DropDocument, FieldError[]> {
  const parsed = DropDocument.safeParse(given);
  if (parsed.success) return ok(parsed.data);
  return refuse(parsed.error.issues.flatMap((issue) => explain(issue, given, [])));
}

function explain(issue: Issue, given: unknown, above: Path): FieldError[] {
  const path = [...above, ...issue.path];
  if (issue.code === "invalid_union") {
    const closest = closestOf(issue.errors);
    if (closest !== null) return closest.flatMap((inner) => explain(inner, given, path));
  }
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: pathText([...path, key]),
      message: unknownField(key, fieldAt(path).known),
    }));
  }
  return [{ path: pathText(path), message: wordsFor(issue, valueAt(given, path), fieldAt(path).about) }];
}

/** The alternative that was meant is the one that knows most of the fields that were given. */
function closestOf(alternatives: readonly (readonly Issue[])[]): readonly Issue[] | null {
  const strangers = (issues: readonly Issue[]) =>
    issues.reduce((sum, issue) => sum + (issue.code === "unrecognized_keys" ? issue.keys.length : 0), 0);
  const [closest] = alternatives
    .filter((issues) => issues.length > 0)
    .toSorted((a, b) => strangers(a) - strangers(b) || a.length - b.length);
  return closest ?? null;
}

function wordsFor(issue: Issue, value: unknown, about: string | null): string {
  const hint = about === null ? "" : ` (${about})`;
  const isMissing = value === undefined && (issue.code === "invalid_type" || issue.code === "invalid_value");
  if (isMissing) return `is missing${hint}`;
  switch (issue.code) {
    case "invalid_type":
      return `is ${shown(value)}, but must be ${KINDS[issue.expected] ?? issue.expected}${hint}`;
    case "too_small":
      return `${sizeOf(issue.origin, value)}, but must ${bound(issue.origin, "least", issue.minimum)}${hint}`;
    case "too_big":
      return `${sizeOf(issue.origin, value)}, but must ${bound(issue.origin, "most", issue.maximum)}${hint}`;
    case "invalid_value":
      return `is ${shown(value)}, but must be ${oneOf(issue.values.map(String), value)}`;
    case "invalid_format":
      return `is ${shown(value)}, but must be ${FORMATS[issue.format] ?? issue.message}${hint}`;
    default:
      return issue.message;
  }
}

const KINDS: Record<string, string> = {
  string: "text in quotes",
  int: "a whole number",
  number: "a whole number",
  boolean: "true or false",
  array: "a list in square brackets",
  object: "an object in braces",
};

const FORMATS: Record<string, string> = {
  datetime: "a date and time with an offset, such as 2027-03-01T18:00:00+01:00",
  url: "an address that begins with https://",
};

function sizeOf(origin: string, value: unknown): string {
  if (origin === "string" && typeof value === "string")
    return value === "" ? "is empty" : `has ${value.length} characters`;
  if (origin === "array" && Array.isArray(value))
    return value.length === 0 ? "is empty" : `has ${value.length} entries`;
  return `is ${shown(value)}`;
}

function bound(origin: string, side: "least" | "most", limit: number | bigint): string {
  if (origin === "string") return `have at ${side} ${limit} ${limit === 1 ? "character" : "characters"}`;
  if (origin === "array") return `have at ${side} ${limit} ${limit === 1 ? "entry" : "entries"}`;
  return `be at ${side} ${limit}`;
}

function oneOf(allowed: readonly string[], value: unknown): string {
  const near = typeof value === "string" ? nearest(value, allowed) : null;
  const meant = near === null ? "" : `; did you mean ${near}?`;
  const [only, ...others] = allowed;
  if (others.length === 0) return `${only}${meant}`;
  return allowed.length > LISTED_MAX
    ? `one of ${allowed.length} known codes${meant}`
    : `one of ${allowed.join(", ")}${meant}`;
}

function unknownField(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return near === null
    ? `is no field that is known here; there are ${known.join(", ")}`
    : `is no field that is known here; did you mean ${near}?`;
}

/** The allowed word within a few edits of what was written, letter case aside; null when none is near. */
export function nearest(written: string, allowed: readonly string[]): string | null {
  const lower = written.slice(0, SHOWN_MAX_CHARS).toLowerCase();
  let best: { word: string; edits: number } | null = null;
  for (const word of allowed) {
    const edits = editsBetween(lower, word.toLowerCase());
    // Of a code of two letters, two edits would make any other.
    const bearable = Math.min(NEAR_MAX_EDITS, Math.floor(word.length / 3));
    if (edits <= bearable && (best === null || edits < best.edits)) best = { word, edits };
  }
  return best?.word ?? null;
}

/** Optimal string alignment distance (Damerau-Levenshtein without a second edit of a swapped pair): one row a letter. */
function editsBetween(one: string, other: string): number {
  let before: number[] = [];
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let at = 1; at <= one.length; at += 1) {
    const next = [at];
    for (let to = 1; to <= other.length; to += 1) {
      const isSame = one[at - 1] === other[to - 1];
      let edits = Math.min(
        (row[to] ?? 0) + 1,
        (next[to - 1] ?? 0) + 1,
        (row[to - 1] ?? 0) + (isSame ? 0 : 1),
      );
      if (at > 1 && to > 1 && one[at - 1] === other[to - 2] && one[at - 2] === other[to - 1])
        edits = Math.min(edits, (before[to - 2] ?? 0) + 1);
      next[to] = edits;
    }
    before = row;
    row = next;
  }
  return row[other.length] ?? 0;
}

/** What the schema says of the field at a path: its explanation, and the fields inside of it. */
function fieldAt(path: Path): { about: string | null; known: string[] } {
  let types: z.core.$ZodType[] = [DropFields];
  for (const part of path) types = types.flatMap((type) => inside(type, part));
  const abouts = types.map(aboutOf).filter((about) => about !== null);
  return { about: abouts[0] ?? null, known: [...new Set(types.flatMap(keysOf))] };
}

type Def = {
  innerType?: z.core.$ZodType;
  options?: z.core.$ZodType[];
  shape?: Record<string, z.core.$ZodType>;
  element?: z.core.$ZodType;
};
const defOf = (type: z.core.$ZodType) => type._zod.def as Def;

function inside(type: z.core.$ZodType, part: PropertyKey): z.core.$ZodType[] {
  const { innerType, options, shape, element } = defOf(type);
  if (innerType) return inside(innerType, part);
  if (options) return options.flatMap((option) => inside(option, part));
  const found = typeof part === "number" ? element : shape?.[String(part)];
  return found ? [found] : [];
}

function keysOf(type: z.core.$ZodType): string[] {
  const { innerType, options, shape } = defOf(type);
  if (innerType) return keysOf(innerType);
  return options ? options.flatMap(keysOf) : Object.keys(shape ?? {});
}

function aboutOf(type: z.core.$ZodType): string | null {
  const { innerType } = defOf(type);
  return (type as z.ZodType).description ?? (innerType ? aboutOf(innerType) : null);
}

function valueAt(given: unknown, path: Path): unknown {
  let value = given;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN_MAX_CHARS ? `${text.slice(0, SHOWN_MAX_CHARS)}…` : text;
}

/** `skus.0.stock`; the document as a whole is `(document)`. */
export function pathText(path: Path): string {
  return path.length === 0 ? "(document)" : path.map(String).join(".");
}
