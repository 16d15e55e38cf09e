import type { RecordHead, Snapshot } from "../../schema/line.ts";
import { roundDueAtMs } from "./beacon/rounds.ts";
import { claimableSinceMs, isPaused, isSoldOut, phaseAt, scheduleOf } from "./decide.ts";
import type { DropRow, LineStore } from "./store.ts";

/** The public picture of this moment, all of it from rows. */
export function snapshotOf(store: LineStore, drop: DropRow, atMs: number): Snapshot {
  const { record } = store;
  const { published, hand, pace } = drop;
  const { document } = published;
  const schedule = scheduleOf(document, hand);
  const { endedAtMs: _, ...times } = schedule;
  const skus = store.levels(document.skus.map((sku) => sku.id));
  const phase = drop.finishedAtMs === null ? phaseAt(schedule, isSoldOut(skus), atMs) : "closed";
  const watermark = record.watermark();
  const sinceMs = claimableSinceMs({
    nowMs: atMs,
    claimWindowMs: document.line.claimWindowMs,
    pauses: hand.pauses,
  });
  const isFree = skus.some(({ available }) => available > 0);
  return {
    dropId: document.id,
    version: published.version,
    atMs,
    phase,
    isPaused: isPaused(hand),
    message: hand.message,
    ...times,
    watermark,
    standbyBefore: record.watermarkAt(sinceMs),
    isStandbyOpen: phase === "live" && !isPaused(hand) && isFree && !hasWaiting(store),
    joined: record.joined(),
    admitted: record.admitted(watermark),
    rootedThrough: record.rootedThrough(),
    revealedThrough: record.revealedThrough(),
    waitsForBeacon: awaitedRound(store, drop),
    admitPerSecond: hand.admitPerSecond ?? document.line.admitPerSecond,
    pacePerSecond: pace.pacePerSecond,
    noShowShare: pace.noShowShare,
    skus,
    soldOutAtMs: drop.soldOutAtMs,
  };
}

/** Is there somebody past the watermark whose place is known? */
export function hasWaiting({ record }: LineStore): boolean {
  const { cohort, rank } = record.watermark();
  return record.revealedFrom(rank < 1 ? cohort : cohort + 1, 1).length > 0;
}

function awaitedRound(
  { record }: LineStore,
  { commitment: { beacon } }: DropRow,
): Snapshot["waitsForBeacon"] {
  const [next] = record.toReveal(1);
  if (!beacon || next?.beaconRound == null) return null;
  const { cohort, beaconRound: round } = next;
  return { cohort, round, dueAtMs: roundDueAtMs(beacon, round) };
}

/** The first page of the public record. */
export function recordHeadOf(store: LineStore, drop: DropRow, atMs: number): RecordHead {
  const { record, log } = store;
  return {
    dropId: drop.published.document.id,
    version: drop.published.version,
    atMs: record.dated(atMs),
    commitment: drop.commitment,
    notes: record.notes(),
    rootedThrough: record.rootedThrough(),
    revealedThrough: record.revealedThrough(),
    steps: record.lastStep()?.step ?? 0,
    joined: record.joined(),
    heldApart: log.heldApartCount(),
    ledgers: store.ledgers(),
  };
}
