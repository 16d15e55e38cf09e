import { LIMITS } from "../schema/limits.ts";
import type { MailMessage, PostedMail } from "../schema/mail.ts";

/** Hands mails over. */
export type Mailer = {
  /** Resolves once the mail was taken. @throws when it was not, or when nobody knows: to be handed over again. */
  send(message: MailMessage): Promise<void>;
};

/** `from`: what the recipient sees, as RFC 5322 writes it: `Shop <drops@shop.example>`. */
type Transport = { url: string; apiKey: string; from: string; fetch: typeof globalThis.fetch };

/** By POST, as JSON; the mail's id goes along as its Idempotency-Key, so that a repeat is one mail. Any 2xx has taken it. */
export function postedMail({ url, apiKey, from, fetch }: Transport): Mailer {
  return {
    async send({ mailId, to, ...content }) {
      const body: PostedMail = { from, to: [to], ...content };
      const answer = await fetch(url, {
        method: "POST",
        headers: {
          Authorization: `Bearer ${apiKey}`,
          "Content-Type": "application/json",
          "Idempotency-Key": mailId,
        },
        body: JSON.stringify(body),
        redirect: "manual",
        signal: AbortSignal.timeout(LIMITS.mailTimeoutMs),
      });
      await answer.body?.cancel();
      if (!answer.ok) throw new Error(`the mail's transport answered ${answer.status}`);
    },
  };
}
