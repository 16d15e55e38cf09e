import type { DropAnswer } from "../../../schema/http.ts";
import type { DropId, TicketId } from "../../../schema/ids.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";
import type { SessionClaims } from "../tokens.ts";
import { checkTicket } from "./check-token.ts";
import { findIdentity } from "./find-identity.ts";
import type { FoundPlace } from "./find-place.ts";
import { findTurn } from "./find-turn.ts";
import { signPass } from "./issue-pass.ts";
import { showDrop } from "./show-drop.ts";

export type Standing = { drop: DropAnswer } & (
  | { kind: "outside" }
  /** Its turn has come, and the drop asks first who it is: `drop.identity` says how. */
  | { kind: "unidentified" }
  /** `ticketId`, `chunk`: what a browser needs to find itself in the record. */
  | { kind: "waiting"; place: FoundPlace; ticketId: TicketId; chunk: number }
  | { kind: "admitted"; pass: string }
);

/** What the line's page needs of one visitor: outside, waiting at a place, to be asked who it is, or admitted with a fresh pass. Stores nothing. */
export async function standInLine(
  act: Act,
  asked: { dropId: DropId; session: SessionClaims | undefined; ticket: string | undefined },
): Promise<Result<Standing, Refusal<"drop_not_found" | "unavailable">>> {
  const drop = await showDrop(act, asked.dropId);
  if (!drop.ok) return drop;
  const { dropId, session } = asked;
  if (session === undefined || asked.ticket === undefined) return ok({ kind: "outside", drop: drop.value });
  const ticket = await checkTicket(act, asked.ticket, { dropId, shopperId: session.sub });
  if (!ticket.ok) return ok({ kind: "outside", drop: drop.value });
  const turn = await findTurn(act, ticket.value);
  if (!turn.ok) return turn;
  if (turn.value.kind !== "come") {
    const { tid: ticketId, chk: chunk } = ticket.value;
    return ok({ kind: "waiting", drop: drop.value, place: turn.value.place, ticketId, chunk });
  }
  const identity = await findIdentity(act, dropId, session);
  if (!identity.ok) {
    const { code, ...rest } = identity.refusal;
    return code === "identity_required"
      ? ok({ kind: "unidentified", drop: drop.value })
      : refuse({ ...rest, code });
  }
  const { rank } = turn.value;
  const { pass } = await signPass(act, ticket.value, { rank, identity: identity.value });
  return ok({ kind: "admitted", drop: drop.value, pass });
}
