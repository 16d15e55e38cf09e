import { OrderId } from "../../schema/ids.ts";
import type { ParkedMessageRow } from "../../schema/tables.ts";
import type { Deps } from "./deps.ts";
import { type QueueMessage, retryLater } from "./queue-message.ts";

type ParkDeps = Pick<Deps, "parking" | "clock" | "random" | "log">;

/**
 * Messages that failed for good become rows that a person sees. Each is acknowledged only after its row is in, and
 * retried when that fails. A repeat keeps the first row. What is done about them is the console's to decide.
 */
export async function parkDeadLetters(messages: readonly QueueMessage[], deps: ParkDeps): Promise<void> {
  await parkMessages(messages, { queue: "dropline-payments-dead", deps });
}

/** The same for messages that nobody can read, straight from the queue they came by. */
export async function parkMessages(
  messages: readonly QueueMessage[],
  { queue, deps }: { queue: string; deps: ParkDeps },
): Promise<void> {
  const parkedAtMs = deps.clock.now();
  const ids = messages.map(({ id }) => id);
  try {
    await deps.parking.park(messages.map((message) => toRow(message, queue, parkedAtMs)));
  } catch (error) {
    deps.log({ level: "error", event: "parking_failed", queue, ids, error: String(error) });
    for (const message of messages) retryLater(message, deps.random);
    return;
  }
  deps.log({ level: "error", event: "messages_parked", queue, ids });
  for (const message of messages) message.ack();
}

function toRow({ id, body }: QueueMessage, queue: string, parkedAtMs: number): ParkedMessageRow {
  return { messageId: id, queue, body: textOf(body), orderId: orderOf(body), parkedAtMs, redrivenAtMs: null };
}

function textOf(body: unknown): string {
  try {
    return JSON.stringify(body) ?? String(body);
  } catch {
    return String(body);
  }
}

function orderOf(body: unknown): string | null {
  if (typeof body !== "object" || body === null || !("orderId" in body)) return null;
  const orderId = OrderId.safeParse(body.orderId);
  return orderId.success ? orderId.data : null;
}
