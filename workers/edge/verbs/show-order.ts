import type { OrderAnswer } from "../../../schema/http.ts";
import { OrderId, type ShopperId } from "../../../schema/ids.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { type Result, refuse } from "../../../schema/result.ts";
import { type Act, readInShard } from "../edge.ts";

/** An order as it stands, for its own shopper; somebody else's is as good as none. */
export async function showOrder(
  act: Act,
  asked: { orderId: string; shopperId: ShopperId },
): Promise<Result<OrderAnswer, Refusal<"order_not_found" | "unavailable">>> {
  const orderId = OrderId.safeParse(asked.orderId);
  if (!orderId.success) return refuse({ code: "order_not_found" });
  const submitted = await readInShard(act, { orderId: orderId.data, shopperId: asked.shopperId });
  return submitted.ok ? submitted.value : submitted;
}
