import { jwtVerify, SignJWT } from "jose";
import * as z from "zod";
import { OrderId, ShopperId } from "../schema/ids.ts";
import { LIMITS } from "../schema/limits.ts";
import type { Keyset } from "./edge/keyset.ts";

const ISSUER = "dropline";
const ALGORITHM = "HS256";

/** `link` goes into mails; `access` is what following it leaves in the device's cookie. Neither passes for the other. */
const KINDS = {
  link: { typ: "dropline-order-link+jwt", audience: "dropline/order-link", ttlMs: LIMITS.orderLinkTtlMs },
  access: {
    typ: "dropline-order-access+jwt",
    audience: "dropline/order-access",
    ttlMs: LIMITS.orderAccessTtlMs,
  },
} as const;
type Kind = keyof typeof KINDS;

const Claims = z.object({ sub: ShopperId, ord: OrderId });

/** Which order may be looked at, and whose it is. */
export type OrderAccess = { orderId: OrderId; shopperId: ShopperId };

/** A token that opens one order for reading, for a time, and nothing else: no session, no other order. */
export async function signOrderToken(
  keys: Keyset,
  kind: Kind,
  { orderId, shopperId }: OrderAccess,
  nowMs: number,
): Promise<string> {
  const { typ, audience, ttlMs } = KINDS[kind];
  return new SignJWT({ ord: orderId })
    .setProtectedHeader({ alg: ALGORITHM, kid: keys.signingKid, typ })
    .setIssuer(ISSUER)
    .setAudience(audience)
    .setSubject(shopperId)
    .setIssuedAt(Math.floor(nowMs / 1_000))
    .setExpirationTime(Math.floor((nowMs + ttlMs) / 1_000))
    .sign(await keyOf(keys, keys.signingKid));
}

/** Whose order it opens, or undefined for whatever reason: expired, of another order, of another purpose, forged. */
export async function verifyOrderToken(
  keys: Keyset,
  kind: Kind,
  { token, orderId }: { token: string; orderId: string },
  nowMs: number,
): Promise<OrderAccess | undefined> {
  if (token.length > LIMITS.urlMaxChars) return undefined;
  const { typ, audience } = KINDS[kind];
  try {
    const { payload } = await jwtVerify(token, ({ kid }) => keyOf(keys, kid), {
      algorithms: [ALGORITHM],
      typ,
      audience,
      issuer: ISSUER,
      requiredClaims: ["exp", "iat", "sub"],
      currentDate: new Date(nowMs),
    });
    const { ord, sub } = Claims.parse(payload);
    return ord === orderId ? { orderId: ord, shopperId: sub } : undefined;
  } catch {
    return undefined;
  }
}

async function keyOf(keys: Keyset, kid: string | undefined): Promise<CryptoKey> {
  const key = kid === undefined ? undefined : await keys.key(kid);
  if (key === undefined) throw new Error("no key of that id");
  return key;
}
