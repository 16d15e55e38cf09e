/** Bytes of one ticket id in the log. */
export const TICKET_ID_BYTES = 16;

const FIRST_CAPACITY = 1_024;
/** Fuller than this, and looking for an empty slot takes too long. */
const LOAD_MAX = 0.75;

/**
 * Which cohort each ticket is in, in about 16 to 32 bytes of memory a person: an open-addressed table over the last 64
 * bits of the ids, which are cut from SHA-256. Two people who share those are taken for one; among two million people
 * the chance that any two do is below one in nine million.
 */
export class TicketIndex {
  #high = new Uint32Array(FIRST_CAPACITY);
  #low = new Uint32Array(FIRST_CAPACITY);
  /** Cohort plus one; 0 is an empty slot. */
  #cohorts = new Uint32Array(FIRST_CAPACITY);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a batch to `cohort`: where each of its ids is now, and the ones that were not there before. */
  addAll(ids: Uint8Array, cohort: number): { cohorts: number[]; fresh: Uint8Array } {
    const fresh = new Uint8Array(ids.byteLength);
    const cohorts: number[] = [];
    let bytes = 0;
    for (let at = 0; at + TICKET_ID_BYTES <= ids.byteLength; at += TICKET_ID_BYTES) {
      const found = this.#addOrFind(ids, at, cohort);
      cohorts.push(found ?? cohort);
      if (found !== undefined) continue;
      fresh.set(ids.subarray(at, at + TICKET_ID_BYTES), bytes);
      bytes += TICKET_ID_BYTES;
    }
    return { cohorts, fresh: fresh.slice(0, bytes) };
  }

  /** The cohort that the id at this offset has already, or undefined after adding it to `cohort`. */
  #addOrFind(ids: Uint8Array, offset: number, cohort: number): number | undefined {
    if (this.#size + 1 > this.#cohorts.length * LOAD_MAX) this.#grow();
    const view = new DataView(ids.buffer, ids.byteOffset + offset + TICKET_ID_BYTES / 2);
    const high = view.getUint32(0);
    const low = view.getUint32(4);
    const slot = this.#slotOf(high, low);
    const found = this.#cohorts[slot] ?? 0;
    if (found > 0) return found - 1;
    this.#put(slot, high, low, cohort + 1);
    this.#size += 1;
    return undefined;
  }

  /** The slot that holds this key, or the empty one where it belongs. */
  #slotOf(high: number, low: number): number {
    const mask = this.#cohorts.length - 1;
    let slot = (Math.imul(low ^ high, 0x9e3779b1) >>> 0) & mask;
    while (this.#cohorts[slot] !== 0 && (this.#low[slot] !== low || this.#high[slot] !== high))
      slot = (slot + 1) & mask;
    return slot;
  }

  #put(slot: number, high: number, low: number, stored: number): void {
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#cohorts[slot] = stored;
  }

  #grow(): void {
    const { high, low, cohorts } = { high: this.#high, low: this.#low, cohorts: this.#cohorts };
    const capacity = cohorts.length * 2;
    this.#high = new Uint32Array(capacity);
    this.#low = new Uint32Array(capacity);
    this.#cohorts = new Uint32Array(capacity);
    for (const [slot, stored] of cohorts.entries()) {
      if (stored === 0) continue;
      const [h, l] = [high[slot] ?? 0, low[slot] ?? 0];
      this.#put(this.#slotOf(h, l), h, l, stored);
    }
  }
}
