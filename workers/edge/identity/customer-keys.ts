import { importJWK, type JWK, jwtVerify } from "jose";
import { CustomerKeyset } from "../../../schema/customer-keys.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { Misconfigured } from "../../misconfigured.ts";
import { kidOf } from "../jws.ts";

const AUDIENCE = "dropline";

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

function readJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
