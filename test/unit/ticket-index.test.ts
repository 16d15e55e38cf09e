import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TicketIndex, type TicketPlace } from "../../durable-objects/drop-queue/ticket-index.ts";
import { LIMITS } from "../../schema/limits.ts";

const idOf = (person: number) => createHash("sha256").update(String(person)).digest().subarray(0, 16);
const packed = (people: number[]) => new Uint8Array(Buffer.concat(people.map(idOf)));

const NOBODY = new Uint8Array(0);

describe("the index of tickets", () => {
  test("remembers everybody's first place and judgment, through any number of growths", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.tuple(fc.integer({ min: 0, max: 5_000 }), fc.boolean()), { maxLength: 400 }), {
          maxLength: 12,
        }),
        (batches) => {
          const index = new TicketIndex(100);
          const model = new Map<number, TicketPlace>();
          for (const [cohort, batch] of batches.entries()) {
            const people = batch.map(([person]) => person);
            const fresh: number[] = [];
            for (const [person, isHeldApart] of batch) {
              if (model.has(person)) continue;
              model.set(person, { cohort, chunk: Math.floor((90 + fresh.length) / 100), isHeldApart });
              fresh.push(person);
            }
            const heldApart = new Uint8Array(batch.map(([, isHeldApart]) => (isHeldApart ? 1 : 0)));
            const added = index.addAll({ ids: packed(people), cohort, first: 90, heldApart, room: 1e9 });
            expect(added.places).toEqual(people.map((person) => model.get(person)));
            expect(Buffer.from(added.fresh)).toEqual(Buffer.from(packed(fresh)));
            const held = fresh.filter((person) => model.get(person)?.isHeldApart);
            expect(Buffer.from(added.freshHeldApart)).toEqual(Buffer.from(packed(held)));
          }
          expect(index.size).toBe(model.size);
        },
      ),
      { numRuns: 100 },
    );
  });

  test("holds the last cohort of the longest chain, and refuses one that its slots cannot say", () => {
    const index = new TicketIndex(1);
    const add = (person: number, cohort: number, first: number) =>
      index.addAll({ ids: packed([person]), cohort, first, heldApart: new Uint8Array([1]), room: 1 }).places;
    const last = LIMITS.chainLinks - 1;
    const chunk = Math.ceil(LIMITS.joinedMax / LIMITS.ticketsPerChunkMax);
    expect(add(1, last, chunk)).toEqual([{ cohort: last, chunk, isHeldApart: true }]);
    expect(add(2, 32_767, 32_767)).toEqual([{ cohort: 32_767, chunk: 32_767, isHeldApart: true }]);
    expect(add(2, 0, 0)).toEqual([{ cohort: 32_767, chunk: 32_767, isHeldApart: true }]);
    expect(() => add(3, 32_768, 0)).toThrow("no slot");
    expect(() => add(4, 0, 32_768)).toThrow("no slot");
  });

  test("adds as many as there is room for, and goes on finding the others", () => {
    const index = new TicketIndex(100);
    const add = (people: number[], room: number) =>
      index.addAll({ ids: packed(people), cohort: 1, first: 0, heldApart: NOBODY, room }).places;
    expect(add([1, 2, 3], 2).map((place) => place?.cohort)).toEqual([1, 1, undefined]);
    expect(add([3, 2, 1], 0).map((place) => place?.cohort)).toEqual([undefined, 1, 1]);
    expect(index.size).toBe(2);
  });

  test("marks the ones that were held apart, and nobody else", () => {
    const index = new TicketIndex(100);
    const find = (people: number[]) =>
      index
        .addAll({ ids: packed(people), cohort: 1, first: 0, heldApart: NOBODY, room: 3 })
        .places.map((place) => place?.isHeldApart);
    find([1, 2, 3]);
    index.holdApart(packed([2, 9]));
    expect(find([1, 2, 3])).toEqual([false, true, false]);
    expect(index.size).toBe(3);
  });
});
