import { LIMITS } from "../../../schema/limits.ts";
import { boundedText } from "../bounded-text.ts";
import { Siteverify } from "./siteverify.ts";

/** What a browser needs to show a challenge. Public. */
export type Widget = { siteKey: string; scriptUrl: string };

/** Whoever checks solved challenges. */
export type Challenges = {
  isTest: boolean;
  /**
   * A token is good once; with the same `idempotencyKey` (a UUID) the repeat gets the first answer. @throws when there is no
   * answer, for whatever reason: then nobody knows, and the token may be spent.
   */
  verify(asked: { token: string; address: string | undefined; idempotencyKey: string }): Promise<Siteverify>;
};

/** Cloudflare Turnstile's siteverify, by POST of a form. The address is never followed anywhere else: it gets our secret. */
export function postedChallenges({
  url,
  secret,
  isTest,
  fetch,
}: {
  url: string;
  secret: string;
  isTest: boolean;
  fetch: typeof globalThis.fetch;
}): Challenges {
  return {
    isTest,
    async verify({ token, address, idempotencyKey }) {
      const body = new URLSearchParams({ secret, response: token, idempotency_key: idempotencyKey });
      if (address !== undefined) body.set("remoteip", address);
      const answer = await fetch(url, {
        method: "POST",
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(LIMITS.challengeTimeoutMs),
      });
      // A refusal comes with a status of its own, and in the same form as a success.
      return Siteverify.parse(JSON.parse(await boundedText(answer, LIMITS.challengeAnswerMaxBytes)));
    },
  };
}
