import type { Refusal } from "../../../schema/refusals.ts";
import { TUNING } from "../tuning.ts";
import type { AnyOperation } from "./operation.ts";

/**
 * draft-ietf-httpapi-ratelimit-headers. The platform's counters are loose, by location, and do not tell what is left: so the
 * policy is stated, and a count only where it is certain, which is 0 on a 429.
 */
const POLICIES = {
  shopper: { quota: TUNING.shopperWrites, windowMs: TUNING.shopperWindowMs },
  address: { quota: TUNING.addressSessions, windowMs: TUNING.addressWindowMs },
  mail: { quota: TUNING.addressMails, windowMs: TUNING.mailWindowMs },
} as const;
export type Policy = keyof typeof POLICIES;

/** `policy`: which of them refused; absent for the exact counters, whose quotas are nobody's to plan with. */
export type RateLimited = Refusal<"rate_limited"> & { policy?: Policy };

export function exhausted(policy: Policy): RateLimited {
  return { code: "rate_limited", retryAfterMs: POLICIES[policy].windowMs, policy };
}

export function policyOf({ caller, limitedBy }: AnyOperation): Policy | undefined {
  return limitedBy ?? (caller === "writer" ? "shopper" : undefined);
}

/** The policy, e.g. `"shopper";q=120;w=10`: so many requests in so many seconds. */
export function policyHeader(policy: Policy): string {
  const { quota, windowMs } = POLICIES[policy];
  return `"${policy}";q=${quota};w=${windowMs / 1_000}`;
}

/** That nothing is left; the window ends within `t` seconds. */
export function exhaustedHeader(policy: Policy): string {
  return `"${policy}";r=0;t=${POLICIES[policy].windowMs / 1_000}`;
}
