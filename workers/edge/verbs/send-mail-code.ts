import type { MailCodeAnswer } from "../../../schema/http.ts";
import type { ShopperId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";
import { addressKey } from "../identity/address-key.ts";
import { mailDigest } from "../identity/identities.ts";
import { codeMail, drawCode, proveCode } from "../identity/mail-code.ts";
import { deliverableMail } from "../identity/normalize.ts";
import { exhausted } from "../openapi/rate-limits.ts";
import { countIdentity } from "./count-identity.ts";

const CHALLENGE_ID_BYTES = 16;

type SendRefusal = Refusal<"invalid_request" | "rate_limited" | "unavailable">;

/**
 * Sends a one-time code and answers with its challenge, which holds the code only under a key. Bounded by address
 * (loosely), by session and by mail (exactly): nobody's mailbox is flooded from here. Whether the mailbox exists is not
 * told. `unavailable`: the mail was not taken; the try counts.
 */
export async function sendMailCode(
  act: Act,
  asked: { shopperId: ShopperId; address: string | undefined; email: string },
): Promise<Result<MailCodeAnswer, SendRefusal>> {
  const { edge } = act;
  const to = deliverableMail(asked.email);
  const mail = mailDigest(asked.email);
  if (to === undefined || mail === undefined) {
    return refuse({ code: "invalid_request", detail: "email: this is not a mail address" });
  }
  const bounded = await boundSending(act, { ...asked, mail });
  if (!bounded.ok) return bounded;
  const jti = edge.randomHex(CHALLENGE_ID_BYTES);
  const code = drawCode(edge.randomHex);
  const kid = edge.sessionKeys.signingKid;
  const prf = await proveCode(edge.sessionKeys, kid, { jti, mail, code });
  if (prf === undefined) throw new Error("the signing key is not in its own keyset");
  const claims = { sub: asked.shopperId, jti, mail, kid, prf };
  const { token, expiresAtMs } = await edge.tokens.mailCode.sign(claims, LIMITS.mailCodeTtlMs);
  try {
    await edge.mailer.send(codeMail({ to, code, jti }));
  } catch (error) {
    edge.log({ level: "error", event: "mail_code_not_sent", error: String(error) });
    return refuse({ code: "unavailable", retryAfterMs: LIMITS.unavailableRetryMs });
  }
  return ok({ challenge: token, expiresAtMs });
}

async function boundSending(
  act: Act,
  { address, shopperId, mail }: { address: string | undefined; shopperId: ShopperId; mail: string },
): Promise<Result<null, SendRefusal>> {
  const { edge } = act;
  if (address !== undefined && !(await edge.allowMailFrom(addressKey(address)))) {
    return refuse(exhausted("mail"));
  }
  const untilMs = edge.clock.now() + LIMITS.mailCodesWindowMs;
  for (const [identity, max] of [
    [`codes-of:${shopperId}`, LIMITS.mailCodesPerSessionMax],
    [`codes-to:${mail}`, LIMITS.mailCodesPerMailMax],
  ] as const) {
    const counted = await countIdentity(act, { identity, max, untilMs });
    if (!counted.ok) return counted;
    if (!counted.value) return refuse({ code: "rate_limited", retryAfterMs: LIMITS.mailCodesWindowMs });
  }
  return ok(null);
}
