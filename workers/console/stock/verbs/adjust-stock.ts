import type { DropId, SkuId } from "../../../../schema/ids.ts";
import { ok, type Result, refuse } from "../../../../schema/result.ts";
import type { Adjusted, StockChange } from "../../../../schema/rpc/sku-stock.ts";
import type { CorrectStockRequest } from "../../../../schema/stock.ts";
import type { Deps } from "../../deps.ts";
import type { ConsoleRefusal } from "../../refusal.ts";

type Asked = { dropId: DropId; skuId: SkuId; key: string; change: StockChange; reason: string };

/**
 * Corrects one SKU's stock, once for each key. Logged before the answer: when that fails the
 * caller sees an error, and its repeat changes no stock and completes the log.
 */
export async function adjustStock(
  deps: Pick<Deps, "state" | "records" | "nowMs">,
  { dropId, skuId, key, change, reason }: Asked,
): Promise<Result<Adjusted, ConsoleRefusal>> {
  const adjustmentId = `console:${key}`;
  const [answer] = await deps.state.adjustStock(dropId, skuId, [{ adjustmentId, change, reason }]);
  if (!answer) throw new Error("the stock gave no answer");
  if (!answer.ok) return refuse(answer.refusal);
  const { outcome, delta, short } = answer.value;
  await deps.records.appendOperatorLog({
    atMs: deps.nowMs(),
    actor: "operator",
    action: "correct_stock",
    subject: `${dropId}/${skuId}`,
    detail: JSON.stringify({ adjustmentId, change, reason, outcome, delta, short }),
  });
  return ok(answer.value);
}

export function toChange(request: CorrectStockRequest): StockChange {
  if (request.kind === "difference") return { kind: "difference", delta: request.delta };
  return { kind: "count", count: request.count, asOfMs: Date.parse(request.asOf) };
}
