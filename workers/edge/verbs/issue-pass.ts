import type { PassAnswer } from "../../../schema/http.ts";
import type { DropId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Refusal } from "../../../schema/rpc.ts";
import type { Act } from "../edge.ts";
import type { SessionClaims, TicketClaims } from "../tokens.ts";
import { checkTicket } from "./check-token.ts";
import { findIdentity } from "./find-identity.ts";
import { type FoundPlace, findPlace } from "./find-place.ts";

export type PassRefusal = Refusal<
  | "ticket_invalid"
  | "identity_required"
  | "not_admitted_yet"
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
  const place = await findPlace(act, ticket.value);
  if (!place.ok) return place;
  if (place.value.kind !== "admitted") return refuse(notAdmitted(place.value));
  return ok(await signPass(act, ticket.value, { rank: place.value.rank, identity: identity.value }));
}

/** Signs without looking: only for a place that `findPlace` has just found admitted, and an identity that was shown. */
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

function notAdmitted(place: Exclude<FoundPlace, { kind: "admitted" }>): PassRefusal {
  if (place.snapshot.phase === "closed") return { code: "drop_closed" };
  if (place.snapshot.phase === "sold_out") {
    return { code: "sold_out", detail: "Every unit was sold before your turn came." };
  }
  const { retryAfterMs } = place;
  if (place.kind === "gathering") {
    return {
      code: "not_admitted_yet",
      detail: "Your window has not closed yet; places in it are drawn then.",
      retryAfterMs,
    };
  }
  if (place.ahead === null) return { code: "not_admitted_yet", retryAfterMs };
  return {
    code: "not_admitted_yet",
    detail: `About ${place.ahead} (± ${place.margin}) people are before you.`,
    retryAfterMs,
  };
}
