import type { DropId, SkuId } from "../../../../schema/ids.ts";
import { ok, type Result, refuse } from "../../../../schema/result.ts";
import type { Adjusted } from "../../../../schema/rpc/sku-stock.ts";
import { orderReturnId, type ReturnRequest } from "../../../../schema/stock.ts";
import type { Deps } from "../../deps.ts";
import { commandOrder, toCommandId } from "../../orders/verbs/command-order.ts";
import type { ConsoleRefusal } from "../../refusal.ts";

type Asked = { dropId: DropId; skuId: SkuId; key: string; request: ReturnRequest };

/**
 * Takes bought units of an order back, once for each key. The order is told first, for its limits and later refunds reckon
 * with what came back; it brings the units to the stock. That is asked here again under the same id: so the answer has the
 * level, and the units are there also when the order could not reach them yet.
 */
export async function returnUnits(
  deps: Pick<Deps, "state" | "records" | "nowMs">,
  { dropId, skuId, key, request }: Asked,
): Promise<Result<Adjusted, ConsoleRefusal>> {
  const { orderId, quantity, isResellable, reason } = request;
  const act = { kind: "return", dropId, line: { skuId, quantity }, isResellable, reason } as const;
  const noted = await commandOrder(deps, { orderId, key, act });
  if (!noted.ok) return noted;
  const adjustmentId = orderReturnId(orderId, toCommandId(key));
  const change = { kind: "return", orderId, quantity, isResellable } as const;
  const [answer] = await deps.state.adjustStock(dropId, skuId, [{ adjustmentId, change, reason }]);
  if (!answer) throw new Error("the stock gave no answer");
  return answer.ok ? ok(answer.value) : refuse(answer.refusal);
}
