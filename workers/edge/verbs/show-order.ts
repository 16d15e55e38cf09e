import type { OrderAnswer } from "../../../schema/http.ts";
import { OrderId, type ShopperId, shardOfOrder } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { type Result, refuse } from "../../../schema/result.ts";
import type { Refusal } from "../../../schema/rpc.ts";
import { callState } from "../call-state.ts";
import type { Act } from "../edge.ts";

/** An order as it stands, for its own shopper; somebody else's is as good as none. */
export async function showOrder(
  { edge }: Act,
  asked: { orderId: string; shopperId: ShopperId },
): Promise<Result<OrderAnswer, Refusal<"order_not_found" | "unavailable">>> {
  const orderId = OrderId.safeParse(asked.orderId);
  if (!orderId.success || shardOfOrder(orderId.data) >= LIMITS.orderShardCount)
    return refuse({ code: "order_not_found" });
  const called = await callState(edge, "order", (state) => state.order(orderId.data, asked.shopperId));
  return called.ok ? called.value : called;
}
