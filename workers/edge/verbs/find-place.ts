import type { Snapshot } from "../../../schema/line.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import { rankOf } from "../derive.ts";
import type { Act } from "../edge.ts";
import { isBefore, type Standing, standingOf, type Ticket } from "../line/arithmetic.ts";
import { askAgainAfterMs } from "../line/asking.ts";
import type { TicketClaims } from "../tokens.ts";
import { readSnapshot } from "./read-snapshot.ts";

export type FoundPlace = {
  snapshot: Snapshot;
  ticket: Ticket;
  standing: Standing;
  /** Null: there is nothing more to ask for. */
  retryAfterMs: number | null;
};

/**
 * Where a ticket stands by the published watermark, and when to ask again. Admission is exact: it follows from the
 * snapshot and the revealed seed. Calls an object only for a snapshot or a cohort that this isolate has not seen.
 */
export async function findPlace(
  act: Act,
  claims: TicketClaims,
): Promise<Result<FoundPlace, Refusal<"drop_not_found" | "unavailable">>> {
  const read = await readSnapshot(act, claims.drop);
  if (!read.ok) return read;
  const snapshot = read.value;
  const ranked = await rankIn(act, claims, snapshot);
  if (!ranked.ok) return ranked;
  const nowMs = act.edge.clock.now();
  const ticket = { cohort: claims.coh, ranked: ranked.value };
  const standing = standingOf(ticket, snapshot, nowMs);
  const retryAfterMs = askAgainAfterMs(standing, { nowMs, unchangedMs: 0, jitter: act.edge.random() });
  return ok({ snapshot, ticket, standing, retryAfterMs });
}

/** A cohort that cannot be read is no reason to refuse somebody who waits; for whom it may be the turn, it is. */
async function rankIn(
  { edge, lifetime }: Act,
  { coh, tid }: TicketClaims,
  snapshot: Snapshot,
): Promise<Result<Ticket["ranked"], Refusal<"drop_not_found" | "unavailable">>> {
  const mayBeAdmitted = isBefore({ cohort: coh, rank: 0 }, snapshot.watermark);
  if (coh > snapshot.revealedThrough && !mayBeAdmitted) return ok(null);
  const own = await edge.cohorts.one(snapshot, coh, lifetime);
  if (own.ok && own.value !== undefined) {
    const { seed, count, before } = own.value;
    return ok({ rank: rankOf(seed, tid), count, before });
  }
  if (!mayBeAdmitted) return ok(null);
  return own.ok ? refuse({ code: "unavailable", detail: "This window's seed is not out yet." }) : own;
}
