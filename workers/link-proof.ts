import type { LinkProof } from "../schema/preflight.ts";
import type { Keyset } from "./edge/keyset.ts";

/** Without a dot, so that it can never be what a token's signature is over. */
const LABEL = new TextEncoder().encode("dropline preflight link keys");

/** Shows to who has the same signing key that it is the same. Says nothing of the key to anybody else. */
export async function proveLinkKey(keys: Keyset): Promise<LinkProof> {
  const kid = keys.signingKid;
  const key = await keys.key(kid);
  if (key === undefined) throw new Error("a keyset has its own signing key");
  const mac = await crypto.subtle.sign("HMAC", key, LABEL);
  return { kid, mac: Buffer.from(mac).toString("base64url") };
}

/** Whether a keyset verifies what the other signs: it may have more keys, as in a rotation. */
export async function knowsLinkKey(keys: Keyset, { kid, mac }: LinkProof): Promise<boolean> {
  const key = await keys.key(kid);
  return key !== undefined && crypto.subtle.verify("HMAC", key, Buffer.from(mac, "base64url"), LABEL);
}
