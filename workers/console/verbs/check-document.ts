import type { DropDocument } from "../../../schema/drop-document.ts";
import { warningsOf } from "../../../schema/drop-rules.ts";
import type { DropId } from "../../../schema/ids.ts";
import { type FieldError, pathText, readDrop } from "../../../schema/read-drop.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { ConsoleRefusal } from "../refusal.ts";

/** Beyond this many errors a reader stops reading. */
const ERRORS_MAX = 50;

/** `warnings`: what is allowed, and seldom meant. */
export type CheckedDocument = { document: DropDocument; warnings: FieldError[] };

/**
 * Reads a brand's document: its fields, what is wrong between them, and that it belongs to this drop. Defaults are filled
 * in. Says nothing about whether the drop could still be published.
 */
export function checkDocument(
  dropId: DropId,
  given: unknown,
  nowMs: number,
): Result<CheckedDocument, ConsoleRefusal> {
  const read = readDrop(given);
  if (!read.ok) return refuse({ code: "document_invalid", errors: read.refusal.slice(0, ERRORS_MAX) });
  const { id } = read.value;
  if (id !== dropId) {
    const message = `is ${id}, but the address says ${dropId}`;
    return refuse({ code: "document_invalid", errors: [{ path: "id", message }] });
  }
  const warnings = warningsOf(read.value, nowMs).map(({ path, message }) => ({
    path: pathText(path),
    message,
  }));
  return ok({ document: read.value, warnings });
}
