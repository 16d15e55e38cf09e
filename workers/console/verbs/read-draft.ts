import type { DropId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { LocationHint } from "../../../schema/places.ts";
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

/** Where a drop's objects are to be made, as far as its draft says. */
export const audienceOf = (draft: Awaited<ReturnType<typeof readDraft>>): LocationHint | null =>
  draft.ok ? (draft.value.document.audience[0] ?? null) : null;

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
