import type { JoinRequest, TicketAnswer } from "../../../schema/http.ts";
import type { DropId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { JoinedPlace, Refusal } from "../../../schema/rpc.ts";
import { markOf } from "../bots/mark.ts";
import type { Shown } from "../bots/rules.ts";
import { ticketIdOf } from "../derive.ts";
import type { Act } from "../edge.ts";
import { addressKey } from "../identity/address-key.ts";
import { exhausted } from "../openapi/rate-limits.ts";
import type { SessionClaims } from "../tokens.ts";
import { meetChallenge } from "./meet-challenge.ts";

type Asked = {
  dropId: DropId;
  session: SessionClaims;
  address: string | undefined;
  /** What the client's requests look like (`bots/session-print.ts`). */
  readonly print: string;
  readonly origin: string;
  request: JoinRequest;
};
type JoinRefusal = Refusal<
  "drop_not_found" | "drop_not_open" | "drop_closed" | "challenge_required" | "rate_limited" | "unavailable"
>;

/**
 * Puts a shopper into the line and signs the ticket once the queue has the id durably. The queue decides the cohort by
 * its own clock. Sessions could be gathered for weeks and used in one minute, so joins are shed by address as sessions
 * are, loosely. The ticket's id follows from drop and shopper, so a repeat, however late, gets the first place again. Who is
 * judged a bot gets a ticket like everybody's, whose mark says so to us alone (`docs/bots.md`).
 */
export async function joinLine(act: Act, asked: Asked): Promise<Result<TicketAnswer, JoinRefusal>> {
  const { edge, lifetime } = act;
  const { dropId, session, address } = asked;
  if (address !== undefined && !(await edge.allowAddress(`join ${addressKey(address)}`))) {
    return refuse(exhausted("address"));
  }
  const shown = await shownBy(act, asked);
  if (!shown.ok) return shown;
  const ticketId = ticketIdOf(dropId, session.sub);
  // An address that is not known is judged by nothing: everybody's would be the same one.
  const isHeldApart =
    address !== undefined && edge.judge.isBot(ticketId, { dropId, address, print: asked.print }, shown.value);
  const submitted = await edge.joins.submit(dropId, { ticketId, isHeldApart }, lifetime);
  if (!submitted.ok) return submitted;
  if (!submitted.value.ok) return submitted.value;
  return ok(await signTicket(act, asked, submitted.value.value));
}

/**
 * By the document that this isolate has, which is seldom older than half a minute; one that says "no such drop" is looked at
 * anew each second. A drop that asks for no challenge costs nothing more here.
 */
async function shownBy(act: Act, asked: Asked): Promise<Result<Shown, JoinRefusal>> {
  const { edge, lifetime } = act;
  const held = await edge.documents.get(asked.dropId, lifetime, {
    is: (published) => published.ok,
    renewAfterMs: LIMITS.snapshotTtlMs,
  });
  if (!held.ok) return held;
  if (!held.value.ok) return held.value;
  const { document } = held.value.value;
  const { session, address, request } = asked;
  if (document.line.challenge !== "none")
    return meetChallenge(act, { document, session, address, origin: asked.origin, token: request.challenge });
  return ok(session.mail !== undefined || session.cust !== undefined ? "person" : "nothing");
}

async function signTicket(
  { edge }: Act,
  { dropId, session }: Asked,
  { cohort, chunk, isHeldApart, cohortClosesAtMs }: JoinedPlace,
): Promise<TicketAnswer> {
  const ticketId = ticketIdOf(dropId, session.sub);
  const mrk = markOf(edge.ticketKeys, { dropId, ticketId, isHeldApart });
  if (mrk === undefined) throw new Error("the signing key is not in its own keyset");
  const claims = { sub: session.sub, drop: dropId, tid: ticketId, coh: cohort, chk: chunk, mrk };
  const { token } = await edge.tokens.ticket.sign(claims, LIMITS.ticketTtlMs);
  return { ticket: token, ticketId, cohort, chunk, cohortClosesAtMs };
}
