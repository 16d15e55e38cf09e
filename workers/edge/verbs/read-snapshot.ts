import type { DropId } from "../../../schema/ids.ts";
import type { Snapshot } from "../../../schema/line.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import type { Result } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";

/** The public picture of a drop, at most about a second old. */
export async function readSnapshot(
  { edge, lifetime }: Act,
  dropId: DropId,
): Promise<Result<Snapshot, Refusal<"drop_not_found" | "unavailable">>> {
  const held = await edge.snapshots.get(dropId, lifetime);
  return held.ok ? held.value : held;
}
