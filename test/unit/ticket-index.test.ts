import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TicketIndex } from "../../durable-objects/drop-queue/ticket-index.ts";

const idOf = (person: number) => createHash("sha256").update(String(person)).digest().subarray(0, 16);
const packed = (people: number[]) => new Uint8Array(Buffer.concat(people.map(idOf)));

describe("the index of tickets", () => {
  test("remembers everybody's first cohort, through any number of growths", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 400 }), { maxLength: 12 }),
        (batches) => {
          const index = new TicketIndex();
          const model = new Map<number, number>();
          for (const [cohort, people] of batches.entries()) {
            const fresh = [...new Set(people)].filter((person) => !model.has(person));
            for (const person of fresh) model.set(person, cohort);
            const added = index.addAll(packed(people), cohort);
            expect(added.cohorts).toEqual(people.map((person) => model.get(person)));
            expect(Buffer.from(added.fresh)).toEqual(Buffer.from(packed(fresh)));
          }
          expect(index.size).toBe(model.size);
        },
      ),
      { numRuns: 100 },
    );
  });
});
