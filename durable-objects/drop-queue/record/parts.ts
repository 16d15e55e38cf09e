import type { DropId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { type CohortPage, recordKeys, type StepPage } from "../../../schema/line.ts";
import type { RecordPart } from "../../../schema/rpc/drop-queue.ts";
import type { LineStore, PutSoFar } from "../store.ts";

type Part = { body: string | Uint8Array; isFinal: boolean };

/** A part of the public record as it stands; null: not yet, or nobody was in it. */
export function partOf(store: LineStore, part: RecordPart): Part | null {
  const { record, log } = store;
  switch (part.kind) {
    case "root":
      return finalPart(record.root(part.cohort));
    case "chunk":
      return record.root(part.cohort) === null ? null : finalPart(log.chunk(part.cohort, part.chunk));
    case "cohorts":
      return cohortsOf(part.page)[0] > record.revealedThrough()
        ? null
        : { body: cohortPageOf(store, part.page), isFinal: isCohortPageComplete(store, part.page) };
    case "steps":
      return stepsOf(part.page)[0] > (record.lastStep()?.step ?? 0)
        ? null
        : { body: stepPageOf(store, part.page), isFinal: isStepPageComplete(store, part.page) };
  }
}

/** One that never changes any more, and that KV does not have. `after`: what it has with this one. */
type NextPart = { key: string; body: () => Part["body"]; after: PutSoFar };

/** At most so many, in order. Cheap as long as no body is asked for. */
export function nextParts(store: LineStore, max: number): NextPart[] {
  const drop = store.drop();
  if (!drop) return [];
  const parts: NextPart[] = [];
  let { put } = drop;
  while (parts.length < max) {
    const next = nextPart(store, drop.published.document.id, put);
    if (!next) break;
    put = next.after;
    parts.push(next);
  }
  return parts;
}

function nextPart(store: LineStore, dropId: DropId, put: PutSoFar): NextPart | null {
  const chunk = nextChunk(store, dropId, put);
  if (chunk) return chunk;
  const { cohortPage, stepPage } = put;
  if (isCohortPageComplete(store, cohortPage)) {
    return {
      key: recordKeys.cohorts(dropId, cohortPage),
      body: () => cohortPageOf(store, cohortPage),
      after: { ...put, cohortPage: cohortPage + 1 },
    };
  }
  if (isStepPageComplete(store, stepPage)) {
    return {
      key: recordKeys.steps(dropId, stepPage),
      body: () => stepPageOf(store, stepPage),
      after: { ...put, stepPage: stepPage + 1 },
    };
  }
  return null;
}

function nextChunk({ record, log }: LineStore, dropId: DropId, put: PutSoFar): NextPart | null {
  let next = record.closedFrom(put.cohort);
  let chunk = next?.cohort === put.cohort ? put.chunk : 0;
  if (next && chunk * LIMITS.ticketsPerChunkMax >= next.count) {
    next = record.closedFrom(next.cohort + 1);
    chunk = 0;
  }
  if (!next) return null;
  const { cohort } = next;
  return {
    key: recordKeys.chunk(dropId, cohort, chunk),
    body: () => {
      const ids = log.chunk(cohort, chunk);
      if (!ids) throw new Error(`cohort ${cohort} has no chunk ${chunk}`);
      return ids;
    },
    after: { ...put, cohort, chunk: chunk + 1 },
  };
}

const cohortsOf = (page: number) =>
  [page * LIMITS.cohortsPerPage, (page + 1) * LIMITS.cohortsPerPage] as const;
const stepsOf = (page: number) =>
  [page * LIMITS.stepsPerPage + 1, (page + 1) * LIMITS.stepsPerPage + 1] as const;

/** Complete once nobody can join any of its numbers and every seed of it is out. */
function isCohortPageComplete(store: LineStore, page: number): boolean {
  const [from, to] = cohortsOf(page);
  const { record } = store;
  if (from > record.revealedThrough()) return false;
  const isSettled = isFinished(store) || (record.latest()?.cohort ?? -1) >= to;
  return isSettled && (record.firstUnrevealed() ?? to) >= to;
}

function cohortPageOf(store: LineStore, page: number): string {
  const isComplete = isCohortPageComplete(store, page);
  const body: CohortPage = { page, isComplete, cohorts: store.record.revealed(...cohortsOf(page)) };
  return JSON.stringify(body);
}

function isStepPageComplete(store: LineStore, page: number): boolean {
  const [from, to] = stepsOf(page);
  const last = store.record.lastStep()?.step ?? 0;
  return from <= last && (last >= to - 1 || isFinished(store));
}

function stepPageOf(store: LineStore, page: number): string {
  const isComplete = isStepPageComplete(store, page);
  const body: StepPage = { page, isComplete, steps: store.record.steps(...stepsOf(page)) };
  return JSON.stringify(body);
}

const isFinished = (store: LineStore) => store.drop()?.finishedAtMs != null;

function finalPart(body: string | Uint8Array | null): Part | null {
  return body === null ? null : { body, isFinal: true };
}
