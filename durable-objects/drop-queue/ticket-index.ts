/** Bytes of one ticket id in the log. */
export const TICKET_ID_BYTES = 16;

/** Where a ticket is in the log, and whether its holder was judged to be a bot. */
export type TicketPlace = { cohort: number; chunk: number; isHeldApart: boolean };
/** Tickets that come after each other in one cohort: `first` is the place in its log of the first that is new. */
export type Arrival = {
  ids: Uint8Array;
  cohort: number;
  first: number;
  /** One byte a ticket; 1: a bot's. A byte that is missing says no. */
  heldApart: Uint8Array;
  /** New ones that may be added; the others find no place. */
  room: number;
};
export type Arrived = {
  /** null: there was no room for it. */
  places: (TicketPlace | null)[];
  fresh: Uint8Array;
  freshHeldApart: Uint8Array;
};

const FIRST_CAPACITY = 1_024;
/** Fuller than this, and looking for an empty slot takes too long. */
const LOAD_MAX = 0.75;
/** A slot's number: in use (1 bit), cohort (15), chunk (15), held apart (1). */
const IN_USE = 0x8000_0000;
const PART_MAX = 0x7fff;

/**
 * Where each ticket is, in about 16 to 32 bytes of memory a person: an open-addressed table over the last 64 bits of the
 * ids, which are cut from SHA-256. Two people who share those are taken for one; among two million people the chance that
 * any two do is below one in nine million.
 */
export class TicketIndex {
  readonly #ticketsPerChunk: number;
  #high = new Uint32Array(FIRST_CAPACITY);
  #low = new Uint32Array(FIRST_CAPACITY);
  #packed = new Uint32Array(FIRST_CAPACITY);
  #size = 0;

  constructor(ticketsPerChunk: number) {
    this.#ticketsPerChunk = ticketsPerChunk;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a batch: where each of its tickets is now, and the ones that were not there before. */
  addAll({ ids, cohort, first, heldApart, room }: Arrival): Arrived {
    const fresh = new Uint8Array(ids.byteLength);
    const held = new Uint8Array(ids.byteLength);
    let added = 0;
    let apart = 0;
    const places: Arrived["places"] = [];
    for (let at = 0; at + TICKET_ID_BYTES <= ids.byteLength; at += TICKET_ID_BYTES) {
      const isHeldApart = heldApart[at / TICKET_ID_BYTES] === 1;
      const [high, low, slot] = this.#find(ids, at);
      const found = this.#packed[slot] ?? 0;
      if (found !== 0 || added >= room) {
        places.push(found === 0 ? null : unpack(found));
        continue;
      }
      const place = { cohort, chunk: Math.floor((first + added) / this.#ticketsPerChunk), isHeldApart };
      this.#put(slot, high, low, pack(place));
      this.#size += 1;
      places.push(place);
      const id = ids.subarray(at, at + TICKET_ID_BYTES);
      fresh.set(id, TICKET_ID_BYTES * added++);
      if (isHeldApart) held.set(id, TICKET_ID_BYTES * apart++);
    }
    return {
      places,
      fresh: fresh.slice(0, TICKET_ID_BYTES * added),
      freshHeldApart: held.slice(0, TICKET_ID_BYTES * apart),
    };
  }

  /** Of tickets that are there: from here on they are held apart. */
  holdApart(ids: Uint8Array): void {
    for (let at = 0; at + TICKET_ID_BYTES <= ids.byteLength; at += TICKET_ID_BYTES) {
      const [, , slot] = this.#find(ids, at);
      const found = this.#packed[slot] ?? 0;
      if (found !== 0) this.#packed[slot] = found | 1;
    }
  }

  /** The key at this offset, and the slot that holds it, or the empty one where it belongs. */
  #find(ids: Uint8Array, offset: number): [high: number, low: number, slot: number] {
    if (this.#size + 1 > this.#packed.length * LOAD_MAX) this.#grow();
    const view = new DataView(ids.buffer, ids.byteOffset + offset + TICKET_ID_BYTES / 2);
    const high = view.getUint32(0);
    const low = view.getUint32(4);
    return [high, low, this.#slotOf(high, low)];
  }

  #slotOf(high: number, low: number): number {
    const mask = this.#packed.length - 1;
    let slot = (Math.imul(low ^ high, 0x9e3779b1) >>> 0) & mask;
    while (this.#packed[slot] !== 0 && (this.#low[slot] !== low || this.#high[slot] !== high))
      slot = (slot + 1) & mask;
    return slot;
  }

  #put(slot: number, high: number, low: number, packed: number): void {
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#packed[slot] = packed;
  }

  #grow(): void {
    const { high, low, packed } = { high: this.#high, low: this.#low, packed: this.#packed };
    const capacity = packed.length * 2;
    this.#high = new Uint32Array(capacity);
    this.#low = new Uint32Array(capacity);
    this.#packed = new Uint32Array(capacity);
    for (const [slot, stored] of packed.entries()) {
      if (stored === 0) continue;
      const [h, l] = [high[slot] ?? 0, low[slot] ?? 0];
      this.#put(this.#slotOf(h, l), h, l, stored);
    }
  }
}

function pack({ cohort, chunk, isHeldApart }: TicketPlace): number {
  if (cohort > PART_MAX || chunk > PART_MAX)
    throw new Error(`no slot can say cohort ${cohort}, chunk ${chunk}`);
  return (IN_USE | (cohort << 16) | (chunk << 1) | (isHeldApart ? 1 : 0)) >>> 0;
}

function unpack(packed: number): TicketPlace {
  return {
    cohort: (packed >>> 16) & PART_MAX,
    chunk: (packed >>> 1) & PART_MAX,
    isHeldApart: (packed & 1) === 1,
  };
}
