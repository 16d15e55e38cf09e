import type { SessionAnswer } from "../../../schema/http.ts";
import { ShopperId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";
import { addressKey } from "../identity/address-key.ts";
import { exhausted } from "../openapi/rate-limits.ts";

const SHOPPER_ID_BYTES = 16;

/**
 * A new shopper with a signed session. Stores nothing; a repeat is another shopper. Shed by address, loosely: an address
 * that is not known is not counted.
 */
export async function openSession(
  { edge }: Act,
  { address }: { address: string | undefined },
): Promise<Result<SessionAnswer, Refusal<"rate_limited">>> {
  if (address !== undefined && !(await edge.allowAddress(`session ${addressKey(address)}`))) {
    return refuse(exhausted("address"));
  }
  const shopperId = ShopperId.parse(`shp_${edge.randomHex(SHOPPER_ID_BYTES)}`);
  const { token, expiresAtMs } = await edge.tokens.session.sign({ sub: shopperId }, LIMITS.sessionTtlMs);
  return ok({ shopperId, session: token, expiresAtMs });
}
