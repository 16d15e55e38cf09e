import { createHash } from "node:crypto";
import { canonicalJson } from "../../schema/canonical-json.ts";
import type { DropDocument } from "../../schema/drop-document.ts";

/** The version of a document with its defaults filled in: SHA-256 of its canonical JSON, in hex. */
export function versionOf(document: DropDocument): string {
  return createHash("sha256").update(canonicalJson(document)).digest("hex");
}
