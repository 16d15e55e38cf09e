import type { DropDocument } from "../../../schema/drop-document.ts";
import type { DropId } from "../../../schema/ids.ts";
import type { FieldError } from "../../../schema/read-drop.ts";
import { ok, type Result } from "../../../schema/result.ts";
import type { Deps } from "../deps.ts";
import { versionOf } from "../document-version.ts";
import type { ConsoleRefusal } from "../refusal.ts";
import { checkDocument } from "./check-document.ts";

/** `version` is what publishing this document would freeze it under. */
export type StoredDocument = { version: string; document: DropDocument; warnings: FieldError[] };

/** Stores a valid document as the drop's draft. Changes nothing that shoppers see; a repeat writes the same again. */
export async function putDocument(
  deps: Deps,
  dropId: DropId,
  given: unknown,
): Promise<Result<StoredDocument, ConsoleRefusal>> {
  const checked = checkDocument(dropId, given, deps.nowMs());
  if (!checked.ok) return checked;
  await deps.documents.write(dropId, given);
  const { document, warnings } = checked.value;
  return ok({ version: versionOf(document), document, warnings });
}
