import type { DropDocument } from "../../../schema/drop-document.ts";
import type { JoinRequest, TicketAnswer } from "../../../schema/http.ts";
import type { DropId, TicketId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { JoinedPlace } from "../../../schema/rpc/drop-queue.ts";
import { markOf } from "../bots/mark.ts";
import type { Shown } from "../bots/rules.ts";
import { ticketIdOf } from "../derive.ts";
import type { Act } from "../edge.ts";
import { addressKey } from "../identity/address-key.ts";
import { exhausted } from "../openapi/rate-limits.ts";
import type { SessionClaims } from "../tokens.ts";
import { countJoin } from "./count-join.ts";
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
  const document = await findDocument(act, dropId);
  if (!document.ok) return document;
  const shown = await shownBy(act, asked, document.value);
  if (!shown.ok) return shown;
  const ticketId = ticketIdOf(dropId, session.sub);
  const isHeldApart = await isTakenForBot(act, asked, {
    document: document.value,
    shown: shown.value,
    ticketId,
  });
  if (!isHeldApart.ok) return isHeldApart;
  const submitted = await edge.joins.submit(dropId, { ticketId, isHeldApart: isHeldApart.value }, lifetime);
  if (!submitted.ok) return submitted;
  if (!submitted.value.ok) return submitted.value;
  return ok(await signTicket(act, asked, { ticketId, ...submitted.value.value }));
}

/**
 * The document that this isolate has, which is seldom older than half a minute; one that says "no such drop" is looked at
 * anew each second.
 */
async function findDocument(
  { edge, lifetime }: Act,
  dropId: DropId,
): Promise<Result<DropDocument, JoinRefusal>> {
  const held = await edge.documents.get(dropId, lifetime, {
    is: (published) => published.ok,
    renewAfterMs: LIMITS.snapshotTtlMs,
  });
  if (!held.ok) return held;
  return held.value.ok ? ok(held.value.value.document) : held.value;
}

/** A drop that asks for no challenge costs nothing here. */
async function shownBy(act: Act, asked: Asked, document: DropDocument): Promise<Result<Shown, JoinRefusal>> {
  if (document.line.challenge === "none") return ok("nothing");
  const { session, address, origin, request } = asked;
  return meetChallenge(act, { document, session, address, origin, token: request.challenge });
}

/**
 * By how many like it join. Somebody with a mail or an account at the brand who came in a crowd is let off, a few times a
 * person: counted only then, so that it costs nobody else a call. While that cannot be counted nobody is judged, nor let in.
 */
async function isTakenForBot(
  act: Act,
  asked: Asked,
  { document, shown, ticketId }: { document: DropDocument; shown: Shown; ticketId: TicketId },
): Promise<Result<boolean, JoinRefusal>> {
  const { dropId, session, address } = asked;
  // An address that is not known is judged by nothing: everybody's would be the same one.
  if (address === undefined) return ok(false);
  const { sub, cust, mail } = session;
  const isOneOfTooMany = act.edge.judge.isBot(ticketId, { dropId, address, print: asked.print }, shown);
  const person = cust ?? mail;
  if (!isOneOfTooMany || person === undefined) return ok(isOneOfTooMany);
  const counted = await countJoin(act, document, { sub, person });
  return counted.ok ? ok(!counted.value) : counted;
}

async function signTicket(
  { edge }: Act,
  { dropId, session }: Asked,
  { ticketId, cohort, chunk, isHeldApart, cohortClosesAtMs }: JoinedPlace & { ticketId: TicketId },
): Promise<TicketAnswer> {
  const mrk = markOf(edge.ticketKeys, { dropId, ticketId, isHeldApart });
  const claims = { sub: session.sub, drop: dropId, tid: ticketId, coh: cohort, chk: chunk, mrk };
  const { token } = await edge.tokens.ticket.sign(claims, LIMITS.ticketTtlMs);
  return { ticket: token, ticketId, cohort, chunk, cohortClosesAtMs };
}
