import { OrderId } from "../../../schema/ids.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Deps } from "../deps.ts";
import type { ConsoleRefusal } from "../refusal.ts";

/** `due`: the order had an open command, which is now due at once. */
export type Redriven = { messageId: string; orderId: string | null; due: boolean; redrivenAtMs: number };

/**
 * Makes the command behind a parked message due at once. Harmless to repeat: the coordinator numbers its commands, so one
 * that was settled meanwhile is not sent again (`due` is false then).
 */
export async function redriveParked(
  deps: Deps,
  messageId: string,
): Promise<Result<Redriven, ConsoleRefusal>> {
  const message = await deps.records.parkedMessage(messageId);
  if (message === null) return refuse({ code: "message_not_found" });

  const orderId = OrderId.safeParse(message.orderId);
  const due = orderId.success && (await deps.state.redrive(orderId.data));
  const redrivenAtMs = deps.nowMs();
  await deps.records.markRedriven(messageId, redrivenAtMs);
  await deps.records.appendOperatorLog({
    atMs: redrivenAtMs,
    actor: "operator",
    action: "redrive",
    subject: messageId,
    detail: JSON.stringify({ orderId: message.orderId, due }),
  });
  return ok({ messageId, orderId: message.orderId, due, redrivenAtMs });
}
