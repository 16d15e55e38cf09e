import type { DropId } from "../../../schema/ids.ts";
import type { RecordHead } from "../../../schema/line.ts";
import type { Result } from "../../../schema/result.ts";
import type { Refusal } from "../../../schema/rpc.ts";
import type { Act } from "../edge.ts";
import { readSnapshot } from "./read-snapshot.ts";

/** The head of a line's public record, a few seconds old. A name that is no drop's costs what its snapshot costs, no more. */
export async function readRecordHead(
  act: Act,
  dropId: DropId,
): Promise<Result<RecordHead, Refusal<"drop_not_found" | "unavailable">>> {
  const snapshot = await readSnapshot(act, dropId);
  if (!snapshot.ok) return snapshot;
  const held = await act.edge.recordHeads.get(dropId, act.lifetime);
  return held.ok ? held.value : held;
}
