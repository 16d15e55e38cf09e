import { createHash } from "node:crypto";
import * as z from "zod";
import { TicketId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { OwnTicket } from "../../workers/edge/line/verify/check-ticket.ts";

const Cohort = z.int().min(0);
const Claims = z.object({
  sub: z.string(),
  drop: z.string(),
  tid: TicketId,
  coh: Cohort,
  chk: Cohort.optional(),
});
const Given = z.object({ ticket: z.string() });
/** As the proof page tells it, which has no ticket in its text. */
const Told = z
  .object({ shopper: z.string(), ticketId: TicketId, cohort: Cohort, chunk: Cohort })
  .transform(({ shopper, ticketId, cohort, chunk }) => ({
    sub: shopper,
    tid: ticketId,
    coh: cohort,
    chk: chunk,
  }));

/**
 * Reads a ticket: the JWT that its holder was given, the JSON of the answer that it came in, or what the proof page says of it.
 * Its signature is not checked: that is the server's affair, and the log tells whether the ticket counts. That its id is made of
 * its holder's session is.
 * @throws with a sentence for people.
 */
export function readTicket(text: string, dropId: string): OwnTicket {
  const given = text.trim();
  const told = Told.safeParse(given.startsWith("{") ? parsed(given) : null);
  const claims = told.success ? told.data : claimsIn(given);
  const { drop, sub, tid, coh, chk } = { drop: dropId, ...claims };
  if (drop !== dropId) throw new Error(`This ticket is for the drop "${drop}", not for "${dropId}".`);
  const own = createHash("sha256")
    .update(`dropline/ticket/1\n${drop}\n${sub}`)
    .digest("hex")
    .slice(0, tid.length);
  if (own !== tid)
    throw new Error(
      `This ticket's id does not follow from its own holder: ${sub} has ticket ${own}, not ${tid}.`,
    );
  return { ticketId: tid, cohort: coh, chunk: chk ?? null };
}

function claimsIn(text: string): z.infer<typeof Claims> {
  const claims = Claims.safeParse(claimsOf(jwtOf(text)));
  if (!claims.success) throw new Error("This is no ticket: it takes the text that the line gave you.");
  return claims.data;
}

function jwtOf(text: string): string {
  if (!text.startsWith("{")) return text;
  const given = Given.safeParse(parsed(text));
  if (!given.success)
    throw new Error("This is no ticket: the JSON is neither an answer with a `ticket` nor the proof page's.");
  return given.data.ticket;
}

function claimsOf(jwt: string): unknown {
  if (jwt.length > LIMITS.urlMaxChars) return null;
  return parsed(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString());
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
