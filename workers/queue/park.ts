import { OrderId } from "../../schema/ids.ts";
import type { ParkedMessageRow } from "../../schema/tables.ts";
import { type QueueMessage, retryLater } from "./message.ts";
import type { Parking } from "./store.ts";

type ParkDeps = {
  parking: Parking;
  clock: { now(): number };
  random(): number;
  log(entry: { level: "error"; event: string; [field: string]: unknown }): void;
};

/**
 * Messages that failed for good, or that nobody can read, become rows that a person sees. Each is acknowledged only after
 * its row is in, and retried when that fails. A repeat keeps the first row.
 */
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
