import type { Line } from "../../durable-objects/drop-queue/line.ts";
import type { DropId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import {
  type ClosedCohort,
  type CohortPage,
  type RecordHead,
  recordKeys,
  type SignedRoot,
  type StepPage,
  type WatermarkStep,
} from "../../schema/line.ts";
import type { RecordPart } from "../../schema/rpc/drop-queue.ts";

/** All that the public can read of a line, as it was served. */
export type PublicRecord = {
  commitment: RecordHead["commitment"];
  roots: SignedRoot[];
  cohorts: ClosedCohort[];
  /** Of each root, in order. */
  chunks: Uint8Array[][];
  steps: WatermarkStep[];
};

/** Reads it as the edge does: what was put into KV first, else from the object. @throws when a part is missing. */
export function readPublicRecord(
  line: Line,
  published: ReadonlyMap<string, string | Uint8Array>,
): PublicRecord {
  const head = line.recordHead();
  if (!head.ok) throw new Error("no record");
  const { dropId, commitment, rootedThrough, steps: stepCount } = head.value;

  const part = (asked: RecordPart): string | Uint8Array | null => {
    const kept = published.get(keyOf(dropId, asked));
    if (kept !== undefined) return kept;
    const answer = line.recordPart(asked);
    return answer.ok && answer.value !== null ? answer.value.body : null;
  };
  const json = <Shape>(asked: RecordPart): Shape | null => {
    const body = part(asked);
    return body === null ? null : (JSON.parse(body as string) as Shape);
  };

  const roots: SignedRoot[] = [];
  const cohorts: ClosedCohort[] = [];
  for (let cohort = 0; cohort <= rootedThrough; cohort++) {
    const root = json<SignedRoot>({ kind: "root", cohort });
    if (root !== null) roots.push(root);
    if (cohort % LIMITS.cohortsPerPage !== 0) continue;
    const page = json<CohortPage>({ kind: "cohorts", page: cohort / LIMITS.cohortsPerPage });
    cohorts.push(...(page?.cohorts ?? []));
  }
  const steps: WatermarkStep[] = [];
  for (let page = 0; page * LIMITS.stepsPerPage < stepCount; page++)
    steps.push(...(json<StepPage>({ kind: "steps", page })?.steps ?? []));
  const chunks = roots.map(({ cohort, chunks: hashes }) =>
    hashes.map((_, chunk) => {
      const ids = part({ kind: "chunk", cohort, chunk });
      if (!(ids instanceof Uint8Array)) throw new Error(`cohort ${cohort} has no chunk ${chunk}`);
      return ids;
    }),
  );
  return { commitment, roots, cohorts, chunks, steps };
}

function keyOf(dropId: DropId, part: RecordPart): string {
  switch (part.kind) {
    case "root":
      return recordKeys.root(dropId, part.cohort);
    case "chunk":
      return recordKeys.chunk(dropId, part.cohort, part.chunk);
    case "cohorts":
      return recordKeys.cohorts(dropId, part.page);
    case "steps":
      return recordKeys.steps(dropId, part.page);
  }
}
