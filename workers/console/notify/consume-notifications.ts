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
  await settle(orders, deps, async (said) => {
    const untold = new Set(
      await tellOrders(
        said.map(({ orderId }) => orderId),
        deps,
      ),
    );
    return ({ orderId }) => !untold.has(orderId);
  });
  await settle(mails, deps, async (said) => {
    await sendMails(
      said.map(({ mailId }) => mailId),
      deps,
    );
    return () => true;
  });
}

type Delivered<Said> = { message: QueueMessage; said: Said };

/** `act` tells of which messages its rows say all by now; the others come back. */
async function settle<Said>(
  delivered: Delivered<Said>[],
  deps: NotifyDeps,
  act: (said: Said[]) => Promise<(said: Said) => boolean>,
): Promise<void> {
  if (delivered.length === 0) return;
  try {
    const isDone = await act(delivered.map(({ said }) => said));
    for (const { message, said } of delivered) {
      if (isDone(said)) message.ack();
      else retryLater(message, deps.random);
    }
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    deps.log({ level: "error", event: "notifications_failed", messages: delivered.length, error: reason });
    for (const { message } of delivered) retryLater(message, deps.random);
  }
}
