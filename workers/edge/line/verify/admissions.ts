import type { WatermarkStep } from "../../../../schema/line.ts";

export type Place = { cohort: number; rank: number };

/** A place is admitted when it lies strictly before the watermark. */
export function isBefore(place: Place, watermark: Place): boolean {
  if (place.cohort !== watermark.cohort) return place.cohort < watermark.cohort;
  return place.rank < watermark.rank;
}

/** The watermark's history: when was it whose turn? Steps are added in order. */
export class Admissions {
  readonly #cohorts: number[] = [];
  readonly #ranks: number[] = [];
  readonly #atMs: number[] = [];

  get steps(): number {
    return this.#atMs.length;
  }

  add({ cohort, rank, atMs }: Pick<WatermarkStep, "cohort" | "rank" | "atMs">): void {
    this.#cohorts.push(cohort);
    this.#ranks.push(rank);
    this.#atMs.push(atMs);
  }

  /** When the first step came that admits a place; null: none did. */
  admittedAtMs(place: Place): number | null {
    let low = 0;
    let high = this.steps;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(place, this.#at(middle))) high = middle;
      else low = middle + 1;
    }
    return this.#atMs[low] ?? null;
  }

  #at(step: number): Place {
    return { cohort: this.#cohorts[step] ?? -1, rank: this.#ranks[step] ?? 0 };
  }
}
