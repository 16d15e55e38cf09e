import type { DropId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { CohortPage } from "../../../schema/line.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";
import { readRecordHead } from "./read-record.ts";
import type { RecordRefusal } from "./read-root.ts";
import { readSnapshot } from "./read-snapshot.ts";

/**
 * A page of revealed cohorts; the last one of a line that goes on grows, and is never behind the head nor the snapshot that this
 * isolate told of: those who wait ask for it as soon as a snapshot says that their seed is out.
 */
export async function readCohortPage(
  act: Act,
  { dropId, page }: { dropId: DropId; page: number },
): Promise<Result<CohortPage, RecordRefusal>> {
  const head = await readRecordHead(act, dropId);
  if (!head.ok) return head;
  const snapshot = await readSnapshot(act, dropId);
  if (!snapshot.ok) return snapshot;
  const revealedThrough = Math.max(head.value.revealedThrough, snapshot.value.revealedThrough);
  const first = page * LIMITS.cohortsPerPage;
  if (first > revealedThrough) return refuse({ code: "record_not_found" });
  const last = first + LIMITS.cohortsPerPage - 1;
  const seen = Math.min(last, revealedThrough);
  const asked = { dropId, part: { kind: "cohorts", page }, isStored: seen === last, seen } as const;
  const part = await act.edge.recordParts.get(asked, act.lifetime);
  if (!part.ok) return part;
  return part.value === null ? refuse({ code: "record_not_found" }) : ok(part.value);
}
