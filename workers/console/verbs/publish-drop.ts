import type { PublishedDrop } from "../../../schema/drop-document.ts";
import type { DropId } from "../../../schema/ids.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import { variantsMissing } from "../catalog/verbs/variants-missing.ts";
import type { Deps } from "../deps.ts";
import { versionOf } from "../document-version.ts";
import type { ConsoleRefusal } from "../refusal.ts";
import { listDrop } from "./list-drop.ts";
import { putDocument } from "./put-document.ts";
import { readDraft } from "./read-draft.ts";

/**
 * Freezes a document into the drop's objects: the one given (stored as the draft first), else the draft in KV, which may be
 * a minute old. Once it answers, the objects hold it; the list of drops and the operator log follow before the answer, and
 * when one of those fails the caller sees an error and a repeat completes it.
 */
export async function publishDrop(
  deps: Deps,
  dropId: DropId,
  given: { document: unknown } | null,
): Promise<Result<PublishedDrop, ConsoleRefusal>> {
  const checked =
    given === null ? await readDraft(deps, dropId) : await putDocument(deps, dropId, given.document);
  if (!checked.ok) return checked;

  const { document } = checked.value;
  const missing = await variantsMissing(deps, document);
  if (missing.length > 0) return refuse({ code: "document_invalid", errors: missing });
  const version = versionOf(document);
  const answer = await deps.state.publish(document, version);
  if (!answer.ok) return refuse(answer.refusal);

  // A repeat may come after the line was opened or ended by hand.
  const snapshot = await deps.state.snapshot(dropId);
  if (!snapshot.ok) throw new Error("the line that was just published to is not there");
  await listDrop(deps, answer.value, snapshot.value);
  await deps.records.appendOperatorLog({
    atMs: deps.nowMs(),
    actor: "operator",
    action: "publish",
    subject: dropId,
    detail: JSON.stringify({ version }),
  });
  return ok(answer.value);
}
