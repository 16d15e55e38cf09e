import { FORMAT } from "./bounds.ts";

const WORDS = FORMAT.ticketBytes / 4;
const FIRST_SLOTS = 1 << 10;

/**
 * Which cohort each ticket id stands in: 18 bytes and some air for an id, so that a line of millions fits a browser tab. Where
 * an id lies depends on random numbers of this run: ids that a server picked to collide do not.
 */
export class TicketTable {
  #ids = new Uint32Array(FIRST_SLOTS * WORDS);
  /** Cohort and one; 0: free. */
  #cohorts = new Uint16Array(FIRST_SLOTS);
  #size = 0;
  readonly #keys = crypto.getRandomValues(new Uint32Array(WORDS));

  get size(): number {
    return this.#size;
  }

  /** Notes an id. Answers with the cohort that had it before, and keeps that; null: nobody had. */
  add(id: Uint8Array, cohort: number): number | null {
    if (2 * (this.#size + 1) > this.#cohorts.length) this.#grow();
    const words = wordsOf(id);
    const slot = this.#slotOf(words);
    const before = this.#cohorts[slot] ?? 0;
    if (before > 0) return before - 1;
    this.#ids.set(words, slot * WORDS);
    this.#cohorts[slot] = cohort + 1;
    this.#size += 1;
    return null;
  }

  cohortOf(id: Uint8Array): number | null {
    const found = this.#cohorts[this.#slotOf(wordsOf(id))] ?? 0;
    return found > 0 ? found - 1 : null;
  }

  /** The slot that holds an id, or the free one where it would go. */
  #slotOf(words: Uint32Array): number {
    const mask = this.#cohorts.length - 1;
    let slot = this.#spread(words) & mask;
    while ((this.#cohorts[slot] ?? 0) > 0 && !this.#isAt(slot, words)) slot = (slot + 1) & mask;
    return slot;
  }

  #isAt(slot: number, words: Uint32Array): boolean {
    for (let word = 0; word < WORDS; word += 1)
      if (this.#ids[slot * WORDS + word] !== words[word]) return false;
    return true;
  }

  #spread(words: Uint32Array): number {
    let hash = 0;
    for (let word = 0; word < WORDS; word += 1) {
      hash = Math.imul(hash ^ (words[word] ?? 0), (this.#keys[word] ?? 0) | 1);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash, 0x85ebca6b);
    return (hash ^ (hash >>> 16)) >>> 0;
  }

  #grow(): void {
    const ids = this.#ids;
    const cohorts = this.#cohorts;
    this.#cohorts = new Uint16Array(2 * cohorts.length);
    this.#ids = new Uint32Array(2 * ids.length);
    for (let old = 0; old < cohorts.length; old += 1) {
      const cohort = cohorts[old] ?? 0;
      if (cohort === 0) continue;
      const words = ids.subarray(old * WORDS, (old + 1) * WORDS);
      const slot = this.#slotOf(words);
      this.#ids.set(words, slot * WORDS);
      this.#cohorts[slot] = cohort;
    }
  }
}

function wordsOf(id: Uint8Array): Uint32Array {
  const view = new DataView(id.buffer, id.byteOffset, FORMAT.ticketBytes);
  const words = new Uint32Array(WORDS);
  for (let word = 0; word < WORDS; word += 1) words[word] = view.getUint32(4 * word);
  return words;
}
