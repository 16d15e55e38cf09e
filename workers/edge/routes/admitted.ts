import type { DropId, ShopperId } from "../../../schema/ids.ts";
import { ok, type Result } from "../../../schema/result.ts";
import { checkPass } from "../verbs/check-token.ts";
import { standInLine } from "../verbs/stand-in-line.ts";
import { keepToken, keptToken, readWritingSession } from "./caller.ts";
import { actOf, type C, type EdgeRefusal } from "./context.ts";

export type Admitted = { shopperId: ShopperId; pass: string };

/**
 * Who writes, with a pass that is good: the browser's own, or a fresh one when its ticket gives it. Null: the line's page has
 * to find out first what is missing, be it a session, a ticket, patience or an identity.
 */
export async function readAdmitted(c: C, dropId: DropId): Promise<Result<Admitted | null, EdgeRefusal>> {
  const session = await readWritingSession(c);
  if (!session.ok) {
    const { code } = session.refusal;
    return code === "session_missing" || code === "session_invalid" ? ok(null) : session;
  }
  const { sub: shopperId } = session.value;
  const kept = keptToken(c, "pass", dropId);
  if (kept !== undefined && (await checkPass(actOf(c), kept, { dropId, shopperId })).ok) {
    return ok({ shopperId, pass: kept });
  }
  const ticket = keptToken(c, "ticket", dropId);
  const standing = await standInLine(actOf(c), { dropId, session: session.value, ticket });
  if (!standing.ok) return standing;
  if (standing.value.kind !== "admitted") return ok(null);
  keepToken(c, "pass", dropId, standing.value.pass);
  return ok({ shopperId, pass: standing.value.pass });
}
