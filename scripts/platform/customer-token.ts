import { SignJWT } from "jose";
import type { Secrets } from "./secrets.ts";

const TTL = "10m";

/** What a brand's shop gives to its signed-in customer, for drops that ask for a signed claim. */
export function signCustomerToken({ customerKeys: [key] }: Pick<Secrets, "customerKeys">, subject: string) {
  return new SignJWT()
    .setProtectedHeader({ alg: key.alg, kid: key.kid })
    .setIssuer(key.issuer)
    .setSubject(subject)
    .setAudience("dropline")
    .setIssuedAt()
    .setExpirationTime(TTL)
    .sign(Buffer.from(key.k, "base64url"));
}
