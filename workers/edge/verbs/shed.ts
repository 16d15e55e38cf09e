import type { ShopperId } from "../../../schema/ids.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";
import { exhausted } from "../openapi/rate-limits.ts";

/** Sheds writes of a shopper who writes far too often. Loose and by location: it protects, it decides nothing. */
export async function shedWrites(
  { edge }: Act,
  shopperId: ShopperId,
): Promise<Result<ShopperId, Refusal<"rate_limited">>> {
  if (await edge.allowShopper(shopperId)) return ok(shopperId);
  return refuse(exhausted("shopper"));
}
