import { isAdmitted } from "../../schema/line.ts";
import type { PaymentsBacklog } from "../../schema/rpc/payments.ts";
import { advance, cohortEndMs, isPaused, isSoldOut, phaseAt, scheduleOf } from "./decide.ts";
import type { LineDeps } from "./deps.ts";
import { afterRelease, nextPace } from "./pace.ts";
import { signRoot } from "./proof/commit.ts";
import type { DropRow, LineStore } from "./store.ts";

/** Closes the cohorts that are due, each with its root; folds the log; ends the line that is over. A repeat does nothing. */
export function closeDue({ store, nowMs }: LineDeps): void {
  const drop = store.drop();
  if (!drop) return;
  const atMs = nowMs();
  const schedule = scheduleOf(drop.published.document, drop.hand);
  store.atomically(() => {
    for (const { cohort } of store.record.open()) {
      store.log.fold(cohort);
      if (cohortEndMs(schedule, cohort) <= atMs) closeCohort(store, drop, cohort, atMs);
    }
    store.log.foldHeldApart();
    const isOver = drop.finishedAtMs === null && atMs >= schedule.closesAtMs;
    if (isOver && store.record.open().length === 0) store.finish(atMs);
  });
}

function closeCohort(store: LineStore, { commitment }: DropRow, cohort: number, closedAtMs: number): void {
  const secrets = store.secrets();
  if (!secrets) throw new Error("a line without its key");
  const chunks = store.log.chunks(cohort);
  const datedMs = Math.max(store.record.dated(closedAtMs), commitment.committedAtMs);
  store.record.close(signRoot(secrets, commitment, { cohort, chunks, closedAtMs: datedMs }));
}

/**
 * Lets in as many people as the pace allows, over cohorts whose seeds are out and over no others. To be called at each tick,
 * and when a line is paused or resumed.
 */
export function admit({ store, nowMs }: LineDeps, backlog: PaymentsBacklog | null): void {
  const drop = store.drop();
  if (!drop) return;
  const { document } = drop.published;
  const atMs = nowMs();
  const levels = store.levels(document.skus.map((sku) => sku.id));
  const { pace, release } = nextPace(drop.pace, {
    nowMs: atMs,
    admitPerSecond: drop.hand.admitPerSecond ?? document.line.admitPerSecond,
    claimWindowMs: document.line.claimWindowMs,
    arrived: store.ticketsSeen(),
    // With a waiting list people have something to come for when nothing is free: their place on it.
    free: document.waitingList.isOpen
      ? Number.MAX_SAFE_INTEGER
      : levels.reduce((units, { available }) => units + available, 0),
    backlog,
    isOpen: isOpen(store, drop, atMs),
  });
  const from = store.record.watermark();
  const { watermark, admitted } = advance(from, store.record.revealedFrom(from.cohort), release);
  store.atomically(() => {
    // A fraction of a person may be too little to move a rank at all.
    if (isAdmitted(from, watermark)) store.record.writeStep(watermark, atMs);
    store.writePace(release > 0 ? afterRelease(pace, { release, admitted }) : pace);
  });
}

/** Live, not paused, and something may still be had. */
export function isOpen(store: LineStore, { published, hand, finishedAtMs }: DropRow, atMs: number): boolean {
  if (finishedAtMs !== null || isPaused(hand)) return false;
  const levels = store.levels(published.document.skus.map((sku) => sku.id));
  return phaseAt(scheduleOf(published.document, hand), isSoldOut(levels), atMs) === "live";
}
