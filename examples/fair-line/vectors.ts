// Test vectors for docs/fair-line.md: `node examples/fair-line/vectors.ts > examples/fair-line/vectors.json` (Node 22.18 or later).
// Written from that page alone, with Node's own crypto and no code of Dropline: a small second implementation to read.
import { createHash, createHmac, createPrivateKey, createPublicKey, sign } from "node:crypto";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (text: string) => Buffer.from(text, "hex");
const lines = (...values: (string | number)[]) => Buffer.from(values.join("\n"), "ascii");
function sha256(...parts: (Uint8Array | string)[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

const DROP = "spring-runner";
const SHOPPERS = Array.from({ length: 4 }, (_, n) => `shp_${String(n).repeat(32)}`);
const OPENS_AT_MS = 1_694_775_600_000;
const CLOSED_AT_MS = 1_694_775_600_500;
const LINKS = 8;

const BEACON = {
  scheme: "bls-unchained-g1-rfc9380",
  chainHash: "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
  publicKey:
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
  genesisAtMs: 1_692_803_367_000,
  periodMs: 3_000,
};
/** drand's own: published long ago. */
const ROUND = {
  round: 657_413,
  signature:
    "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b",
};

const ticketIdOf = (shopper: string) => sha256(lines("dropline/ticket/1", DROP, shopper)).subarray(0, 16);

const chain: Buffer[] = [];
const linkAt = (k: number) => chain[k] as Buffer;
chain[LINKS] = sha256("fair-line test vectors: the last link");
for (let k = LINKS - 1; k >= 0; k -= 1) chain[k] = sha256(linkAt(k + 1));

const privateSeed = sha256("fair-line test vectors: the line's key");
const privateKey = createPrivateKey({
  key: Buffer.concat([bytes("302e020100300506032b657004220420"), privateSeed]),
  format: "der",
  type: "pkcs8",
});
const publicKey = bytes(
  Buffer.from(createPublicKey(privateKey).export({ format: "jwk" }).x as string, "base64url").toString("hex"),
);
const signed = (text: Buffer) => hex(sign(null, text, privateKey));

function commitment(beacon: typeof BEACON | null) {
  const committedAtMs = OPENS_AT_MS - 86_400_000;
  const text = lines(
    "dropline/commitment/1",
    DROP,
    hex(linkAt(0)),
    LINKS,
    hex(publicKey),
    beacon === null ? "none" : beacon.chainHash,
    committedAtMs,
  );
  const fields = { dropId: DROP, anchor: hex(linkAt(0)), links: LINKS, publicKey: hex(publicKey), beacon };
  return { text, value: { ...fields, committedAtMs, signature: signed(text) } };
}

function logOf(ids: Buffer[]) {
  const chunks: Buffer[] = [];
  for (let at = 0; at < ids.length; at += 4_096) chunks.push(Buffer.concat(ids.slice(at, at + 4_096)));
  const hashes = chunks.map((chunk) => sha256("dropline/chunk/1\n", chunk));
  return { chunks, hashes, root: sha256("dropline/root/1\n", ...hashes) };
}

type Window = { cohort: number; ids: Buffer[]; closedAtMs: number; beaconRound: number | null };

function signedRoot({ cohort, ids, closedAtMs, beaconRound }: Window) {
  const { hashes, root } = logOf(ids);
  const text = lines(
    "dropline/signed-root/1",
    DROP,
    hex(linkAt(0)),
    cohort,
    ids.length,
    hex(root),
    closedAtMs,
    beaconRound ?? "none",
  );
  const fields = { cohort, count: ids.length, chunks: hashes.map(hex), root: hex(root) };
  return { text, value: { ...fields, closedAtMs, beaconRound, signature: signed(text) } };
}

const dueAtMs = (round: number) => BEACON.genesisAtMs + (round - 1) * BEACON.periodMs;
const firstRoundFrom = (atMs: number) =>
  Math.max(1, 1 + Math.ceil((atMs - BEACON.genesisAtMs) / BEACON.periodMs));

const seedOf = (link: Buffer, randomness: Buffer) => sha256("dropline/seed/1\n", link, randomness);

function rankOf(seed: Buffer, ticketId: Buffer) {
  const mac = createHmac("sha256", seed).update(ticketId).digest();
  const bits = mac.readBigUInt64BE(0) >> 11n;
  return { mac: hex(mac), bits: String(bits), rank: Number(bits) / 2 ** 53 };
}

type Row = {
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

function ledgerOf(rows: Row[]) {
  let hash: Buffer = Buffer.alloc(32);
  return rows.map((row) => {
    const { seq, atMs, kind, ticketId, quantity, stock, available, reserved, sold } = row;
    const text = lines(seq, atMs, kind, ticketId ?? "none", quantity, stock, available, reserved, sold);
    hash = sha256("dropline/ledger/1\n", hash, text);
    return { row, text: text.toString(), hash: hex(hash) };
  });
}

/** Every vector, and one small record that holds: a lobby of four, of whom two are admitted and one buys. */
export function vectors() {
  const tickets = SHOPPERS.map((shopper) => ({
    drop: DROP,
    shopper,
    ticketId: hex(ticketIdOf(shopper)),
  }));
  const ids = tickets.map(({ ticketId }) => bytes(ticketId));
  const many = Array.from({ length: 4_100 }, (_, n) => sha256(`ticket ${n}`).subarray(0, 16));
  const long = logOf(many);
  const randomness = sha256(bytes(ROUND.signature));
  const seed = seedOf(linkAt(1), randomness);
  const ranks = tickets.map(({ ticketId }) => ({ ticketId, ...rankOf(seed, bytes(ticketId)) }));
  const order = ranks.toSorted((one, other) => one.rank - other.rank).map(({ ticketId }) => ticketId);

  const withBeacon = commitment(BEACON);
  const lobby = signedRoot({ cohort: 0, ids, closedAtMs: CLOSED_AT_MS, beaconRound: ROUND.round });
  const without = signedRoot({ cohort: 7, ids, closedAtMs: CLOSED_AT_MS, beaconRound: null });
  const revealedAtMs = dueAtMs(ROUND.round) + 400;
  const steps = [{ step: 1, atMs: revealedAtMs + 100, cohort: 0, rank: 0.5, admitted: 2 }];
  const isIn = ({ rank }: { rank: number }) => rank < 0.5;
  const buyer = ranks.find(isIn)?.ticketId ?? null;
  const at = revealedAtMs + 1_000;
  const ledger = ledgerOf([
    {
      seq: 1,
      atMs: OPENS_AT_MS - 9_000,
      kind: "configure",
      ticketId: null,
      quantity: 5,
      stock: 5,
      available: 5,
      reserved: 0,
      sold: 0,
    },
    {
      seq: 2,
      atMs: at,
      kind: "reserve",
      ticketId: buyer,
      quantity: 2,
      stock: 5,
      available: 3,
      reserved: 2,
      sold: 0,
    },
    {
      seq: 3,
      atMs: at + 700,
      kind: "commit",
      ticketId: buyer,
      quantity: 2,
      stock: 5,
      available: 3,
      reserved: 0,
      sold: 2,
    },
    {
      seq: 4,
      atMs: at + 900,
      kind: "count",
      ticketId: null,
      quantity: -1,
      stock: 4,
      available: 2,
      reserved: 0,
      sold: 2,
    },
  ]);
  const { chunks: _, ...root } = lobby.value;
  const closed = {
    ...root,
    before: 0,
    link: hex(linkAt(1)),
    beaconSignature: ROUND.signature,
    seed: hex(seed),
    revealedAtMs,
  };
  const head = {
    dropId: DROP,
    version: "1",
    atMs: at + 5_000,
    commitment: withBeacon.value,
    notes: [{ atMs: OPENS_AT_MS - 86_400_000, what: "published", detail: "1" }],
    rootedThrough: 0,
    revealedThrough: 0,
    steps: steps.length,
    joined: 4,
    heldApart: 0,
    ledgers: [{ skuId: "runner", rows: ledger.length, hash: ledger.at(-1)?.hash }],
  };
  return {
    tickets,
    chain: { links: LINKS, link: chain.map(hex) },
    key: { privateSeed: hex(privateSeed), publicKey: hex(publicKey) },
    commitments: [withBeacon, commitment(null)].map(({ text, value }) => ({ text: text.toString(), value })),
    logs: [
      { ids: "the four tickets above", ...said(logOf(ids)) },
      { ids: 'first 16 bytes of SHA-256("ticket n"), n from 0 to 4099', ...said(long) },
    ],
    roots: [lobby, without].map(({ text, value }) => ({ text: text.toString(), value })),
    beacon: {
      ...ROUND,
      dueAtMs: dueAtMs(ROUND.round),
      randomness: hex(randomness),
      firstRounds: [-3_000, -2_001, -2_000, -1_999, 0].map((ms) => {
        const closedAtMs = dueAtMs(ROUND.round) + ms;
        return { closedAtMs, round: firstRoundFrom(closedAtMs + 2_000) };
      }),
    },
    seeds: [
      { link: hex(linkAt(1)), randomness: hex(randomness), seed: hex(seed) },
      { link: hex(linkAt(1)), randomness: "", seed: hex(seedOf(linkAt(1), Buffer.alloc(0))) },
    ],
    ranks: { seed: hex(seed), ranks, order },
    ledger,
    record: {
      snapshot: { opensAtMs: OPENS_AT_MS, windowMs: 5_000 },
      record: head,
      "record/cohorts/0": { page: 0, isComplete: false, cohorts: [closed] },
      "record/roots/0": lobby.value,
      "record/chunks/0/0": { hex: hex(Buffer.concat(ids)) },
      "record/steps/0": { page: 0, isComplete: false, steps },
      "record/ledgers/runner/0": {
        skuId: "runner",
        page: 0,
        isComplete: false,
        rows: ledger.map(({ row }) => row),
      },
    },
  };
}

const said = ({ hashes, root }: ReturnType<typeof logOf>) => ({ chunks: hashes.map(hex), root: hex(root) });

if (process.argv[1] !== undefined && import.meta.filename === process.argv[1])
  process.stdout.write(`${JSON.stringify(vectors(), null, 2)}\n`);
