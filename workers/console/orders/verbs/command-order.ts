import { createHash } from "node:crypto";
import { canonicalJson } from "../../../../schema/canonical-json.ts";
import type { OrderAnswer } from "../../../../schema/http.ts";
import type { Fingerprint, OrderId } from "../../../../schema/ids.ts";
import type {
  CancelOrderRequest,
  RefundRequest,
  ShipmentRequest,
} from "../../../../schema/order-commands.ts";
import { ok, type Result, refuse } from "../../../../schema/result.ts";
import type { OrderAct } from "../../../../schema/rpc/order-commands.ts";
import type { Deps } from "../../deps.ts";
import type { ConsoleRefusal } from "../../refusal.ts";

const ACTIONS = {
  cancel: "cancel_order",
  refund: "refund_order",
  ship: "ship_order",
  return: "return_units",
} as const;

/**
 * Asks something of one order, once for each key: the same key with anything else is refused. Logged before the answer:
 * when that fails the caller sees an error, and its repeat changes nothing of the order and completes the log.
 */
export async function commandOrder(
  deps: Pick<Deps, "state" | "records" | "nowMs">,
  { orderId, key, act }: { orderId: OrderId; key: string; act: OrderAct },
): Promise<Result<OrderAnswer, ConsoleRefusal>> {
  const commandId = toCommandId(key);
  const fingerprint = createHash("sha256").update(canonicalJson(act)).digest("hex") as Fingerprint;
  const answer = await deps.state.commandOrder({ orderId, commandId, fingerprint, act });
  if (!answer.ok) return refuse(answer.refusal);
  await deps.records.appendOperatorLog({
    atMs: deps.nowMs(),
    actor: "operator",
    action: ACTIONS[act.kind],
    subject: orderId,
    detail: JSON.stringify({ commandId, act }),
  });
  return ok(answer.value);
}

/** A key is the console's own: a shopper's with the same letters names another command. */
export const toCommandId = (key: string): string => `console:${key}`;

export function toCancel({ reason, restock }: CancelOrderRequest): OrderAct {
  return { kind: "cancel", by: "brand", restock, reason };
}

export function toRefund({ amountMinor, lines, restock, reason }: RefundRequest): OrderAct {
  return { kind: "refund", amountMinor: amountMinor ?? null, lines: lines ?? [], restock, reason };
}

export function toShipment({ carrier, trackingNumber, trackingUrl, lines }: ShipmentRequest): OrderAct {
  return { kind: "ship", carrier, trackingNumber, trackingUrl: trackingUrl ?? null, lines: lines ?? null };
}
