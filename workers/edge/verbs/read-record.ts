import type { DropId } from "../../../schema/ids.ts";
import type { LineRecord } from "../../../schema/line.ts";
import type { Result } from "../../../schema/result.ts";
import type { Refusal } from "../../../schema/rpc.ts";
import { callState } from "../call-state.ts";
import type { Act } from "../edge.ts";

/** A page of the public record: what anybody needs to recompute the order of admission. */
export async function readRecord(
  { edge }: Act,
  asked: { dropId: DropId; afterCohort: number; afterStep: number },
): Promise<Result<LineRecord, Refusal<"drop_not_found" | "unavailable">>> {
  const called = await callState(edge, "record", (state) =>
    state.record(asked.dropId, asked.afterCohort, asked.afterStep),
  );
  return called.ok ? called.value : called;
}
