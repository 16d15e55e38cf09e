import { importJWK, type JWK, jwtVerify } from "jose";
import * as z from "zod";
import { LIMITS } from "../../../schema/limits.ts";
import { Misconfigured } from "../../misconfigured.ts";

const AUDIENCE = "dropline";
const HMAC_BYTES_MIN = 32;

const named = {
  kid: z.string().regex(/^[\w.-]{1,64}$/),
  /** What `iss` of its tokens must be. */
  issuer: z
    .url()
    .max(LIMITS.urlMaxChars)
    .regex(/^[^|]*$/),
};
const b64 = z.base64url().min(1).max(LIMITS.urlMaxChars);

/** Public halves and shared secrets only: a private key in the wrong place is told at the start. */
const CustomerKey = z.discriminatedUnion("alg", [
  z.strictObject({
    ...named,
    alg: z.literal("EdDSA"),
    kty: z.literal("OKP"),
    crv: z.literal("Ed25519"),
    x: b64,
  }),
  z.strictObject({
    ...named,
    alg: z.literal("ES256"),
    kty: z.literal("EC"),
    crv: z.literal("P-256"),
    x: b64,
    y: b64,
  }),
  z.strictObject({ ...named, alg: z.literal("HS256"), kty: z.literal("oct"), k: b64 }),
]);

const CustomerKeyset = z
  .strictObject({ keys: z.array(CustomerKey).min(1).max(LIMITS.customerKeysMax) })
  .refine(({ keys }) => new Set(keys.map(({ kid }) => kid)).size === keys.length, {
    message: "each kid is unique",
  })
  .refine(
    ({ keys }) =>
      keys.every((key) => key.alg !== "HS256" || Buffer.from(key.k, "base64url").length >= HMAC_BYTES_MIN),
    { message: `an HS256 key has at least ${HMAC_BYTES_MIN} bytes` },
  );

export type Customer = { issuer: string; subject: string };

export type CustomerKeys = {
  /** Whose token it is, or undefined for whatever reason: a forger learns nothing from the answer. */
  verify(token: string, nowMs: number): Promise<Customer | undefined>;
};

const NOBODY: CustomerKeys = { verify: async () => undefined };

/**
 * Keys of the brand's own shop: a JWKS in which each key also names its `alg` and `issuer`. Undefined: no token is valid.
 * A token is checked by the algorithm of the key that its `kid` names, whatever its own header says; it must come from
 * that key's issuer, be meant for `dropline`, name its subject, and end within `customerTokenTtlMaxMs`. Not checked: that
 * it is used once; a second session with it is the same customer, under the same limit.
 *
 * @throws Misconfigured with what is wrong with the variable, never with its value.
 */
export function parseCustomerKeys(variable: string, json: string | undefined): CustomerKeys {
  if (json === undefined || json === "") return NOBODY;
  const parsed = CustomerKeyset.safeParse(readJson(json));
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`.trim());
    throw new Misconfigured(`${variable} is not a keyset of customers: ${problems.join("; ")}`);
  }
  const keys = new Map(parsed.data.keys.map((key) => [key.kid, key]));

  async function verify(token: string, nowMs: number): Promise<Customer | undefined> {
    if (token.length > LIMITS.customerTokenMaxChars) return undefined;
    try {
      const key = keys.get(kidOf(token));
      if (key === undefined) return undefined;
      const { payload } = await jwtVerify(token, await importJWK(key as JWK, key.alg), {
        algorithms: [key.alg],
        issuer: key.issuer,
        audience: AUDIENCE,
        requiredClaims: ["exp", "sub"],
        clockTolerance: LIMITS.customerClockSkewMs / 1_000,
        currentDate: new Date(nowMs),
      });
      return isBounded(payload, nowMs) ? { issuer: key.issuer, subject: payload.sub as string } : undefined;
    } catch {
      return undefined;
    }
  }

  return { verify };
}

/** A token for years would outlive every change of mind about it. An end in the past was refused by the library. */
function isBounded({ exp, sub }: { exp?: number; sub?: unknown }, nowMs: number): boolean {
  if (typeof sub !== "string" || sub === "" || sub.length > LIMITS.customerSubjectMaxChars) return false;
  const mostMs = nowMs + LIMITS.customerTokenTtlMaxMs + LIMITS.customerClockSkewMs;
  return exp !== undefined && exp * 1_000 <= mostMs;
}

/** The only thing that is read before the signature is checked. @throws when there is none. */
function kidOf(token: string): string {
  const [header = ""] = token.split(".", 1);
  return z.object({ kid: z.string() }).parse(JSON.parse(Buffer.from(header, "base64url").toString())).kid;
}

function readJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
