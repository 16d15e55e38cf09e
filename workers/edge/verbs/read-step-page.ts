import type { DropId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { StepPage } from "../../../schema/line.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";
import { readRecordHead } from "./read-record.ts";
import type { RecordRefusal } from "./read-root.ts";

/** A page of the watermark's steps; the last one grows while people are admitted. */
export async function readStepPage(
  act: Act,
  { dropId, page }: { dropId: DropId; page: number },
): Promise<Result<StepPage, RecordRefusal>> {
  const head = await readRecordHead(act, dropId);
  if (!head.ok) return head;
  const before = page * LIMITS.stepsPerPage;
  if (before >= head.value.steps) return refuse({ code: "record_not_found" });
  const last = before + LIMITS.stepsPerPage;
  const seen = Math.min(last, head.value.steps);
  const asked = { dropId, part: { kind: "steps", page }, isStored: seen === last, seen } as const;
  const part = await act.edge.recordParts.get(asked, act.lifetime);
  if (!part.ok) return part;
  return part.value === null ? refuse({ code: "record_not_found" }) : ok(part.value);
}
