import type { TicketAnswer } from "../../../schema/http.ts";
import type { DropId, ShopperId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Refusal } from "../../../schema/rpc.ts";
import { ticketIdOf } from "../derive.ts";
import type { Act } from "../edge.ts";
import { addressKey } from "../identity/address-key.ts";
import { exhausted } from "../openapi/rate-limits.ts";

/**
 * Puts a shopper into the line and signs the ticket once the queue has the id durably. The queue decides the cohort by
 * its own clock. Sessions could be gathered for weeks and used in one minute, so joins are shed by address as sessions
 * are, loosely. The ticket's id follows from drop and shopper, so a repeat, however late, gets the first place again.
 */
export async function joinLine(
  { edge, lifetime }: Act,
  { dropId, shopperId, address }: { dropId: DropId; shopperId: ShopperId; address: string | undefined },
): Promise<
  Result<
    TicketAnswer,
    Refusal<"drop_not_found" | "drop_not_open" | "drop_closed" | "rate_limited" | "unavailable">
  >
> {
  if (address !== undefined && !(await edge.allowAddress(`join ${addressKey(address)}`))) {
    return refuse(exhausted("address"));
  }
  const ticketId = ticketIdOf(dropId, shopperId);
  const submitted = await edge.joins.submit(dropId, ticketId, lifetime);
  if (!submitted.ok) return submitted;
  const joined = submitted.value;
  if (!joined.ok) return joined;
  const { cohort, cohortClosesAtMs } = joined.value;
  const claims = { sub: shopperId, drop: dropId, tid: ticketId, coh: cohort };
  const { token } = await edge.tokens.ticket.sign(claims, LIMITS.ticketTtlMs);
  return ok({ ticket: token, ticketId, cohort, cohortClosesAtMs });
}
