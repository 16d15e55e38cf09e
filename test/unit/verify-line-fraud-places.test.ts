import { describe, expect, test } from "vitest";
import { chunksOf, newKey, peopleBefore, publish, signedRootOf, ticket } from "./line-record-forge.ts";
import { chunkIn, type Fraud, found, honest, like, rootIn } from "./verify-line-world.ts";

/** Another log, or another root over it, than was signed when the window closed. */
const FRAUDS: Fraud[] = [
  [
    "a place is moved inside a signed log",
    () => {
      const parts = publish(honest);
      const chunk = chunkIn(parts, 3);
      const [a, b] = [Buffer.from(chunk.subarray(0, 16)), Buffer.from(chunk.subarray(16, 32))];
      b.copy(chunk, 0);
      a.copy(chunk, 16);
      return parts;
    },
    ["log/chunk_wrong"],
  ],
  [
    "a ticket is minted after the reveal and put into the log",
    () => {
      const parts = publish(honest);
      parts.set("record/chunks/3/0", Buffer.concat([chunkIn(parts, 3), Buffer.from(ticket(1), "hex")]));
      return parts;
    },
    ["log/chunk_wrong", "log/id_repeated"],
  ],
  [
    "a logged id is re-bound: another id stands in its place",
    () => {
      const parts = publish(honest);
      Buffer.from(ticket(-2), "hex").copy(chunkIn(parts, 1), 0);
      return parts;
    },
    ["log/chunk_wrong"],
  ],
  [
    "a logged id gets a second, better place in an earlier window",
    () => {
      const world = like();
      world.logs.get(1)?.push(world.logs.get(3)?.[0] as string);
      for (const step of world.steps.slice(2))
        step.admitted = Math.round(
          peopleBefore(world, step.cohort) + step.rank * (world.logs.get(step.cohort)?.length ?? 0),
        );
      return publish(world);
    },
    ["log/id_repeated"],
  ],
  [
    "an id stands twice in one window",
    () => {
      const world = like();
      world.logs.get(4)?.push(world.logs.get(4)?.[0] as string);
      return publish(world);
    },
    ["log/id_repeated"],
  ],
  [
    "an id is dropped from a signed log",
    () => {
      const parts = publish(honest);
      parts.set("record/chunks/3/0", chunkIn(parts, 3).subarray(16));
      return parts;
    },
    ["log/chunk_wrong"],
  ],
  [
    "a chunk is withheld",
    () => {
      const parts = publish(honest);
      parts.delete("record/chunks/0/1");
      return parts;
    },
    ["log/missing"],
  ],
  [
    "two roots are shown for one window, both signed",
    () => {
      const parts = publish(honest);
      const other = like();
      other.logs.set(3, [...(other.logs.get(3) ?? []).slice(1), ticket(-3)]);
      parts.set("record/roots/3", signedRootOf(other, 3));
      for (const [k, chunk] of chunksOf(other.logs.get(3) ?? []).entries())
        parts.set(`record/chunks/3/${k}`, chunk);
      return parts;
    },
    ["roots/two_roots"],
  ],
  [
    "a root is signed by another key",
    () => {
      const parts = publish(honest);
      parts.set("record/roots/4", signedRootOf(like({ key: newKey() }), 4));
      return parts;
    },
    ["roots/root_unsigned"],
  ],
  [
    "a root does not cover the hashes beside it",
    () => {
      const parts = publish(honest);
      rootIn(parts, 0).chunks.reverse();
      return parts;
    },
    ["log/chunk_wrong", "roots/root_wrong"],
  ],
  [
    "a revealed window's root is withheld",
    () => {
      const parts = publish(honest);
      parts.delete("record/roots/1");
      return parts;
    },
    ["roots/missing"],
  ],
  [
    "the last closed window's root is withheld",
    () => {
      const parts = publish(honest);
      parts.delete("record/roots/4");
      return parts;
    },
    ["roots/missing"],
  ],
  [
    "a root has one chunk too many",
    () => {
      const parts = publish(honest);
      rootIn(parts, 0).chunks.push("00".repeat(32));
      return parts;
    },
    ["log/missing", "roots/root_wrong"],
  ],
  [
    "a root is another window's",
    () => {
      const parts = publish(honest);
      parts.set("record/roots/4", signedRootOf(honest, 1));
      return parts;
    },
    ["log/chunk_wrong", "roots/root_wrong"],
  ],
  [
    "a chunk is signed that has less than its people",
    () => {
      const world = like();
      world.logs.set(4, [ticket(40_000), "abcd"]);
      return publish(world);
    },
    ["log/chunk_wrong"],
  ],
];

describe("a fraud with places in a window is caught, and by the right finding:", () => {
  test.each(FRAUDS)("%s", async (_, forge, expected) => {
    expect(await found(forge())).toEqual({ status: "broken", findings: expected });
  });
});
