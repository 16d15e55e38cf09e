import { type JWTHeaderParameters, jwtVerify, SignJWT } from "jose";
import * as z from "zod";
import { DropId, ShopperId, TicketId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Clock } from "./deps.ts";
import type { Keyset } from "./keyset.ts";
import { TUNING } from "./tuning.ts";

const ISSUER = "dropline";
const ALGORITHM = "HS256";

/** A key's id, a dot, and 32 hex digits. */
const MARK_MAX_CHARS = 65;

const Digest = z.string().regex(/^[0-9a-f]{64}$/);

/** Who the shopper has shown to be beside somebody with a session: digests of the normalized mail and of the brand's customer. */
const SessionClaims = z.object({ sub: ShopperId, mail: Digest.optional(), cust: Digest.optional() });
/** Whose place in which line. */
const PlaceClaims = z.object({ sub: ShopperId, drop: DropId, tid: TicketId, coh: z.int().min(0) });
/** `chk`: which chunk of its cohort's log has it. `mrk`: how its holder was judged, to us alone (`bots/mark.ts`). */
const TicketClaims = PlaceClaims.extend({ chk: z.int().min(0), mrk: z.string().max(MARK_MAX_CHARS) });
/** `ims`: when it was issued, in milliseconds: told apart from "before it was sold out", which seconds could not. */
const PassClaims = PlaceClaims.extend({
  rnk: z.number().min(0).lt(1),
  ims: z.int(),
  /** Whose units it takes: what limits are counted by. */
  idn: z.string().min(1).max(LIMITS.identityMaxChars),
});
/** A code on its way by mail: `prf` proves it to whoever has the key `kid`, and tells it to nobody. */
const MailCodeClaims = z.object({
  sub: ShopperId,
  jti: z.string().regex(/^[0-9a-f]{32}$/),
  mail: Digest,
  kid: z.string(),
  prf: Digest,
});

export type PlaceClaims = z.infer<typeof PlaceClaims>;
export type SessionClaims = z.infer<typeof SessionClaims>;
export type TicketClaims = z.infer<typeof TicketClaims>;
export type PassClaims = z.infer<typeof PassClaims>;
export type MailCodeClaims = z.infer<typeof MailCodeClaims>;
export type Signed = { token: string; issuedAtMs: number; expiresAtMs: number };

export type TokenKind<Claims> = {
  sign(claims: Claims, ttlMs: number): Promise<Signed>;
  /** The claims and their end, or undefined for whatever reason: a forger learns nothing from the answer. */
  verify(token: string): Promise<(Claims & { expiresAtMs: number }) | undefined>;
};

export type Tokens = {
  session: TokenKind<SessionClaims>;
  ticket: TokenKind<TicketClaims>;
  pass: TokenKind<PassClaims>;
  mailCode: TokenKind<MailCodeClaims>;
};

/** The tokens of the house. `typ` and `aud` differ, so none passes for another, even under one key. */
export function createTokens(sessionKeys: Keyset, ticketKeys: Keyset, clock: Clock): Tokens {
  return {
    session: tokenKind("session", SessionClaims, sessionKeys, clock),
    ticket: tokenKind("ticket", TicketClaims, ticketKeys, clock),
    pass: tokenKind("pass", PassClaims, ticketKeys, clock),
    mailCode: tokenKind("mail-code", MailCodeClaims, sessionKeys, clock),
  };
}

/**
 * JWS with HS256 and no other algorithm, keys found by `kid`. Verified tokens are remembered by their full text, so a
 * shopper's next request costs a map look-up; their end is checked each time. Not checked: whether the subject may do
 * what it asks, which is the verbs' part.
 */
function tokenKind<Claims extends { sub: ShopperId }>(
  kind: string,
  shape: z.ZodType<Claims>,
  keys: Keyset,
  clock: Clock,
): TokenKind<Claims> {
  const typ = `dropline-${kind}+jwt`;
  const audience = `dropline/${kind}`;
  const verified = new Map<string, Claims & { expiresAtMs: number }>();

  const keyOf = ({ kid }: JWTHeaderParameters) => keyOrThrow(keys, kid);

  async function check(token: string): Promise<(Claims & { expiresAtMs: number }) | undefined> {
    const options = {
      algorithms: [ALGORITHM],
      typ,
      audience,
      issuer: ISSUER,
      requiredClaims: ["exp", "iat", "sub"],
      currentDate: new Date(clock.now()),
    };
    try {
      const { payload } = await jwtVerify(token, keyOf, options);
      return { ...shape.parse(payload), expiresAtMs: (payload.exp as number) * 1_000 };
    } catch {
      return undefined;
    }
  }

  return {
    async sign(claims, ttlMs) {
      const issuedAtMs = clock.now();
      const exp = Math.floor((issuedAtMs + ttlMs) / 1_000);
      const token = await new SignJWT({ ...claims })
        .setProtectedHeader({ alg: ALGORITHM, kid: keys.signingKid, typ })
        .setIssuer(ISSUER)
        .setAudience(audience)
        .setIssuedAt(Math.floor(issuedAtMs / 1_000))
        .setExpirationTime(exp)
        .sign(await keyOrThrow(keys, keys.signingKid));
      return { token, issuedAtMs, expiresAtMs: exp * 1_000 };
    },
    async verify(token) {
      if (token.length > LIMITS.urlMaxChars) return undefined;
      const known = verified.get(token);
      if (known !== undefined && known.expiresAtMs > clock.now()) return known;
      verified.delete(token);
      if (known !== undefined) return undefined;
      const claims = await check(token);
      if (claims === undefined) return undefined;
      if (verified.size >= TUNING.tokenMemoMax) forgetOldest(verified);
      verified.set(token, claims);
      return claims;
    },
  };
}

async function keyOrThrow(keys: Keyset, kid: string | undefined): Promise<CryptoKey> {
  const key = kid === undefined ? undefined : await keys.key(kid);
  if (key === undefined) throw new Error("no key of that id");
  return key;
}

function forgetOldest(memo: Map<string, unknown>): void {
  for (const token of memo.keys()) {
    memo.delete(token);
    return;
  }
}
