import { createHash, createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type PublicRecord, secondOpinion } from "./second-line.ts";

const sha256 = (...parts: (string | Uint8Array)[]) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** A record of two cohorts with five and three people, made by hand. */
function honestRecord(): { record: PublicRecord; key: KeyObject } {
  const { privateKey: key, publicKey } = generateKeyPairSync("ed25519");
  const publicHex = publicKey.export({ format: "der", type: "spki" }).subarray(12).toString("hex");
  const links = [sha256("end")];
  for (let left = 4; left > 0; left--) links.unshift(sha256(links[0] as Buffer));
  const hex = (value: Uint8Array) => Buffer.from(value).toString("hex");
  const anchor = hex(links[0] as Buffer);
  const chainHash = "ab".repeat(32);
  const signed = (...words: (string | number)[]) =>
    sign(null, Buffer.from(words.join("\n")), key).toString("hex");
  const commitment = {
    dropId: "shoe",
    anchor,
    links: 4,
    publicKey: publicHex,
    beacon: { chainHash },
    committedAtMs: 5,
    signature: signed("dropline/commitment/1", "shoe", anchor, 4, publicHex, chainHash, 5),
  };
  const chunks = [[people("a", 3), people("b", 2)], [people("c", 3)]];
  const cohortNumbers = [0, 2];
  const roots = cohortNumbers.map((cohort, at) => {
    const hashes = (chunks[at] ?? []).map((chunk) => sha256("dropline/chunk/1\n", chunk));
    const root = hex(sha256("dropline/root/1\n", ...hashes));
    const count = [5, 3][at] as number;
    return {
      cohort,
      count,
      chunks: hashes.map(hex),
      root,
      closedAtMs: 10 + cohort,
      beaconRound: 7,
      signature: signed("dropline/signed-root/1", "shoe", anchor, cohort, count, root, 10 + cohort, 7),
    };
  });
  const cohorts = cohortNumbers.map((cohort, at) => {
    const link = links[cohort + 1] as Buffer;
    const beaconSignature = "cd".repeat(48);
    const seed = hex(sha256("dropline/seed/1\n", link, sha256(Buffer.from(beaconSignature, "hex"))));
    return {
      cohort,
      count: [5, 3][at] as number,
      before: [0, 5][at] as number,
      link: hex(link),
      beaconSignature,
      seed,
    };
  });
  const steps = [
    { step: 1, atMs: 100, cohort: 0, rank: 0.5, admitted: 3 },
    { step: 2, atMs: 101, cohort: 2, rank: 0, admitted: 5 },
    { step: 3, atMs: 102, cohort: 2, rank: 1, admitted: 8 },
  ];
  return { record: { commitment, roots, cohorts, chunks, steps }, key };
}

function people(prefix: string, count: number): Uint8Array {
  return Buffer.concat(Array.from({ length: count }, (_, at) => sha256(`${prefix}${at}`).subarray(0, 16)));
}

/** The record, changed by hand, with what the second line says of it. */
function faultsOf(change: (record: PublicRecord) => void): string[] {
  const { record } = honestRecord();
  change(record);
  return secondOpinion(record).faults;
}

describe("the second line", () => {
  test("finds nothing wrong with an honest record, and orders it by cohort and HMAC", () => {
    const { record } = honestRecord();
    const { ids, steps, faults } = secondOpinion(record);
    expect(faults).toEqual([]);
    const expected = record.cohorts.flatMap(({ seed }, at) => {
      const log = Buffer.concat(record.chunks[at] ?? []);
      return Array.from({ length: log.byteLength / 16 }, (_, n) =>
        log.subarray(n * 16, n * 16 + 16).toString("hex"),
      )
        .map((id) => {
          const mac = createHmac("sha256", Buffer.from(seed, "hex")).update(Buffer.from(id, "hex")).digest();
          return { id, rank: mac };
        })
        .sort((one, other) => Buffer.compare(one.rank, other.rank));
    });
    expect(Buffer.from(ids).toString("hex")).toBe(expected.map(({ id }) => id).join(""));
    // The lobby's lower half first, the rest with the second step, the later cohort with the third.
    const lower = expected.slice(0, 5).filter(({ rank }) => (rank[0] as number) < 0x80).length;
    expect([...steps]).toEqual([...Array(lower).fill(1), ...Array(5 - lower).fill(2), 3, 3, 3]);
  });

  test("says 0 for whoever was not admitted", () => {
    const { record } = honestRecord();
    expect([...secondOpinion({ ...record, steps: [] }).steps]).toEqual(Array(8).fill(0));
  });

  test.each<[string, (record: PublicRecord) => void]>([
    ["another anchor", ({ commitment }) => (commitment.anchor = "00".repeat(32))],
    ["fewer links than were signed", ({ commitment }) => (commitment.links -= 1)],
    ["a beacon that was not announced", (record) => (record.commitment.beacon = null)],
    ["an id that was exchanged", ({ chunks }) => ((chunks[0]?.[0] as Uint8Array)[3] = 255)],
    ["ids that changed their order", ({ chunks }) => chunks[0]?.reverse()],
    ["a dropped chunk", ({ chunks, roots }) => [chunks[0]?.pop(), roots[0]?.chunks.pop()]],
    ["another root", ({ roots }) => ((roots[1] as { root: string }).root = "11".repeat(32))],
    [
      "a root that closed at another time",
      ({ roots }) => ((roots[1] as { closedAtMs: number }).closedAtMs += 1),
    ],
    ["another beacon round", ({ roots }) => ((roots[1] as { beaconRound: number }).beaconRound += 1)],
    ["a link from elsewhere", ({ cohorts }) => ((cohorts[1] as { link: string }).link = "22".repeat(32))],
    [
      "another beacon value",
      ({ cohorts }) => ((cohorts[0] as { beaconSignature: string }).beaconSignature = "ef".repeat(48)),
    ],
    ["another seed", ({ cohorts }) => ((cohorts[0] as { seed: string }).seed = "33".repeat(32))],
    ["a wrong count of people before", ({ cohorts }) => ((cohorts[1] as { before: number }).before = 4)],
    ["a step that goes back", ({ steps }) => ((steps[2] as { cohort: number }).cohort = 0)],
    ["a step that is missing", ({ steps }) => steps.splice(1, 1)],
  ])("tells %s", (_, change) => {
    expect(faultsOf(change)).not.toEqual([]);
  });
});
