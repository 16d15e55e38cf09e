import type { DropId } from "../../../schema/ids.ts";
import type { SignedRoot } from "../../../schema/line.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";
import { readSnapshot } from "./read-snapshot.ts";

export type RecordRefusal = Refusal<"record_not_found" | "drop_not_found" | "unavailable">;

/** The signed root of a closed cohort. Numbers that no cohort has, or nobody was in, are told so without a call of their own. */
export async function readRoot(
  act: Act,
  { dropId, cohort }: { dropId: DropId; cohort: number },
): Promise<Result<SignedRoot, RecordRefusal>> {
  const { edge, lifetime } = act;
  const read = await readSnapshot(act, dropId);
  if (!read.ok) return read;
  const snapshot = read.value;
  if (cohort > snapshot.rootedThrough) return refuse({ code: "record_not_found" });
  if (cohort <= snapshot.revealedThrough) {
    const closed = await edge.cohorts.one(snapshot, cohort, lifetime);
    if (!closed.ok) return closed;
    if (closed.value === undefined) return refuse({ code: "record_not_found" });
  }
  const part = await edge.recordParts.get(
    { dropId, part: { kind: "root", cohort }, isStored: true },
    lifetime,
  );
  if (!part.ok) return part;
  return part.value === null ? refuse({ code: "record_not_found" }) : ok(part.value);
}
