import { createHash, createPublicKey, verify } from "node:crypto";

/**
 * The line a second time, written from the contract's bytes alone: it shares no code with the product, so that a mistake made
 * there is not made here too. It reads what the public record serves, as JSON and raw bytes, and says in which order people
 * had to be admitted and at which step each was.
 */

type Hex = string;
export type PublicRecord = {
  commitment: {
    dropId: string;
    anchor: Hex;
    links: number;
    publicKey: Hex;
    beacon: { chainHash: Hex } | null;
    committedAtMs: number;
    signature: Hex;
  };
  roots: {
    cohort: number;
    count: number;
    chunks: Hex[];
    root: Hex;
    closedAtMs: number;
    beaconRound: number | null;
    signature: Hex;
  }[];
  cohorts: {
    cohort: number;
    count: number;
    before: number;
    link: Hex;
    beaconSignature: Hex | null;
    seed: Hex;
  }[];
  /** Of each cohort in `roots`, in order. */
  chunks: Uint8Array[][];
  steps: { step: number; atMs: number; cohort: number; rank: number; admitted: number }[];
};

/** `ids`: 16 bytes each, in the order of admission. `steps`: the step's number that let each in; 0: none has. */
export type Admissions = { ids: Uint8Array; steps: Uint32Array };
export type SecondOpinion = Admissions & { faults: string[] };

const ID = 16;
const HASH = 32;
const RANK_BITS = 53;

/** Every check of the record that needs no network, and the admissions that follow from it. */
export function secondOpinion(record: PublicRecord): SecondOpinion {
  const faults: string[] = [];
  const complain = (what: string) => {
    if (faults.length < 20) faults.push(what);
  };
  checkCommitment(record, complain);
  checkRoots(record, complain);
  const ordered = order(record, complain);
  const steps = admit(record, ordered, complain);
  return { ids: ordered.ids, steps, faults };
}

type Complain = (what: string) => void;

function sha256(...parts: (string | Uint8Array)[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** RFC 2104, spelled out. */
function hmac(key: Uint8Array, message: Uint8Array): Buffer {
  const inner = Buffer.alloc(64, 0x36);
  const outer = Buffer.alloc(64, 0x5c);
  for (const [at, byte] of key.entries()) {
    inner[at] = 0x36 ^ byte;
    outer[at] = 0x5c ^ byte;
  }
  return sha256(outer, sha256(inner, message));
}

function isSigned(publicKey: Hex, words: (string | number)[], signature: Hex): boolean {
  // RFC 8410: an Ed25519 key in DER is these twelve bytes and the key.
  const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), Buffer.from(publicKey, "hex")]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  return verify(null, Buffer.from(words.join("\n"), "ascii"), key, Buffer.from(signature, "hex"));
}

function checkCommitment({ commitment }: PublicRecord, complain: Complain): void {
  const { dropId, anchor, links, publicKey, beacon, committedAtMs, signature } = commitment;
  const said = beacon === null ? "none" : beacon.chainHash;
  const words = ["dropline/commitment/1", dropId, anchor, links, publicKey, said, committedAtMs];
  if (!isSigned(publicKey, words, signature)) complain("the commitment is not signed by its key");
}

function checkRoots({ commitment, roots, chunks }: PublicRecord, complain: Complain): void {
  const { dropId, anchor, publicKey } = commitment;
  for (const [
    at,
    { cohort, count, chunks: told, root, closedAtMs, beaconRound, signature },
  ] of roots.entries()) {
    const logged = chunks[at] ?? [];
    const hashes = logged.map((chunk) => sha256("dropline/chunk/1\n", chunk));
    if (hashes.map((hash) => hash.toString("hex")).join() !== told.join())
      complain(`cohort ${cohort}: its chunks are not those of its root`);
    if (sha256("dropline/root/1\n", ...hashes).toString("hex") !== root)
      complain(`cohort ${cohort}: its root does not follow from its chunks`);
    if (logged.reduce((bytes, chunk) => bytes + chunk.byteLength, 0) !== count * ID)
      complain(`cohort ${cohort}: its log does not hold ${count} ids`);
    const round = beaconRound === null ? "none" : beaconRound;
    const words = ["dropline/signed-root/1", dropId, anchor, cohort, count, root, closedAtMs, round];
    if (!isSigned(publicKey, words, signature)) complain(`cohort ${cohort}: its root is not signed`);
  }
}

type Ordered = {
  ids: Uint8Array;
  /** Of each person in that order: their cohort and rank. */
  cohorts: Uint16Array;
  ranks: Float64Array;
};

/** Cohort after cohort, by rank in each. Faults where a seed is not what the chain, or the beacon, makes it. */
function order({ commitment, roots, cohorts, chunks }: PublicRecord, complain: Complain): Ordered {
  const people = cohorts.reduce((total, { count }) => total + count, 0);
  const all: Ordered = {
    ids: new Uint8Array(people * ID),
    cohorts: new Uint16Array(people),
    ranks: new Float64Array(people),
  };
  const logs = new Map(roots.map(({ cohort }, at) => [cohort, chunks[at] ?? []]));
  let [known, position] = [Buffer.from(commitment.anchor, "hex"), 0];
  let place = 0;
  for (const { cohort, count, before, link, beaconSignature, seed } of cohorts) {
    if (before !== place) complain(`cohort ${cohort}: ${place} people are before it, not ${before}`);
    const wanted = known.toString("hex");
    let walked = Buffer.from(link, "hex");
    for (let left = cohort + 1 - position; left > 0; left--) walked = sha256(walked);
    if (walked.toString("hex") !== wanted) complain(`cohort ${cohort}: its link does not lead to the anchor`);
    [known, position] = [Buffer.from(link, "hex"), cohort + 1];
    if ((commitment.beacon === null) !== (beaconSignature === null))
      complain(`cohort ${cohort}: the beacon was announced and is missing, or the other way round`);
    const round = beaconSignature === null ? new Uint8Array(0) : sha256(Buffer.from(beaconSignature, "hex"));
    const key = sha256("dropline/seed/1\n", known, round);
    if (key.toString("hex") !== seed)
      complain(`cohort ${cohort}: its seed does not follow from link and beacon`);
    place = rankInto(all, place, { cohort, key, log: logs.get(cohort) ?? [], count });
  }
  return all;
}

type Cohort = { cohort: number; key: Buffer; log: Uint8Array[]; count: number };

function rankInto(all: Ordered, from: number, { cohort, key, log, count }: Cohort): number {
  const ids = Buffer.concat(log);
  const people = Array.from({ length: count }, (_, at) => {
    const mac = hmac(key, ids.subarray(at * ID, at * ID + ID));
    return { at, rank: Number(BigInt(`0x${mac.toString("hex", 0, HASH / 4)}`) >> BigInt(64 - RANK_BITS)) };
  });
  people.sort((one, other) => one.rank - other.rank);
  for (const [offset, { at, rank }] of people.entries()) {
    all.ids.set(ids.subarray(at * ID, at * ID + ID), (from + offset) * ID);
    all.cohorts[from + offset] = cohort;
    all.ranks[from + offset] = rank / 2 ** RANK_BITS;
  }
  return from + count;
}

/** Steps only go forward, and each lets in whoever lies strictly before it. */
function admit({ steps }: PublicRecord, { cohorts, ranks }: Ordered, complain: Complain): Uint32Array {
  const at = new Uint32Array(cohorts.length);
  let next = 0;
  let before = { cohort: -1, rank: 1 };
  for (const [index, step] of steps.entries()) {
    if (step.step !== index + 1) complain(`step ${index + 1} is missing`);
    const isForward =
      step.cohort > before.cohort || (step.cohort === before.cohort && step.rank > before.rank);
    if (!isForward) complain(`step ${step.step} does not go forward`);
    before = step;
    while (next < at.length) {
      const [cohort = 0, rank = 0] = [cohorts[next], ranks[next]];
      if (cohort > step.cohort || (cohort === step.cohort && rank >= step.rank)) break;
      at[next] = step.step;
      next += 1;
    }
  }
  return at;
}
