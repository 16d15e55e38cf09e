import { createHash } from "node:crypto";
import type { Identity } from "../../../schema/drop-document.ts";
import type { ShopperId } from "../../../schema/ids.ts";
import type { SessionClaims } from "../tokens.ts";
import type { Customer } from "./customer-keys.ts";
import { normalizeAddress, normalizeMail, type PostalParts } from "./normalize.ts";

/**
 * The identity of a session at the strength that a drop declares; undefined when the session has not shown it. One
 * person's two sessions have two identities with `none`, and one with the others.
 */
export function identityOf(asked: Identity, { sub, mail, cust }: SessionClaims): string | undefined {
  switch (asked) {
    case "none":
      return sessionIdentity(sub);
    case "verified_mail":
      return mail && `mail:${mail}`;
    case "signed_claim":
      return cust && `customer:${cust}`;
  }
}

export const sessionIdentity = (shopperId: ShopperId): string => `session:${shopperId}`;

/** SHA-256 of the normalized mail; undefined when it is no mail address. */
export function mailDigest(written: string): string | undefined {
  const normal = normalizeMail(written);
  return normal === undefined ? undefined : sha256(normal);
}

export function addressIdentity(parts: PostalParts): string {
  return `address:${sha256(normalizeAddress(parts))}`;
}

/** An issuer's name is a URL and holds no bar, so no two pairs read alike. */
export function customerDigest({ issuer, subject }: Customer): string {
  return sha256(`${issuer}|${subject}`);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
