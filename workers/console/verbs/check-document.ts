import { DropDocument } from "../../../schema/drop-document.ts";
import type { DropId } from "../../../schema/ids.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { ConsoleRefusal, FieldError } from "../refusal.ts";

/** Beyond this many errors a reader stops reading. */
const ERRORS_MAX = 50;

/**
 * Reads a brand's document: its form, its times, and that it belongs to this drop. Defaults are filled in.
 * Says nothing about whether the drop could still be published.
 */
export function checkDocument(dropId: DropId, given: unknown): Result<DropDocument, ConsoleRefusal> {
  const parsed = DropDocument.safeParse(given);
  const errors: FieldError[] = [];
  if (!parsed.success) {
    for (const issue of parsed.error.issues)
      errors.push({ path: pathOf(issue.path), message: issue.message });
  } else if (parsed.data.id !== dropId) {
    errors.push({ path: "id", message: `is ${parsed.data.id}, but the address says ${dropId}` });
  }
  if (!parsed.success || errors.length > 0)
    return refuse({ code: "document_invalid", errors: errors.slice(0, ERRORS_MAX) });
  return ok(parsed.data);
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.length === 0 ? "(document)" : path.map(String).join(".");
}
