import * as z from "zod";
import { DropId, SkuId } from "./ids.ts";
import { LIMITS, RANGES } from "./limits.ts";
import { DropPhase, LEDGER_KINDS } from "./statuses.ts";

/** The (cohort, rank) up to which the line has been admitted: everybody before it in this order may pass. */
export const Watermark = z.object({ cohort: z.int().min(-1), rank: z.number().min(0).max(1) });
export type Watermark = z.infer<typeof Watermark>;

/** A place is admitted when it lies strictly before the watermark. Ranks are in [0, 1), so rank 1 admits all. */
export function isAdmitted(place: { cohort: number; rank: number }, watermark: Watermark): boolean {
  if (place.cohort !== watermark.cohort) return place.cohort < watermark.cohort;
  return place.rank < watermark.rank;
}

/** Units of one SKU, as told to the line. `stock = available + reserved + sold`. */
export const SkuLevel = z.object({
  skuId: SkuId,
  stock: z.int(),
  available: z.int(),
  reserved: z.int(),
  sold: z.int(),
});
export type SkuLevel = z.infer<typeof SkuLevel>;

/** Bytes in lower-case hex, of a fixed count. */
const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `${bytes} bytes in hex`);

/** The public beacon that a line mixes into its seeds: drand's unchained scheme on G1. Round r comes at `genesisAtMs + (r - 1) * periodMs`. */
export const Beacon = z.object({
  scheme: z.literal("bls-unchained-g1-rfc9380"),
  chainHash: hex(32),
  publicKey: hex(96),
  genesisAtMs: z.int(),
  periodMs: z.int().min(1),
});
export type Beacon = z.infer<typeof Beacon>;

/** What a relay tells of one round. Relays add fields, among them the random value: it follows from the signature, and is not taken from them. */
export const BeaconAnswer = z.object({ round: z.int().min(1), signature: hex(48) });

/**
 * What a line is bound to before anybody joins: the start of its hash chain, how many links that has, the key that signs
 * its roots (Ed25519, raw), and the beacon, or null when the drop goes without. Bytes signed: `commitmentBytes`.
 */
export const Commitment = z.object({
  dropId: DropId,
  anchor: hex(32),
  links: z.int().min(1),
  publicKey: hex(32),
  beacon: Beacon.nullable(),
  committedAtMs: z.int(),
  signature: hex(64),
});
export type Commitment = z.infer<typeof Commitment>;

/** The root of a closed cohort, published before its seed exists. Never changes. Bytes signed: `rootBytes`. */
export const SignedRoot = z.object({
  cohort: z.int().min(0),
  count: z.int().min(1),
  /** Hash of each chunk of its log, in order. */
  chunks: z.array(hex(32)).min(1),
  root: hex(32),
  closedAtMs: z.int(),
  /** The beacon's round that its seed takes; null: none. */
  beaconRound: z.int().nullable(),
  signature: hex(64),
});
export type SignedRoot = z.infer<typeof SignedRoot>;

/** A cohort whose seed is out: immutable from then on. A number without an entry had nobody in it. */
export const ClosedCohort = SignedRoot.omit({ chunks: true }).extend({
  /** People in earlier cohorts. */
  before: z.int().min(0),
  /** Link `cohort + 1` of the chain. */
  link: hex(32),
  /** The beacon's signature of `beaconRound`; null: the drop goes without. */
  beaconSignature: hex(48).nullable(),
  seed: hex(32),
  revealedAtMs: z.int(),
});
export type ClosedCohort = z.infer<typeof ClosedCohort>;

/** The small public picture of a drop, the same for everybody, about 1 KB. Times are milliseconds since 1970. */
export const Snapshot = z.object({
  dropId: DropId,
  version: z.string(),
  /** When it was taken: its age is now less this. */
  atMs: z.int(),
  phase: DropPhase,
  /** Nobody is admitted and nothing new reserved until it is resumed; what is held can be paid for. */
  isPaused: z.boolean(),
  /** From the brand to those who wait. */
  message: z.string().nullable(),
  lobbyOpensAtMs: z.int(),
  opensAtMs: z.int(),
  closesAtMs: z.int(),
  windowMs: z.int(),
  watermark: Watermark,
  /** Places before it had their pass for the stated time; they may claim one while `isStandbyOpen`. */
  standbyBefore: Watermark,
  isStandbyOpen: z.boolean(),
  /** People in the log, and people before the watermark (an expectation: ranks are uniform). */
  joined: z.int(),
  admitted: z.int(),
  /** The last cohort whose root is published, and the last whose seed is out; -1: none. Every cohort up to it is closed. */
  rootedThrough: z.int().min(-1),
  revealedThrough: z.int().min(-1),
  /** What admission waits for, while a beacon is late or still to come. */
  waitsForBeacon: z.object({ cohort: z.int(), round: z.int(), dueAtMs: z.int() }).nullable(),
  /** People that are to arrive a second; people admitted a second just now, smoothed, with those who will not turn up. */
  admitPerSecond: z.int(),
  pacePerSecond: z.number(),
  /** The part of those admitted who do not turn up, smoothed, in [0, 1). */
  noShowShare: z.number(),
  skus: z.array(SkuLevel),
  soldOutAtMs: z.int().nullable(),
});
export type Snapshot = z.infer<typeof Snapshot>;

/** One step of the watermark; steps never go back, and are numbered from 1. `admitted`: people before it, an expectation. */
export const WatermarkStep = z.object({
  step: z.int().min(1),
  atMs: z.int(),
  cohort: z.int(),
  rank: z.number(),
  admitted: z.int(),
});
export type WatermarkStep = z.infer<typeof WatermarkStep>;

/** The head of one SKU's stock ledger: its last row's number and the hash over all of them (`ledgerRowBytes`). */
export const LedgerHead = z.object({ skuId: SkuId, rows: z.int().min(0), hash: hex(32) });
export type LedgerHead = z.infer<typeof LedgerHead>;

/** Who published what when, and what was done by hand: none of it can move a place, and all of it shows. */
export const LineNote = z.object({
  atMs: z.int(),
  what: z.enum(["published", "paused", "resumed", "opened", "ended", "paced"]),
  /** Of a publication: the version; of a pace: people a second; else empty. */
  detail: z.string().max(100),
});
export type LineNote = z.infer<typeof LineNote>;

/** What an operator may do to a line by hand. `open`: start now instead of at `opensAt`; `end`: close now instead of at `closesAt`. */
export const LineAct = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("pause") }),
  z.strictObject({ kind: z.literal("resume") }),
  z.strictObject({ kind: z.literal("open") }),
  z.strictObject({ kind: z.literal("end") }),
  /** Null takes the message away. */
  z.strictObject({
    kind: z.literal("say"),
    message: z.string().trim().min(1).max(LIMITS.lineMessageMaxChars).nullable(),
  }),
  /** Null: as the document says. */
  z.strictObject({
    kind: z.literal("pace"),
    admitPerSecond: z.int().min(RANGES.admitPerSecond[0]).max(RANGES.admitPerSecond[2]).nullable(),
  }),
]);
export type LineAct = z.infer<typeof LineAct>;

/** The public record's first page: what everything else is checked against, and how much of it there is. */
export const RecordHead = z.object({
  dropId: DropId,
  version: z.string(),
  atMs: z.int(),
  commitment: Commitment,
  notes: z.array(LineNote),
  rootedThrough: z.int().min(-1),
  revealedThrough: z.int().min(-1),
  steps: z.int().min(0),
  joined: z.int(),
  /**
   * Tickets that stand in the log, and whose holders were judged to be bots: they get no pass. Null until the drop has ended:
   * whoever could watch the count while joining would see how each join was judged.
   */
  heldApart: z.int().nullable(),
  ledgers: z.array(LedgerHead),
});
export type RecordHead = z.infer<typeof RecordHead>;

/** Page p: the revealed cohorts numbered p * `cohortsPerPage` and on. Complete: it never changes again. */
export const CohortPage = z.object({
  page: z.int(),
  isComplete: z.boolean(),
  cohorts: z.array(ClosedCohort),
});
export type CohortPage = z.infer<typeof CohortPage>;
/** Page p: steps numbered p * `stepsPerPage` + 1 and on. */
export const StepPage = z.object({ page: z.int(), isComplete: z.boolean(), steps: z.array(WatermarkStep) });
export type StepPage = z.infer<typeof StepPage>;

/** One row of a SKU's ledger as the public sees it. No ticket: units that were moved by hand. */
export const PublicLedgerRow = z.object({
  seq: z.int().min(1),
  atMs: z.int(),
  kind: z.enum(LEDGER_KINDS),
  ticketId: z.string().nullable(),
  quantity: z.int(),
  stock: z.int(),
  available: z.int(),
  reserved: z.int(),
  sold: z.int(),
});
export type PublicLedgerRow = z.infer<typeof PublicLedgerRow>;
export const LedgerPage = z.object({
  skuId: SkuId,
  page: z.int(),
  isComplete: z.boolean(),
  rows: z.array(PublicLedgerRow),
});
export type LedgerPage = z.infer<typeof LedgerPage>;

/** Where KV has the parts of the record that never change. A hint that saves calls: the object's rows are the truth. */
export const recordKeys = {
  root: (dropId: DropId, cohort: number) => `root/${dropId}/${cohort}`,
  chunk: (dropId: DropId, cohort: number, chunk: number) => `chunk/${dropId}/${cohort}/${chunk}`,
  cohorts: (dropId: DropId, page: number) => `cohorts/${dropId}/${page}`,
  steps: (dropId: DropId, page: number) => `steps/${dropId}/${page}`,
} as const;
