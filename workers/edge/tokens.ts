import * as z from "zod";
import { DropId, ShopperId, TicketId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { boundedPut } from "./bounded-put.ts";
import type { Clock } from "./deps.ts";
import { hs256 } from "./hs256.ts";
import type { Keyset } from "./keyset.ts";
import { TUNING } from "./tuning.ts";

const ISSUER = "dropline";

/** What every token says of itself. */
const Registered = z.object({ iss: z.literal(ISSUER), aud: z.string(), iat: z.int(), exp: z.int() });

const Mark = z.string().regex(/^[0-9a-f]{32}$/);
const Digest = z.string().regex(/^[0-9a-f]{64}$/);

/** Who the shopper has shown to be beside somebody with a session: digests of the normalized mail and of the brand's customer. */
const SessionClaims = z.object({ sub: ShopperId, mail: Digest.optional(), cust: Digest.optional() });
/** Whose place in which line. */
const PlaceClaims = z.object({ sub: ShopperId, drop: DropId, tid: TicketId, coh: z.int().min(0) });
/** `chk`: which chunk of its cohort's log has it. `mrk`: how its holder was judged, to us alone (`bots/mark.ts`). */
const TicketClaims = PlaceClaims.extend({ chk: z.int().min(0), mrk: Mark });
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

  const jws = hs256(keys, typ);

  function check(token: string): (Claims & { expiresAtMs: number }) | undefined {
    const payload = jws.read(token);
    const registered = Registered.safeParse(payload);
    if (!registered.success || registered.data.aud !== audience) return undefined;
    const expiresAtMs = registered.data.exp * 1_000;
    const claims = shape.safeParse(payload);
    return claims.success && expiresAtMs > clock.now() ? { ...claims.data, expiresAtMs } : undefined;
  }

  return {
    async sign(claims, ttlMs) {
      const issuedAtMs = clock.now();
      const exp = Math.floor((issuedAtMs + ttlMs) / 1_000);
      const iat = Math.floor(issuedAtMs / 1_000);
      const token = jws.sign({ ...claims, iss: ISSUER, aud: audience, iat, exp });
      return { token, issuedAtMs, expiresAtMs: exp * 1_000 };
    },
    async verify(token) {
      if (token.length > LIMITS.urlMaxChars) return undefined;
      const known = verified.get(token);
      if (known !== undefined && known.expiresAtMs > clock.now()) return known;
      verified.delete(token);
      if (known !== undefined) return undefined;
      const claims = check(token);
      if (claims === undefined) return undefined;
      boundedPut(verified, token, claims, TUNING.tokenMemoMax);
      return claims;
    },
  };
}
