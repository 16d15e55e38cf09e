import type { PublishedDrop } from "../../../schema/drop-document.ts";
import type { DropId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Result } from "../../../schema/result.ts";
import type { Refusal } from "../../../schema/rpc.ts";
import type { Act } from "../edge.ts";

/** The frozen document of a drop; with `version` (from a snapshot) a copy of another one is renewed first. */
export async function readDocument(
  { edge, lifetime }: Act,
  dropId: DropId,
  version?: string,
): Promise<Result<PublishedDrop, Refusal<"drop_not_found" | "unavailable">>> {
  const wanted =
    version === undefined ? undefined : { is: isOf(version), renewAfterMs: LIMITS.snapshotTtlMs };
  const held = await edge.documents.get(dropId, lifetime, wanted);
  return held.ok ? held.value : held;
}

function isOf(version: string) {
  return (held: Result<PublishedDrop, unknown>) => held.ok && held.value.version === version;
}
