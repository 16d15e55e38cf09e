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

/**
 * Reads a ticket: the JWT that its holder was given, or the JSON of the answer that it came in. Its signature is not checked:
 * that is the server's affair, and the log tells whether the ticket counts. That its id is made of its holder's session is.
 * @throws with a sentence for people.
 */
export function readTicket(text: string, dropId: string): OwnTicket {
  const claims = Claims.safeParse(claimsOf(jwtOf(text.trim())));
  if (!claims.success) throw new Error("This is no ticket: it takes the text that the line gave you.");
  const { sub, drop, tid, coh, chk } = claims.data;
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

function jwtOf(text: string): string {
  if (!text.startsWith("{")) return text;
  try {
    return Given.parse(JSON.parse(text)).ticket;
  } catch {
    throw new Error("This is no ticket: the JSON has no field `ticket`.");
  }
}

function claimsOf(jwt: string): unknown {
  if (jwt.length > LIMITS.urlMaxChars) return null;
  try {
    return JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString());
  } catch {
    return null;
  }
}
