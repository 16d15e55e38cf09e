import type { DropId } from "../../../schema/ids.ts";
import type { RecordHead } from "../../../schema/line.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";
import { readSnapshot } from "./read-snapshot.ts";

/**
 * The head of a line's public record, a few seconds old. A name that is no drop's costs what its snapshot costs, no more. How
 * many are held apart is told once nobody can join any more: a count that moves would tell a script how it was judged.
 */
export async function readRecordHead(
  act: Act,
  dropId: DropId,
): Promise<Result<RecordHead, Refusal<"drop_not_found" | "unavailable">>> {
  const snapshot = await readSnapshot(act, dropId);
  if (!snapshot.ok) return snapshot;
  const held = await act.edge.recordHeads.get(dropId, act.lifetime);
  if (!held.ok) return held;
  if (!held.value.ok || snapshot.value.phase === "closed") return held.value;
  return ok({ ...held.value.value, heldApart: null });
}
