import type { PublicRecord } from "./public-record.ts";

/** What the second implementation of a line makes of its public record: who had to be admitted, in which order, by which step. */
export type SecondOpinion = { ids: Uint8Array; steps: Uint32Array; faults: string[] };

export type OrderFigures = {
  people: number;
  /** Admitted in another order, or by another step, than the second implementation says. */
  misplaced: number;
  /** What it found wrong with the record itself. */
  faults: string[];
};

const ID_BYTES = 16;

/** Holds the product's admissions against the second implementation's, person by person. */
export function compareOrder(
  { ids, atMs }: { ids: Uint8Array; atMs: Float64Array },
  second: SecondOpinion,
  { steps }: Pick<PublicRecord, "steps">,
): OrderFigures {
  const people = Math.max(atMs.length, second.steps.length);
  let misplaced = 0;
  for (let at = 0; at < people; at++) {
    const step = steps[(second.steps[at] ?? 0) - 1];
    if (step === undefined || step.atMs !== atMs[at] || !isSameId(ids, second.ids, at)) misplaced += 1;
  }
  return { people, misplaced, faults: second.faults };
}

function isSameId(one: Uint8Array, other: Uint8Array, at: number): boolean {
  for (let byte = at * ID_BYTES; byte < (at + 1) * ID_BYTES; byte++)
    if (one[byte] !== other[byte]) return false;
  return true;
}
