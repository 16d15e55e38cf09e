import { LIMITS } from "../../../schema/limits.ts";
import type { MailMessage } from "../../../schema/mail.ts";
import type { Keyset } from "../keyset.ts";

type Sent = { jti: string; mail: string; code: string };

/** 13 hex digits are 52 bits: taken modulo a million, no code is likelier than another by more than one in four billion. */
const RANDOM_BYTES = 7;
const EXACT_DIGITS = 13;

/** Six digits, from unpredictable bytes. */
export function drawCode(randomHex: (bytes: number) => string): string {
  const drawn = Number.parseInt(randomHex(RANDOM_BYTES).slice(-EXACT_DIGITS), 16);
  return String(drawn % 10 ** LIMITS.mailCodeDigits).padStart(LIMITS.mailCodeDigits, "0");
}

/**
 * What a challenge holds in place of its code: a keyed digest, so that whoever has the challenge (the shopper does) cannot
 * try the million codes at home. The text begins unlike any JWT's, so that a key that signs both cannot be played off.
 */
export async function proveCode(keys: Keyset, kid: string, sent: Sent): Promise<string | undefined> {
  const key = await keys.key(kid);
  if (key === undefined) return undefined;
  return Buffer.from(await crypto.subtle.sign("HMAC", key, textOf(sent))).toString("hex");
}

/** Is it the code? In constant time; never for a proof of a key that is gone. */
export async function isCode(
  keys: Keyset,
  { kid, prf, ...sent }: Sent & { kid: string; prf: string },
): Promise<boolean> {
  const key = await keys.key(kid);
  if (key === undefined) return false;
  return crypto.subtle.verify("HMAC", key, Buffer.from(prf, "hex"), textOf(sent));
}

function textOf({ jti, mail, code }: Sent): Buffer<ArrayBuffer> {
  return Buffer.from(["dropline/mail-code/1", jti, mail, code].join("\n"));
}

/** The code stands in the subject too: many read it off a phone's notification. */
export function codeMail({ to, code, jti }: { to: string; code: string; jti: string }): MailMessage {
  const minutes = LIMITS.mailCodeTtlMs / 60_000;
  return {
    mailId: `code_${jti}`,
    to,
    subject: `${code} is your code`,
    text: [
      `Your code is ${code}`,
      "",
      `It works for ${minutes} minutes, in the window where you asked for it.`,
      "If you did not ask for it, somebody typed your address: nothing happens unless they have the code. Do not pass it on.",
      "",
    ].join("\n"),
  };
}
