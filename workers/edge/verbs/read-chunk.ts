import type { DropId } from "../../../schema/ids.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";
import { type RecordRefusal, readRoot } from "./read-root.ts";

/** One chunk of a closed cohort's log as bytes, 16 a ticket id. The cohort's root says how many chunks there are. */
export async function readChunk(
  act: Act,
  asked: { dropId: DropId; cohort: number; chunk: number },
): Promise<Result<Response, RecordRefusal>> {
  const root = await readRoot(act, asked);
  if (!root.ok) return root;
  const { dropId, cohort, chunk } = asked;
  if (chunk >= root.value.chunks.length) return refuse({ code: "record_not_found" });
  const part = await act.edge.recordParts.get(
    { dropId, part: { kind: "chunk", cohort, chunk }, isStored: true },
    act.lifetime,
  );
  if (!part.ok) return part;
  if (part.value === null) return refuse({ code: "record_not_found" });
  return ok(new Response(part.value, { headers: { "Content-Type": "application/octet-stream" } }));
}
