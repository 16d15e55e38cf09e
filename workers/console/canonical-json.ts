import { createHash } from "node:crypto";

/**
 * JSON with the keys of every object sorted and no spaces, so that equal documents have equal text. For plain JSON values:
 * anything else (undefined, dates, bigints) is not promised anything.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(",")}}`;
}

/** The version of a document: SHA-256 of its canonical JSON, in hex. */
export function versionOf(document: unknown): string {
  return createHash("sha256").update(canonicalJson(document)).digest("hex");
}
