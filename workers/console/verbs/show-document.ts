import type { PublishedDrop } from "../../../schema/drop-document.ts";
import type { DropId } from "../../../schema/ids.ts";
import type { FieldError } from "../../../schema/read-drop.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Deps } from "../deps.ts";
import { versionOf } from "../document-version.ts";
import type { ConsoleRefusal } from "../refusal.ts";
import { audienceOf, readDraft } from "./read-draft.ts";

/** `errors`: why the draft could not be published as it stands; its `version` is null then. */
export type ShownDocument = {
  draft: { version: string | null; errors: FieldError[]; warnings: FieldError[] } | null;
  published: PublishedDrop | null;
};

/** How a drop stands: what was frozen, and what the draft in KV (up to a minute old) would freeze. Changes nothing. */
export async function showDocument(
  deps: Deps,
  dropId: DropId,
): Promise<Result<ShownDocument, ConsoleRefusal>> {
  const draft = await readDraft(deps, dropId);
  const published = await deps.state.published(dropId, audienceOf(draft));
  const hasDraft = draft.ok || draft.refusal.code !== "document_not_found";
  if (!hasDraft && !published.ok) return refuse({ code: "document_not_found" });
  return ok({ draft: hasDraft ? shownDraft(draft) : null, published: published.ok ? published.value : null });
}

function shownDraft(draft: Awaited<ReturnType<typeof readDraft>>): ShownDocument["draft"] {
  return draft.ok
    ? { version: versionOf(draft.value.document), errors: [], warnings: draft.value.warnings }
    : { version: null, errors: draft.refusal.errors ?? [], warnings: [] };
}
