import type { PublishedDrop } from "../../../schema/drop-document.ts";
import type { DropId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import type { Result } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";
import { readSnapshot } from "./read-snapshot.ts";

/**
 * The frozen document of a drop, of the version that its snapshot names: a copy of another one, or of "no such drop", is
 * renewed first. While no snapshot can be had, any copy serves.
 */
export async function readDocument(
  act: Act,
  dropId: DropId,
): Promise<Result<PublishedDrop, Refusal<"drop_not_found" | "unavailable">>> {
  const snapshot = await readSnapshot(act, dropId);
  if (!snapshot.ok && snapshot.refusal.code === "drop_not_found") return snapshot;
  const version = snapshot.ok ? snapshot.value.version : null;
  const held = await act.edge.documents.get(dropId, act.lifetime, {
    is: (held) => held.ok && (version === null || held.value.version === version),
    renewAfterMs: LIMITS.snapshotTtlMs,
  });
  return held.ok ? held.value : held;
}
