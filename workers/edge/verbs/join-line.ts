import type { TicketAnswer } from "../../../schema/http.ts";
import type { DropId, ShopperId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { ok, type Result } from "../../../schema/result.ts";
import type { Refusal } from "../../../schema/rpc.ts";
import { ticketIdOf } from "../derive.ts";
import type { Act } from "../edge.ts";

/**
 * Puts a shopper into the line and signs the ticket once the queue has the id durably. The queue decides the cohort by
 * its own clock; its id follows from drop and shopper, so a repeat, however late, gets the first place again.
 */
export async function joinLine(
  { edge, lifetime }: Act,
  { dropId, shopperId }: { dropId: DropId; shopperId: ShopperId },
): Promise<
  Result<TicketAnswer, Refusal<"drop_not_found" | "drop_not_open" | "drop_closed" | "unavailable">>
> {
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
