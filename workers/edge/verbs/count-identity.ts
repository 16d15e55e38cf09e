import { identityShardOf } from "../../../schema/ids.ts";
import type { LimitClaim } from "../../../schema/limit-guard.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import { callState } from "../call-state.ts";
import type { Act } from "../edge.ts";

const CLAIM_ID_BYTES = 16;

/** `claimId`: what comes again under it is counted once; without one each time is another. */
type Counted = { identity: string; max: number; untilMs: number; claimId?: string };

/** Takes one of `max` until an instant, exactly, over all of the world. false: none is left. */
export async function countIdentity(
  { edge }: Act,
  counted: Counted,
): Promise<Result<boolean, Refusal<"unavailable">>> {
  const claim: LimitClaim = { claimId: edge.randomHex(CLAIM_ID_BYTES), ...counted, step: 0, units: 1 };
  const shard = identityShardOf(claim.identity);
  const called = await callState(edge, "countIdentity", (state) => state.countIdentity(shard, [claim]));
  if (!called.ok) return called;
  const [answer] = called.value;
  if (answer?.ok) return ok(true);
  return answer?.refusal.code === "shopper_limit_reached" ? ok(false) : refuse({ code: "unavailable" });
}
