import type { JoinRequest } from "../../../schema/http.ts";
import type { DropId } from "../../../schema/ids.ts";
import { ok, type Result } from "../../../schema/result.ts";
import type { SessionClaims } from "../tokens.ts";
import { checkTicket } from "../verbs/check-token.ts";
import { joinLine } from "../verbs/join-line.ts";
import { openSession } from "../verbs/open-session.ts";
import { shedWrites } from "../verbs/shed.ts";
import { keepSession, keepToken, keptToken, readSession } from "./caller.ts";
import { actOf, addressOf, type C, type EdgeRefusal, originOf, printOf } from "./context.ts";

/** The session that this browser has, or a new one, which it keeps from here on. */
export async function sessionOrNew(c: C): Promise<Result<SessionClaims, EdgeRefusal>> {
  const known = await readSession(c);
  if (known.ok) {
    const shed = await shedWrites(actOf(c), known.value.sub);
    return shed.ok ? known : shed;
  }
  const opened = await openSession(actOf(c), { address: addressOf(c) });
  if (!opened.ok) return opened;
  keepSession(c, opened.value);
  return ok({ sub: opened.value.shopperId });
}

/** Gives this browser a ticket. One that holds a good ticket keeps it: a later one could only be a later place. */
export async function joinHere(
  c: C,
  dropId: DropId,
  { session, request }: { session: SessionClaims; request: JoinRequest },
): Promise<Result<null, EdgeRefusal>> {
  const kept = keptToken(c, "ticket", dropId);
  const holder = { dropId, shopperId: session.sub };
  if (kept !== undefined && (await checkTicket(actOf(c), kept, holder)).ok) return ok(null);
  const asked = {
    dropId,
    session,
    address: addressOf(c),
    print: printOf(c),
    origin: originOf(c),
    request,
  };
  const joined = await joinLine(actOf(c), asked);
  if (!joined.ok) return joined;
  keepToken(c, "ticket", dropId, joined.value.ticket);
  return ok(null);
}
