import type { DropAnswer } from "../../../schema/http.ts";
import type { DropId } from "../../../schema/ids.ts";
import type { RecordHead } from "../../../schema/line.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";
import type { SessionClaims } from "../tokens.ts";
import { checkTicket } from "./check-token.ts";
import { readRecordHead } from "./read-record.ts";
import { showDrop } from "./show-drop.ts";

/**
 * Whose a ticket is, and where it stands in the log: what its holder's browser and the command look for. Neither the ticket's
 * signature nor a session is in it.
 */
export type OwnEntry = { shopper: string; ticketId: string; cohort: number; chunk: number };
export type Proof = { drop: DropAnswer; head: RecordHead; own: OwnEntry | null };

/** What the page about the line's proof needs of one visitor. A ticket that is not good is as none. Stores nothing. */
export async function showProof(
  act: Act,
  {
    dropId,
    session,
    ticket,
  }: { dropId: DropId; session: SessionClaims | undefined; ticket: string | undefined },
): Promise<Result<Proof, Refusal<"drop_not_found" | "unavailable">>> {
  const [drop, head] = await Promise.all([showDrop(act, dropId), readRecordHead(act, dropId)]);
  if (!drop.ok) return drop;
  if (!head.ok) return head;
  return ok({ drop: drop.value, head: head.value, own: await ownEntry() });

  async function ownEntry(): Promise<OwnEntry | null> {
    if (session === undefined || ticket === undefined) return null;
    const checked = await checkTicket(act, ticket, { dropId, shopperId: session.sub });
    if (!checked.ok) return null;
    const { sub, tid, coh, chk } = checked.value;
    return { shopper: sub, ticketId: tid, cohort: coh, chunk: chk };
  }
}
