import { type MailId, NotificationMessage, type OrderNotification } from "../../../schema/events.ts";
import { type QueueMessage, retryLater } from "../../queue/message.ts";
import { parkMessages } from "../../queue/park.ts";
import { sendMails } from "../mails/send-mails.ts";
import type { NotifyDeps } from "./deps.ts";
import { tellOrders } from "./tell-orders.ts";

export const NOTIFICATIONS = "dropline-notifications";

/**
 * Takes a batch of "look at this": orders that changed are told of, and mails are sent. A message is acknowledged once its
 * rows say all that it said. Never throws; a batch that comes twice finds nothing new.
 */
export async function consumeNotifications(
  messages: readonly QueueMessage[],
  deps: NotifyDeps,
): Promise<void> {
  const orders: Delivered<OrderNotification>[] = [];
  const mails: Delivered<{ mailId: MailId }>[] = [];
  const unreadable: QueueMessage[] = [];
  for (const message of messages) {
    const parsed = NotificationMessage.safeParse(message.body);
    if (!parsed.success) unreadable.push(message);
    else if (parsed.data.kind === "order") orders.push({ message, said: parsed.data });
    else mails.push({ message, said: parsed.data });
  }
  if (unreadable.length > 0) await parkMessages(unreadable, { queue: NOTIFICATIONS, deps });
  await settle(orders, deps, (said) =>
    tellOrders(
      said.map(({ orderId }) => orderId),
      deps,
    ),
  );
  await settle(mails, deps, (said) =>
    sendMails(
      said.map(({ mailId }) => mailId),
      deps,
    ),
  );
}

type Delivered<Said> = { message: QueueMessage; said: Said };

async function settle<Said>(
  delivered: Delivered<Said>[],
  deps: NotifyDeps,
  act: (said: Said[]) => Promise<void>,
): Promise<void> {
  if (delivered.length === 0) return;
  try {
    await act(delivered.map(({ said }) => said));
    for (const { message } of delivered) message.ack();
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    deps.log({ level: "error", event: "notifications_failed", messages: delivered.length, error: reason });
    for (const { message } of delivered) retryLater(message, deps.random);
  }
}
