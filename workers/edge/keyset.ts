import { createHmac } from "node:crypto";
import { KeysetSecret } from "../../schema/secrets.ts";

/** Keys by their id: the first one signs, all of them verify. */
export type Keyset = {
  signingKid: string;
  kids: readonly string[];
  key(kid: string): Promise<CryptoKey | undefined>;
  /** HMAC-SHA256 by that key, at once: cheaper than WebCrypto for a short text. */
  mac(kid: string, text: string): Buffer | undefined;
};

/**
 * Reads `[{"kid","secret"}, …]`. To rotate: add the new key at the end, deploy, move it to the front, deploy,
 * and drop the old one after the longest token life.
 *
 * @throws with the variable's name and what is wrong with it, never with its value.
 */
export function parseKeyset(variable: string, json: string): Keyset {
  const parsed = KeysetSecret.safeParse(readJson(json));
  if (!parsed.success) {
    throw new Error(
      `${variable} is not a keyset: ${parsed.error.issues.map(({ message }) => message).join("; ")}`,
    );
  }
  const secrets = new Map(parsed.data.map(({ kid, secret }) => [kid, Buffer.from(secret, "base64url")]));
  const imported = new Map<string, CryptoKey>();
  return {
    signingKid: (parsed.data[0] as { kid: string }).kid,
    kids: [...secrets.keys()],
    async key(kid) {
      const secret = secrets.get(kid);
      if (secret === undefined) return undefined;
      const known = imported.get(kid);
      if (known !== undefined) return known;
      // Only the finished key is shared: a promise that another request resolves could be canceled as hung.
      const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, [
        "sign",
        "verify",
      ]);
      imported.set(kid, key);
      return key;
    },
    mac(kid, text) {
      const secret = secrets.get(kid);
      return secret && createHmac("sha256", secret).update(text).digest();
    },
  };
}

function readJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
