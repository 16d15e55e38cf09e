import type { DropId, ShopperId } from "../../../schema/ids.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";
import type { PassClaims, PlaceClaims, SessionClaims, TicketClaims } from "../tokens.ts";

type Holder = { dropId: DropId; shopperId: ShopperId };

/** The shopper of a session, and what this shopper has shown to be. */
export async function checkSession(
  { edge }: Act,
  session: string | undefined,
): Promise<Result<SessionClaims, Refusal<"session_missing" | "session_invalid">>> {
  if (session === undefined) return refuse({ code: "session_missing" });
  const claims = await edge.tokens.session.verify(session);
  return claims === undefined ? refuse({ code: "session_invalid" }) : ok(claims);
}

/** A ticket works for its own drop and with the session of its own shopper, and for nobody else. */
export async function checkTicket(
  { edge }: Act,
  ticket: string,
  holder: Holder,
): Promise<Result<TicketClaims, Refusal<"ticket_invalid">>> {
  const claims = await edge.tokens.ticket.verify(ticket);
  return claims !== undefined && isOf(claims, holder) ? ok(claims) : refuse({ code: "ticket_invalid" });
}

/** As with tickets; and a pass ends after `passTtlMs`. */
export async function checkPass(
  { edge }: Act,
  pass: string,
  holder: Holder,
): Promise<Result<PassClaims, Refusal<"pass_invalid">>> {
  const claims = await edge.tokens.pass.verify(pass);
  return claims !== undefined && isOf(claims, holder) ? ok(claims) : refuse({ code: "pass_invalid" });
}

function isOf(claims: PlaceClaims, { dropId, shopperId }: Holder): boolean {
  return claims.drop === dropId && claims.sub === shopperId;
}
