import type { DropDocument } from "../../../schema/drop-document.ts";
import type { DropId } from "../../../schema/ids.ts";
import { ok, type Result } from "../../../schema/result.ts";
import { versionOf } from "../canonical-json.ts";
import type { Deps } from "../deps.ts";
import type { ConsoleRefusal } from "../refusal.ts";
import { checkDocument } from "./check-document.ts";

/** `version` is what publishing this document would freeze it under. */
export type StoredDocument = { version: string; document: DropDocument };

/** Stores a valid document as the drop's draft. Changes nothing that shoppers see; a repeat writes the same again. */
export async function putDocument(
  deps: Deps,
  dropId: DropId,
  given: unknown,
): Promise<Result<StoredDocument, ConsoleRefusal>> {
  const checked = checkDocument(dropId, given);
  if (!checked.ok) return checked;
  await deps.documents.write(dropId, given);
  return ok({ version: versionOf(checked.value), document: checked.value });
}
