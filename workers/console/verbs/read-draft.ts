import type { DropId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Deps } from "../deps.ts";
import type { ConsoleRefusal } from "../refusal.ts";
import { type CheckedDocument, checkDocument } from "./check-document.ts";

/**
 * The draft in KV, checked like any document: whoever may write to KV may have put anything there, of any size. It may be a
 * minute old.
 */
export async function readDraft(
  deps: Deps,
  dropId: DropId,
): Promise<Result<CheckedDocument, ConsoleRefusal>> {
  const text = await deps.documents.read(dropId);
  if (text === null) return refuse({ code: "document_not_found" });
  const parsed = parseText(text);
  return parsed.ok ? checkDocument(dropId, parsed.value, deps.nowMs()) : parsed;
}

function parseText(text: string): Result<unknown, ConsoleRefusal> {
  const wrong = (message: string) =>
    refuse<ConsoleRefusal>({ code: "document_invalid", errors: [{ path: "(document)", message }] });
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > LIMITS.documentMaxBytes)
    return wrong(`has ${bytes} bytes, but must have at most ${LIMITS.documentMaxBytes}`);
  try {
    return ok(JSON.parse(text));
  } catch (error) {
    return wrong(`is no JSON: ${(error as Error).message}`);
  }
}
