import type { Snapshot } from "../../../schema/line.ts";
import { isAdmitted } from "../../../schema/line.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Refusal } from "../../../schema/rpc.ts";
import { rankOf } from "../derive.ts";
import type { Act } from "../edge.ts";
import {
  askAfterCloseMs,
  askAgainAfterMs,
  canBeAdmitted,
  cohortClosesAtMs,
  peopleAhead,
} from "../line-place.ts";
import type { TicketClaims } from "../tokens.ts";
import { readSnapshot } from "./read-snapshot.ts";

export type FoundPlace = { snapshot: Snapshot } & (
  | { kind: "admitted"; rank: number }
  /** Its cohort has not closed: nobody in it has a place yet. */
  | { kind: "gathering"; closesAtMs: number; retryAfterMs: number }
  /** `ahead` is null while too little is known to say; the order is exact, the count an estimate. */
  | { kind: "waiting"; ahead: number | null; margin: number; waitMs: number | null; retryAfterMs: number }
);

/**
 * Where a ticket stands by the published watermark, and when to ask again. Admission is exact: it follows from the
 * snapshot and the revealed seed. Calls an object only for a snapshot or a cohort that this isolate has not seen.
 */
export async function findPlace(
  act: Act,
  ticket: TicketClaims,
): Promise<Result<FoundPlace, Refusal<"drop_not_found" | "unavailable">>> {
  const read = await readSnapshot(act, ticket.drop);
  if (!read.ok) return read;
  const snapshot = read.value;
  if (canBeAdmitted(ticket.coh, snapshot)) {
    const rank = await rankIn(act, ticket);
    if (!rank.ok) return rank;
    if (isAdmitted({ cohort: ticket.coh, rank: rank.value }, snapshot.watermark)) {
      return ok({ kind: "admitted", rank: rank.value, snapshot });
    }
  }
  const now = act.edge.clock.now();
  const closesAtMs = cohortClosesAtMs(ticket.coh, snapshot);
  if (closesAtMs > now && ticket.coh > snapshot.watermark.cohort) {
    const retryAfterMs = askAfterCloseMs(closesAtMs - now, act.edge.random());
    return ok({ kind: "gathering", closesAtMs, retryAfterMs, snapshot });
  }
  return ok({ ...(await waitOf(act, ticket, snapshot)), snapshot });
}

async function rankIn(
  act: Act,
  ticket: TicketClaims,
): Promise<Result<number, Refusal<"drop_not_found" | "unavailable">>> {
  const closed = await act.edge.cohorts.one(ticket.drop, ticket.coh, act.lifetime);
  if (!closed.ok) return closed;
  if (closed.value === undefined)
    return refuse({ code: "unavailable", detail: "This window's seed is not out yet." });
  return ok(rankOf(closed.value.seed, ticket.tid));
}

/** An estimate that fails is no reason to refuse: the place is then told as not known yet. */
async function waitOf(act: Act, ticket: TicketClaims, snapshot: Snapshot) {
  const jitter = act.edge.random();
  const first = Math.max(0, snapshot.watermark.cohort);
  const closed = await act.edge.cohorts.between(ticket.drop, first, ticket.coh, act.lifetime);
  const own = closed.ok ? closed.value?.find(({ cohort }) => cohort === ticket.coh) : undefined;
  if (!closed.ok || closed.value === undefined || own === undefined) {
    const waitMs = (Math.max(0, snapshot.joined - snapshot.admitted) / snapshot.admitPerSecond) * 1_000;
    const retryAfterMs = askAgainAfterMs(waitMs, jitter);
    return { kind: "waiting", ahead: null, margin: 0, waitMs: null, retryAfterMs } as const;
  }
  const place = { cohort: ticket.coh, rank: rankOf(own.seed, ticket.tid) };
  const { ahead, margin } = peopleAhead(place, snapshot, closed.value);
  const waitMs = (ahead / snapshot.admitPerSecond) * 1_000;
  return { kind: "waiting", ahead, margin, waitMs, retryAfterMs: askAgainAfterMs(waitMs, jitter) } as const;
}
