import { createHash, createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { bls12_381 } from "@noble/curves/bls12-381.js";

/**
 * A drop's whole line and its public record, made with Node's own crypto from `docs/fair-line.md` and from no code of the
 * product: whatever both would get wrong alike, this does not.
 */

export const TICKETS_PER_CHUNK = 4_096;
export const COHORTS_PER_PAGE = 100;
const STEPS_PER_PAGE = 1_000;
const ROWS_PER_PAGE = 500;
export const OPENS_AT_MS = Date.parse("2027-03-01T10:00:00Z");
export const WINDOW_MS = 5_000;
const REVEAL_MS = 8_000;

export const sha256 = (...parts: (Buffer | string)[]) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};
export const ticket = (n: number) => sha256(`ticket ${n}`).toString("hex", 0, 16);

const beaconSecret = sha256("the beacon's secret").fill(0, 0, 1);
export const BEACON = {
  scheme: "bls-unchained-g1-rfc9380" as const,
  chainHash: sha256("a beacon of this test").toString("hex"),
  publicKey: Buffer.from(bls12_381.shortSignatures.getPublicKey(beaconSecret).toBytes()).toString("hex"),
  genesisAtMs: Date.parse("2027-01-01T00:00:00Z"),
  periodMs: 3_000,
};

const signatures = new Map<number, string>();

/** Signed once a round: the signature of a round is always the same one, and it takes long. */
export function beaconSignature(round: number): string {
  const signature = signatures.get(round) ?? signRound(round);
  signatures.set(round, signature);
  return signature;
}

function signRound(round: number): string {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(round));
  const suite = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";
  const message = bls12_381.shortSignatures.hash(sha256(number), suite);
  return Buffer.from(bls12_381.shortSignatures.sign(message, beaconSecret).toBytes()).toString("hex");
}

const roundFor = (closedAtMs: number) =>
  Math.ceil((closedAtMs + 2_000 - BEACON.genesisAtMs) / BEACON.periodMs) + 1;

export type Row = {
  seq: number;
  atMs: number;
  kind: string;
  ticketId: string | null;
  quantity: number;
  stock: number;
  available: number;
  reserved: number;
  sold: number;
};
export type Step = { step: number; atMs: number; cohort: number; rank: number; admitted: number };

/** One person's dealings in the ledger. */
export type Move = [kind: string, ticketId: string | null, quantity: number, atMs: number];

export type World = {
  dropId: string;
  chain: Buffer[];
  key: { publicKey: KeyObject; privateKey: KeyObject };
  hasBeacon: boolean;
  committedAtMs: number;
  /** Ids of each closed window in order of arrival. */
  logs: Map<number, string[]>;
  revealedThrough: number;
  rootedThrough: number;
  stillJoining: number;
  steps: Step[];
  ledgers: Map<string, Move[]>;
  notes: { atMs: number; what: string; detail: string }[];
  atMs: number;
  /** What a fraud changes in one window before it is signed. */
  linkOf: (cohort: number) => Buffer;
  roundOf: (closedAtMs: number) => number;
};

export const closesAtMs = (cohort: number) => OPENS_AT_MS + cohort * WINDOW_MS;
export const revealsAtMs = (cohort: number) => closesAtMs(cohort) + REVEAL_MS;

function chainOf(links: number): Buffer[] {
  const chain: Buffer[] = [];
  let link = sha256("the end of the chain");
  for (let at = links; at >= 0; at -= 1) {
    chain[at] = link;
    link = sha256(link);
  }
  return chain;
}

export function seedOf(world: World, cohort: number): Buffer {
  const randomness = world.hasBeacon
    ? sha256(Buffer.from(beaconSignature(world.roundOf(closesAtMs(cohort))), "hex"))
    : Buffer.alloc(0);
  return sha256("dropline/seed/1\n", world.linkOf(cohort), randomness);
}

export function rankIn(seed: Buffer, ticketId: string): number {
  const bits = BigInt(`0x${createHmac("sha256", seed).update(Buffer.from(ticketId, "hex")).digest("hex")}`);
  return Number(bits >> 203n) / 2 ** 53;
}

export const peopleBefore = (world: World, cohort: number) =>
  [...world.logs].reduce((sum, [at, ids]) => sum + (at < cohort ? ids.length : 0), 0);

/** Steps that let in all of window 0 in two goes, windows 1 and 3 in order, as soon as their seeds are out. */
function stepsOf(world: World): Step[] {
  const marks: [number, number, number][] = [
    [0, 0.25, revealsAtMs(0) + 100],
    [0, 1, revealsAtMs(0) + 1_100],
    [1, 1, revealsAtMs(1) + 100],
    [3, 0.5, revealsAtMs(3) + 100],
  ];
  return marks.map(([cohort, rank, atMs], at) => {
    const admitted = Math.round(peopleBefore(world, cohort) + rank * (world.logs.get(cohort)?.length ?? 0));
    return { step: at + 1, atMs, cohort, rank, admitted };
  });
}

export const newKey = () => generateKeyPairSync("ed25519");

/** Of a window, the n-th ticket in the order of admission. */
export function nth(world: World, cohort: number, n: number): string {
  const seed = seedOf(world, cohort);
  const ranked = (world.logs.get(cohort) ?? []).map((id) => ({ id, rank: rankIn(seed, id) }));
  ranked.sort((one, other) => one.rank - other.rank);
  return ranked.at(n)?.id as string;
}

/**
 * An honest drop: 4,100 people in the lobby (two chunks), 3 in window 1, nobody in window 2, 8 in window 3; window 4 is closed
 * and waits for its seed, window 5 is open. Units were reserved, sold, given back, returned, offered, and corrected by hand.
 */
export function honestWorld(hasBeacon = true): World {
  const chain = chainOf(64);
  const ids = (from: number, count: number) => Array.from({ length: count }, (_, n) => ticket(from + n));
  const world: World = {
    dropId: "spring",
    chain,
    key: newKey(),
    hasBeacon,
    committedAtMs: OPENS_AT_MS - 3_600_000,
    logs: new Map([
      [0, ids(0, 4_100)],
      [1, ids(10_000, 3)],
      [3, ids(30_000, 8)],
      [4, ids(40_000, 2)],
    ]),
    revealedThrough: 3,
    rootedThrough: 4,
    stillJoining: 5,
    steps: [],
    ledgers: new Map(),
    notes: [{ atMs: OPENS_AT_MS - 3_600_000, what: "published", detail: "v1" }],
    atMs: revealsAtMs(3) + 60_000,
    linkOf: (cohort) => chain[cohort + 1] as Buffer,
    roundOf: roundFor,
  };
  world.steps = stepsOf(world);
  const first = nth(world, 0, 0);
  const second = nth(world, 0, 1);
  const last = nth(world, 0, -1);
  const early = nth(world, 3, 0);
  const at = revealsAtMs(0) + 200;
  const late = revealsAtMs(3) + 2_000;
  world.ledgers.set("runner", [
    ["configure", null, 10, OPENS_AT_MS - 3_000_000],
    ["reserve", first, 2, at],
    ["reserve", second, 1, at + 10],
    ["commit", first, 2, at + 900],
    ["lapse", second, 1, at + 1_000],
    ["reserve", last, 1, at + 2_000],
    ["late", second, 1, at + 2_100],
    ["release", last, 1, at + 2_200],
    ["adjust", null, 3, at + 3_000],
    ["count", null, -1, at + 3_100],
    ["offer", early, 1, late],
    ["commit", early, 1, late + 100],
    ["return", first, 1, late + 200],
    ["write_off", first, 1, late + 300],
    ["reverse", early, 1, late + 400],
  ]);
  world.ledgers.set("walker", [["configure", null, 5, OPENS_AT_MS - 3_000_000]]);
  return world;
}

const MOVES: Record<string, [number, number, number, number]> = {
  configure: [1, 1, 0, 0],
  adjust: [1, 1, 0, 0],
  count: [1, 1, 0, 0],
  reserve: [0, -1, 1, 0],
  offer: [0, -1, 1, 0],
  lapse: [0, 1, -1, 0],
  release: [0, 1, -1, 0],
  give_back: [0, 1, -1, 0],
  commit: [0, 0, -1, 1],
  late: [0, -1, 0, 1],
  reverse: [0, 1, 0, -1],
  return: [0, 1, 0, -1],
  write_off: [-1, 0, 0, -1],
};

export function rowsOf(moves: readonly Move[]): Row[] {
  let [stock, available, reserved, sold] = [0, 0, 0, 0];
  return moves.map(([kind, ticketId, quantity, atMs], at) => {
    const [a, b, c, d] = MOVES[kind] as [number, number, number, number];
    stock += a * quantity;
    available += b * quantity;
    reserved += c * quantity;
    sold += d * quantity;
    return { seq: at + 1, atMs, kind, ticketId, quantity, stock, available, reserved, sold };
  });
}

export function ledgerHash(rows: readonly Row[]): string {
  let hash = Buffer.alloc(32);
  for (const row of rows) {
    const { seq, atMs, kind, ticketId, quantity, stock, available, reserved, sold } = row;
    const values = [seq, atMs, kind, ticketId ?? "none", quantity, stock, available, reserved, sold];
    hash = sha256("dropline/ledger/1\n", hash, values.join("\n")) as typeof hash;
  }
  return hash.toString("hex");
}

const signed = (world: World, ...values: (string | number)[]) =>
  sign(null, Buffer.from(values.join("\n")), world.key.privateKey).toString("hex");

export function commitmentOf(world: World) {
  const publicKey = Buffer.from(
    world.key.publicKey.export({ format: "jwk" }).x as string,
    "base64url",
  ).toString("hex");
  const anchor = (world.chain[0] as Buffer).toString("hex");
  const links = world.chain.length - 1;
  const { dropId, committedAtMs } = world;
  const beacon = world.hasBeacon ? BEACON : null;
  const named = beacon === null ? "none" : beacon.chainHash;
  const signature = signed(
    world,
    "dropline/commitment/1",
    dropId,
    anchor,
    links,
    publicKey,
    named,
    committedAtMs,
  );
  return { dropId, anchor, links, publicKey, beacon, committedAtMs, signature };
}

export function chunksOf(ids: readonly string[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < ids.length; at += TICKETS_PER_CHUNK)
    chunks.push(Buffer.from(ids.slice(at, at + TICKETS_PER_CHUNK).join(""), "hex"));
  return chunks;
}

export function signedRootOf(world: World, cohort: number) {
  const ids = world.logs.get(cohort) as string[];
  const chunks = chunksOf(ids).map((chunk) => sha256("dropline/chunk/1\n", chunk));
  const root = sha256("dropline/root/1\n", ...chunks).toString("hex");
  const closedAtMs = closesAtMs(cohort);
  const beaconRound = world.hasBeacon ? world.roundOf(closedAtMs) : null;
  const anchor = (world.chain[0] as Buffer).toString("hex");
  const signature = signed(
    world,
    "dropline/signed-root/1",
    world.dropId,
    anchor,
    cohort,
    ids.length,
    root,
    closedAtMs,
    beaconRound ?? "none",
  );
  const hashes = chunks.map((chunk) => chunk.toString("hex"));
  return { cohort, count: ids.length, chunks: hashes, root, closedAtMs, beaconRound, signature };
}

function closedCohortOf(world: World, cohort: number) {
  const { chunks: _, ...root } = signedRootOf(world, cohort);
  return {
    ...root,
    before: peopleBefore(world, cohort),
    link: world.linkOf(cohort).toString("hex"),
    beaconSignature: root.beaconRound === null ? null : beaconSignature(root.beaconRound),
    seed: seedOf(world, cohort).toString("hex"),
    revealedAtMs: revealsAtMs(cohort),
  };
}

export type ClosedCohort = ReturnType<typeof closedCohortOf>;
export type Head = ReturnType<typeof headOf>;
/** The record as a server gives it out: by path, JSON or bytes. */
export type Parts = Map<string, unknown>;

function headOf(world: World) {
  const joined = [...world.logs.values()].reduce((sum, ids) => sum + ids.length, 0) + world.stillJoining;
  return {
    dropId: world.dropId,
    version: "v1",
    atMs: world.atMs,
    commitment: commitmentOf(world),
    notes: structuredClone(world.notes),
    rootedThrough: world.rootedThrough,
    revealedThrough: world.revealedThrough,
    steps: world.steps.length,
    joined,
    heldApart: 2,
    ledgers: [...world.ledgers].map(([skuId, moves]) => {
      const rows = rowsOf(moves);
      return { skuId, rows: rows.length, hash: ledgerHash(rows) };
    }),
  };
}

function pages<Entry>(entries: readonly Entry[], perPage: number): Entry[][] {
  const all: Entry[][] = [];
  for (let at = 0; at < entries.length; at += perPage) all.push(entries.slice(at, at + perPage));
  return all;
}

/** Signs and gives out everything, as the one who holds all keys can. */
export function publish(world: World): Parts {
  const parts: Parts = new Map();
  parts.set("snapshot", { opensAtMs: OPENS_AT_MS, windowMs: WINDOW_MS, phase: "live" });
  parts.set("record", headOf(world));
  const revealed = [...world.logs.keys()].filter((cohort) => cohort <= world.revealedThrough);
  const lastPage = Math.floor(world.revealedThrough / COHORTS_PER_PAGE);
  for (let page = 0; page <= lastPage; page += 1) {
    const cohorts = revealed
      .filter((cohort) => Math.floor(cohort / COHORTS_PER_PAGE) === page)
      .map((cohort) => closedCohortOf(world, cohort));
    parts.set(`record/cohorts/${page}`, { page, isComplete: page < lastPage, cohorts });
  }
  for (const [cohort, ids] of world.logs) {
    parts.set(`record/roots/${cohort}`, signedRootOf(world, cohort));
    for (const [k, chunk] of chunksOf(ids).entries()) parts.set(`record/chunks/${cohort}/${k}`, chunk);
  }
  for (const [page, steps] of pages(structuredClone(world.steps), STEPS_PER_PAGE).entries())
    parts.set(`record/steps/${page}`, { page, isComplete: false, steps });
  for (const [skuId, moves] of world.ledgers)
    for (const [page, rows] of pages(rowsOf(moves), ROWS_PER_PAGE).entries())
      parts.set(`record/ledgers/${skuId}/${page}`, { skuId, page, isComplete: false, rows });
  return parts;
}

/** A server that gives out these parts. */
export function serve(parts: Parts): (path: string) => Promise<Uint8Array | null> {
  return async (path) => {
    const part = parts.get(path);
    if (part === undefined) return null;
    return part instanceof Uint8Array ? new Uint8Array(part) : new TextEncoder().encode(JSON.stringify(part));
  };
}
