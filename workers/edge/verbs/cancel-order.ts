import type { CancelRequest } from "../../../schema/http.ts";
import { type OrderId, type ShopperId, shardOfOrder } from "../../../schema/ids.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import type { Result } from "../../../schema/result.ts";
import type { CancelAnswer } from "../../../schema/rpc/order-commands.ts";
import { callState } from "../call-state.ts";
import { fingerprintOf } from "../derive.ts";
import type { Act } from "../edge.ts";

/**
 * Gives up an order for its own shopper: what was not captured is voided, what was goes back, and the units with it. The
 * repeat gets the order as it stands.
 */
export async function cancelOrder(
  { edge }: Act,
  asked: { orderId: OrderId; shopperId: ShopperId; key: string; request: CancelRequest },
): Promise<CancelAnswer | Result<never, Refusal<"unavailable">>> {
  const { orderId, shopperId, key } = asked;
  const item = { orderId, shopperId, commandId: `shopper:${key}`, fingerprint: fingerprintOf(asked.request) };
  const called = await callState(edge, "cancelOrders", (state) =>
    state.cancelOrders(shardOfOrder(orderId), [item]),
  );
  if (!called.ok) return called;
  const [answer] = called.value;
  if (!answer) throw new Error("the order gave no answer");
  return answer;
}
