import { NotificationMessage } from "../../../schema/events.ts";
import { OrderId } from "../../../schema/ids.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { ParkedMessageRow } from "../../../schema/tables.ts";
import type { Deps } from "../deps.ts";
import type { ConsoleRefusal } from "../refusal.ts";

/** `due`: the order had an open command, which is now due at once; or a notification is on its queue again. */
export type Redriven = { messageId: string; orderId: string | null; due: boolean; redrivenAtMs: number };

/**
 * Makes the command behind a parked message due at once, or puts a notification on its queue again. Harmless to repeat: the coordinator numbers its commands, so one
 * that was settled meanwhile is not sent again (`due` is false then).
 */
export async function redriveParked(
  deps: Deps,
  messageId: string,
): Promise<Result<Redriven, ConsoleRefusal>> {
  const message = await deps.records.parkedMessage(messageId);
  if (message === null) return refuse({ code: "message_not_found" });

  const orderId = OrderId.safeParse(message.orderId);
  const notification = readNotification(message);
  if (notification !== null) await deps.notify.queueNotifications([notification]);
  const due = notification !== null || (orderId.success && (await deps.state.redrive(orderId.data)));
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

function readNotification({ queue, body }: ParkedMessageRow): NotificationMessage | null {
  if (!queue.startsWith("dropline-notifications")) return null;
  const message = NotificationMessage.safeParse(JSON.parse(body));
  return message.success ? message.data : null;
}
