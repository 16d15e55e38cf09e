import { DropDocument } from "../../schema/drop-document.ts";
import { DropId, SkuId } from "../../schema/ids.ts";
import type { ClosedCohort, RecordHead, SignedRoot, Snapshot } from "../../schema/line.ts";

export const OPENS_AT = Date.parse("2027-03-01T10:00:00Z");
export const ORIGIN = "https://shop.example";
export const DROP = DropId.parse("runner");
export const SKU = SkuId.parse("runner-42");
export const SEED = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

export const documentOf = (changes: Record<string, unknown> = {}) =>
  DropDocument.parse({
    id: DROP,
    name: "Runner",
    description: "One shoe & <only> one.",
    currency: "EUR",
    lobbyOpensAt: "2027-03-01T09:00:00Z",
    opensAt: "2027-03-01T10:00:00Z",
    closesAt: "2027-03-01T12:00:00Z",
    skus: [
      { id: SKU, name: "Runner, EU 42", stock: 10, priceMinor: 12_900 },
      { id: "runner-43", name: "Runner, EU 43", stock: 5, priceMinor: 12_900, perShopper: 2 },
    ],
    ...changes,
  });

export const snapshotOf = (changes: Partial<Snapshot> = {}): Snapshot => ({
  dropId: DROP,
  version: "a".repeat(64),
  atMs: OPENS_AT,
  phase: "live",
  isPaused: false,
  message: null,
  lobbyOpensAtMs: OPENS_AT - 3_600_000,
  opensAtMs: OPENS_AT,
  closesAtMs: OPENS_AT + 7_200_000,
  windowMs: 5_000,
  watermark: { cohort: -1, rank: 1 },
  standbyBefore: { cohort: -1, rank: 1 },
  isStandbyOpen: false,
  joined: 1_000,
  admitted: 0,
  rootedThrough: -1,
  revealedThrough: -1,
  waitsForBeacon: null,
  admitPerSecond: 20,
  pacePerSecond: 20,
  noShowShare: 0,
  skus: [{ skuId: SKU, stock: 10, available: 10, reserved: 0, sold: 0 }],
  soldOutAtMs: null,
  ...changes,
});

/** As if every cohort before it had as many people. */
export const cohortOf = (cohort: number, count = 1_000): ClosedCohort => ({
  cohort,
  count,
  root: SEED,
  closedAtMs: OPENS_AT + cohort * 5_000,
  beaconRound: null,
  signature: SEED + SEED,
  before: cohort * count,
  link: SEED,
  beaconSignature: null,
  seed: SEED,
  revealedAtMs: OPENS_AT + cohort * 5_000 + 40,
});

/** Of two chunks, whose ids are `chunkOf`. */
export const rootOf = (cohort: number): SignedRoot => {
  const { count, root, closedAtMs, beaconRound, signature } = cohortOf(cohort);
  return { cohort, count, chunks: [SEED, SEED], root, closedAtMs, beaconRound, signature };
};
export const chunkOf = (cohort: number, chunk: number) => new Uint8Array(32).fill(16 * cohort + chunk);

export const headOf = (changes: Partial<RecordHead> = {}): RecordHead => ({
  dropId: DROP,
  version: "a".repeat(64),
  atMs: OPENS_AT,
  commitment: {
    dropId: DROP,
    anchor: SEED,
    links: 32_767,
    publicKey: SEED,
    beacon: null,
    committedAtMs: OPENS_AT - 7_200_000,
    signature: SEED + SEED,
  },
  notes: [{ atMs: OPENS_AT - 7_200_000, what: "published", detail: "a".repeat(64) }],
  rootedThrough: -1,
  revealedThrough: -1,
  steps: 0,
  joined: 1_000,
  heldApart: 0,
  ledgers: [{ skuId: SKU, rows: 0, hash: "0".repeat(64) }],
  ...changes,
});
