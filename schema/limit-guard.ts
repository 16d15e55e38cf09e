import type { Result } from "./result.ts";
import type { Refusal } from "./rpc.ts";

/**
 * Units that one identity holds or has bought in one drop. The id is the reservation's or order's own, so that a repeat
 * names the same claim; units are a whole number from 1.
 */
export type LimitClaim = {
  /** `session:`, `mail:`, `customer:`, `contact:` (of an order), `address:` or `instrument:` and what it is (a digest, save for a session's shopper). */
  identity: string;
  claimId: string;
  units: number;
  /** What all claims of this identity may come to, this one included. */
  max: number;
  /** Gone at this instant; null: lasts until it is given back. */
  untilMs: number | null;
};
export type LimitClaimAnswer = Result<{ units: number }, Refusal<"shopper_limit_reached" | "internal">>;

export type LimitReturn = { identity: string; claimId: string };
