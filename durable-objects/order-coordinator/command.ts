import { LIMITS } from "../../schema/limits.ts";
import type { OrderCommand, OrderCommandRefusal } from "../../schema/rpc/order-commands.ts";
import { decideAct } from "./after-sale.ts";
import type { OrderStore } from "./store.ts";

/**
 * Carries out what a shopper or the brand asks of an order, once: the order's facts and the note of the command are one
 * write. null: it is carried out, now or by an earlier try. What it leads to, money and units, follows by itself.
 */
export function takeCommand(
  store: Pick<OrderStore, "load" | "save" | "command" | "commandCount">,
  command: OrderCommand,
  nowMs: number,
): OrderCommandRefusal | null {
  const { orderId, commandId, fingerprint, shopperId, act } = command;
  const record = store.load(orderId);
  if (!record || (shopperId !== null && record.request.shopperId !== shopperId))
    return { code: "order_not_found" };
  const before = store.command(orderId, commandId);
  if (before !== null) return before === fingerprint ? null : { code: "idempotency_key_reused" };
  if (store.commandCount(orderId) >= LIMITS.orderCommandsMax) return { code: "too_many_commands" };
  const { dropId, cancelWindowMs } = record.request;
  const decided = decideAct(record.facts, { act, commandId, dropId, cancelWindowMs }, nowMs);
  if (!decided.ok) return decided.refusal;
  store.save(record, decided.value, nowMs, command);
  return null;
}
