import type { Snapshot } from "../../../schema/line.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result } from "../../../schema/result.ts";
import { isMarkedApart } from "../bots/mark.ts";
import type { Act } from "../edge.ts";
import { isBefore } from "../line/arithmetic.ts";
import { askAgainAfterMs } from "../line/asking.ts";
import type { TicketClaims } from "../tokens.ts";
import { type FoundPlace, findPlace } from "./find-place.ts";

export type Turn =
  | { kind: "come"; rank: number; snapshot: Snapshot }
  /** `place.standing` says why: not there yet, paused, standing by, or over. */
  | { kind: "not_yet"; place: FoundPlace };

/**
 * Whether a ticket may have a pass now: its place is admitted, its time to claim is not over (or standby is open), and the
 * line is not paused. After the end whoever was admitted may have one: for repeats of earlier writes. A ticket that is held
 * apart never may; it takes the same way through here, and is told in the form of others that it is not there yet.
 */
export async function findTurn(
  act: Act,
  ticket: TicketClaims,
): Promise<Result<Turn, Refusal<"drop_not_found" | "unavailable">>> {
  const place = { dropId: ticket.drop, ticketId: ticket.tid };
  const isHeldApart = isMarkedApart(act.edge.ticketKeys, ticket.mrk, place);
  const found = await findPlace(act, ticket);
  if (!found.ok) return found;
  const rank = rankIfCome(found.value);
  if (rank !== null && !isHeldApart) return ok({ kind: "come", rank, snapshot: found.value.snapshot });
  return ok({ kind: "not_yet", place: isHeldApart ? keptApart(act, found.value) : found.value });
}

function rankIfCome({ snapshot, standing, ticket: { cohort, ranked } }: FoundPlace): number | null {
  if (ranked === null) return null;
  if (snapshot.phase === "closed")
    return isBefore({ cohort, rank: ranked.rank }, snapshot.watermark) ? ranked.rank : null;
  const mayClaim = standing.kind === "admitted" || (standing.kind === "standby" && standing.isOpen);
  return mayClaim && !standing.isPaused ? ranked.rank : null;
}

/**
 * Up to its turn a place is told as it is: anybody can compute it. From then on, what somebody is told whose window's
 * places are still to be drawn, and to ask the more seldom the longer the drop is on.
 */
function keptApart({ edge }: Act, found: FoundPlace): FoundPlace {
  const { snapshot, standing } = found;
  if (snapshot.phase === "closed") return { ...found, standing: { kind: "over" }, retryAfterMs: null };
  if (standing.kind !== "admitted" && standing.kind !== "standby") return found;
  const nowMs = edge.clock.now();
  const drawing = { kind: "drawing", dueAtMs: null, isLate: false, chance: "possible" } as const;
  const unchangedMs = Math.max(0, nowMs - snapshot.opensAtMs);
  const retryAfterMs = askAgainAfterMs(drawing, { nowMs, unchangedMs, jitter: edge.random() });
  return { ...found, ticket: { ...found.ticket, ranked: null }, standing: drawing, retryAfterMs };
}
