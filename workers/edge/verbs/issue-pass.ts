import type { PassAnswer } from "../../../schema/http.ts";
import type { DropId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";
import type { SessionClaims, TicketClaims } from "../tokens.ts";
import { checkTicket } from "./check-token.ts";
import { findIdentity } from "./find-identity.ts";
import type { FoundPlace } from "./find-place.ts";
import { findTurn } from "./find-turn.ts";

export type PassRefusal = Refusal<
  | "ticket_invalid"
  | "identity_required"
  | "not_admitted_yet"
  | "standing_by"
  | "drop_paused"
  | "sold_out"
  | "drop_closed"
  | "drop_not_found"
  | "unavailable"
>;

/**
 * Proof of admission, for whom the published watermark has passed, and for nobody else. Stores nothing; a repeat is a
 * fresh pass. It carries whom the drop's limits count, at the strength that the drop declares. Whoever was admitted gets one even after the end: a repeat of an earlier write must reach its object.
 */
export async function issuePass(
  act: Act,
  asked: { dropId: DropId; session: SessionClaims; ticket: string },
): Promise<Result<PassAnswer, PassRefusal>> {
  const { dropId, session } = asked;
  const ticket = await checkTicket(act, asked.ticket, { dropId, shopperId: session.sub });
  if (!ticket.ok) return ticket;
  const identity = await findIdentity(act, dropId, session);
  if (!identity.ok) return identity;
  const turn = await findTurn(act, ticket.value);
  if (!turn.ok) return turn;
  if (turn.value.kind !== "come") return refuse(notYet(turn.value.place));
  return ok(await signPass(act, ticket.value, { rank: turn.value.rank, identity: identity.value }));
}

/** Signs without looking: only for a ticket whose turn `findTurn` has just found come, and an identity that was shown. */
export async function signPass(
  { edge }: Act,
  ticket: TicketClaims,
  { rank, identity }: { rank: number; identity: string },
): Promise<PassAnswer> {
  const { sub, drop, tid, coh } = ticket;
  const claims = { sub, drop, tid, coh, rnk: rank, ims: edge.clock.now(), idn: identity };
  const { token, issuedAtMs, expiresAtMs } = await edge.tokens.pass.sign(claims, LIMITS.passTtlMs);
  return { pass: token, cohort: coh, rank, issuedAtMs, expiresAtMs };
}

function notYet({ snapshot, standing, retryAfterMs: afterMs }: FoundPlace): PassRefusal {
  const again = afterMs === null ? {} : { retryAfterMs: afterMs };
  if (snapshot.phase === "closed") return { code: "drop_closed" };
  const hasCome = standing.kind === "admitted" || (standing.kind === "standby" && standing.isOpen);
  if (hasCome && standing.isPaused) return { code: "drop_paused", ...again };
  if (snapshot.phase === "sold_out")
    return { code: "sold_out", detail: "Every unit was sold before your turn came." };
  switch (standing.kind) {
    case "standby":
      return { code: "standing_by", ...again };
    case "gathering":
      return {
        code: "not_admitted_yet",
        detail: "Your window has not closed yet; places in it are drawn then.",
        ...again,
      };
    case "waiting":
      return {
        code: "not_admitted_yet",
        detail: `About ${standing.ahead} (± ${standing.aheadMargin}) people are before you.`,
        ...again,
      };
    default:
      return { code: "not_admitted_yet", detail: "The places of your window are being drawn.", ...again };
  }
}
