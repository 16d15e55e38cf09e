import type { SessionAnswer } from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Act } from "../edge.ts";
import type { SessionClaims } from "../tokens.ts";

/** A session of the same shopper that says more of it. The one before stays as good as it was. */
export async function renewSession(
  { edge }: Act,
  { sub, mail, cust }: SessionClaims,
  shown: { mail: string } | { cust: string },
): Promise<SessionAnswer> {
  const claims: SessionClaims = { sub, ...(mail && { mail }), ...(cust && { cust }), ...shown };
  const { token, expiresAtMs } = await edge.tokens.session.sign(claims, LIMITS.sessionTtlMs);
  return { shopperId: sub, session: token, expiresAtMs };
}
