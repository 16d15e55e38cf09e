import type { MailVerifyRequest, SessionAnswer } from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";
import { isCode } from "../identity/mail-code.ts";
import type { SessionClaims } from "../tokens.ts";
import { countIdentity } from "./count-identity.ts";
import { renewSession } from "./renew-session.ts";

/**
 * A session that has shown its mail, for the code that was sent to it. A challenge works for the session that asked for
 * it, until its end, and for `mailCodeTriesMax` tries over all of the world: a try is counted before it is looked at. A
 * repeat of the right code is a try, and the same answer.
 */
export async function verifyMail(
  act: Act,
  { session, request }: { session: SessionClaims; request: MailVerifyRequest },
): Promise<Result<SessionAnswer, Refusal<"mail_code_invalid" | "mail_code_spent" | "unavailable">>> {
  const { edge } = act;
  const challenge = await edge.tokens.mailCode.verify(request.challenge);
  if (challenge?.sub !== session.sub) return refuse({ code: "mail_code_invalid" });
  const { jti, mail, kid, prf, expiresAtMs } = challenge;
  // Longer than the challenge by a margin: its end is judged by this clock, the tries' by another.
  const untilMs = expiresAtMs + LIMITS.mailCodeTtlMs;
  const max = LIMITS.mailCodeTriesMax;
  const counted = await countIdentity(act, { identity: `tries:${jti}`, max, untilMs });
  if (!counted.ok) return counted;
  if (!counted.value) return refuse({ code: "mail_code_spent" });
  const isRight = await isCode(edge.sessionKeys, { jti, mail, code: request.code, kid, prf });
  return isRight ? ok(await renewSession(act, session, { mail })) : refuse({ code: "mail_code_invalid" });
}
