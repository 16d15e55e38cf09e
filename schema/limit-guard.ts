import type { Refusal } from "./refusals.ts";
import type { Result } from "./result.ts";

/**
 * Units that one identity holds or has bought in one drop. The id is the reservation's or order's own, so that a repeat
 * names the same claim; units are a whole number from 1.
 */
export type LimitClaim = {
  /** `session:`, `mail:`, `customer:`, `contact:` (of an order), `address:` or `instrument:` and what it is (a digest, save for a session's shopper). */
  identity: string;
  claimId: string;
  /** Rises with each intent of whoever has the claim: an older one that arrives late does nothing, an equal one is a repeat. */
  step: number;
  units: number;
  /** What all claims of this identity may come to, this one included. */
  max: number;
  /** Gone at this instant; null: lasts until it is given back. */
  untilMs: number | null;
};

/** A later step of this claim was seen, `step`: this one does nothing. */
export type LimitOvertaken = Refusal<"request_in_progress"> & { step: number };
export type LimitClaimAnswer = Result<
  { units: number },
  Refusal<"shopper_limit_reached" | "internal"> | LimitOvertaken
>;

/** `step`: as of a claim; at the same step the give-back is the later. `countsUntilMs`: so long what is there still counts; null: no longer. */
export type LimitReturn = { identity: string; claimId: string; step: number; countsUntilMs: number | null };
export type LimitReturnAnswer = Result<null, Refusal<"internal"> | LimitOvertaken>;

/** Of the give-back after which nobody claims under this id again. */
export const LAST_STEP = Number.MAX_SAFE_INTEGER;
