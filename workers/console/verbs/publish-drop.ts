import type { PublishedDrop } from "../../../schema/drop-document.ts";
import type { DropId } from "../../../schema/ids.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import { versionOf } from "../canonical-json.ts";
import type { Deps } from "../deps.ts";
import type { ConsoleRefusal } from "../refusal.ts";
import { checkDocument } from "./check-document.ts";
import { putDocument } from "./put-document.ts";

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
    given === null ? await readDraft(deps, dropId) : await storeDraft(deps, dropId, given.document);
  if (!checked.ok) return checked;

  const version = versionOf(checked.value);
  const answer = await deps.state.publish(checked.value, version);
  if (!answer.ok) return refuse(answer.refusal);

  await deps.documents.writePublished(answer.value);
  await deps.records.appendOperatorLog({
    atMs: deps.nowMs(),
    actor: "operator",
    action: "publish",
    subject: dropId,
    detail: JSON.stringify({ version }),
  });
  return ok(answer.value);
}

async function readDraft(deps: Deps, dropId: DropId) {
  const draft = await deps.documents.read(dropId);
  return draft === null
    ? refuse({ code: "document_not_found" } as ConsoleRefusal)
    : checkDocument(dropId, draft);
}

async function storeDraft(deps: Deps, dropId: DropId, document: unknown) {
  const stored = await putDocument(deps, dropId, document);
  return stored.ok ? ok(stored.value.document) : stored;
}
