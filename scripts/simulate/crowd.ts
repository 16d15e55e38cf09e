import type { TicketId } from "../../schema/ids.ts";
import { type ClosedCohort, isAdmitted, type Snapshot } from "../../schema/line.ts";
import { rankOf } from "../../workers/edge/derive.ts";
import type { Waits } from "./waits.ts";

const ID_BYTES = 16;

/** The crowd as the product sees it: who is where, and in which order it lets them in. */
export type Crowd = {
  idOf(index: number): TicketId;
  /** The answer to a join. */
  place(index: number, cohort: number): void;
  /** A cohort's seed is out: everybody in it has a rank. */
  draw(closed: ClosedCohort, snapshot: Snapshot): void;
  /** Whom this picture admits and the one before did not, in order. */
  admit(snapshot: Snapshot, each: (index: number, rank: number) => void): void;
  readonly joined: number;
  readonly admitted: number;
  /** In order of admission: ids, and when each was let in. */
  admissions(): { ids: Uint8Array; atMs: Float64Array };
};

type Drawn = { cohort: number; people: Uint32Array; next: number };

export function createCrowd(shoppers: number, ids: Uint8Array, waits: Waits): Crowd {
  const ranks = new Float64Array(shoppers);
  /** People of each cohort that is not drawn yet. */
  const gathering = new Map<number, number[]>();
  /** Drawn cohorts in order, those of the front first. */
  const drawn: Drawn[] = [];
  const order = new Uint32Array(shoppers);
  const admittedAtMs = new Float64Array(shoppers);
  let [joined, admitted] = [0, 0];

  const idOf = (index: number) =>
    Buffer.from(ids.buffer, ids.byteOffset + index * ID_BYTES, ID_BYTES).toString("hex") as TicketId;

  return {
    idOf,
    place(index, cohort) {
      joined += 1;
      const known = gathering.get(cohort);
      if (known) known.push(index);
      else gathering.set(cohort, [index]);
    },

    draw({ cohort, seed, count, before }, snapshot) {
      const people = Uint32Array.from(gathering.get(cohort) ?? []);
      gathering.delete(cohort);
      for (const index of people) ranks[index] = rankOf(seed, idOf(index));
      people.sort((one, other) => (ranks[one] as number) - (ranks[other] as number));
      for (const index of people)
        waits.drawn(index, { cohort, ranked: { rank: ranks[index] as number, count, before } }, snapshot);
      drawn.push({ cohort, people, next: 0 });
    },

    admit({ watermark, atMs }, each) {
      for (let front = drawn[0]; front !== undefined; front = drawn[0]) {
        for (; front.next < front.people.length; front.next++) {
          const index = front.people[front.next] as number;
          const rank = ranks[index] as number;
          if (!isAdmitted({ cohort: front.cohort, rank }, watermark)) return;
          order[admitted] = index;
          admittedAtMs[admitted] = atMs;
          admitted += 1;
          waits.admitted(index, atMs);
          each(index, rank);
        }
        drawn.shift();
      }
    },

    get joined() {
      return joined;
    },
    get admitted() {
      return admitted;
    },
    admissions() {
      const inOrder = new Uint8Array(admitted * ID_BYTES);
      for (let at = 0; at < admitted; at++) {
        const from = (order[at] as number) * ID_BYTES;
        inOrder.set(ids.subarray(from, from + ID_BYTES), at * ID_BYTES);
      }
      return { ids: inOrder, atMs: admittedAtMs.slice(0, admitted) };
    },
  };
}
