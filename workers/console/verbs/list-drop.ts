import type { PublishedDrop } from "../../../schema/drop-document.ts";
import { timesAsTheyStand } from "../../../schema/drop-times.ts";
import type { Snapshot } from "../../../schema/line.ts";
import type { Deps } from "../deps.ts";

/** Puts a published drop into the list of drops, with its times as they stand. A repeat is harmless. */
export async function listDrop(
  deps: Pick<Deps, "documents">,
  published: PublishedDrop,
  snapshot: Snapshot,
): Promise<void> {
  const { opensAt, closesAt } = timesAsTheyStand(published.document, snapshot);
  await deps.documents.writePublished(published, { opensAt, closesAt });
}
