import { Webhook } from "standardwebhooks";
import type { DropId } from "../../../../schema/ids.ts";
import { ok, type Result, refuse } from "../../../../schema/result.ts";
import type { AdjustAnswer, StockChange } from "../../../../schema/rpc/sku-stock.ts";
import { type StockSyncAnswer, StockSyncRequest } from "../../../../schema/stock.ts";
import type { Deps } from "../../deps.ts";
import type { ConsoleRefusal } from "../../refusal.ts";
import { check } from "../../request.ts";

/** The body as it came, and the three headers of the Standard Webhooks specification; empty where they are missing. */
export type SignedRequest = { body: Uint8Array; id: string; timestamp: string; signature: string };

type Item = StockSyncRequest["items"][number];

/**
 * Takes in what a warehouse's system says of the stock. The signature covers id, time (five minutes' tolerance) and body.
 * Each item is made once for each webhook-id, so a delivery that failed half way is simply sent again. Without a secret
 * there is no such door.
 */
export async function syncStock(
  deps: Pick<Deps, "state" | "records" | "nowMs" | "stockSyncSecret">,
  dropId: DropId,
  request: SignedRequest,
): Promise<Result<StockSyncAnswer, ConsoleRefusal>> {
  if (deps.stockSyncSecret === null) return refuse({ code: "not_found" });
  const text = verify(request, deps.stockSyncSecret);
  if (text === null) return refuse({ code: "signature_invalid" });
  const read = readItems(text);
  if (!read.ok) return read;
  const items = await Promise.all(
    read.value.items.map(async (item) => {
      const adjustment = { adjustmentId: `sync:${request.id}`, change: toChange(item), reason: "stock sync" };
      const [answer] = await deps.state.adjustStock(dropId, item.skuId, [adjustment]);
      return toAnswer(item, answer);
    }),
  );
  await deps.records.appendOperatorLog({
    atMs: deps.nowMs(),
    actor: "stock-sync",
    action: "sync_stock",
    subject: dropId,
    detail: JSON.stringify({
      webhookId: request.id,
      outcomes: items.map(({ skuId, outcome }) => [skuId, outcome]),
    }),
  });
  return ok({ items });
}

function toChange(item: Item): StockChange {
  if ("difference" in item) return { kind: "difference", delta: item.difference };
  return { kind: "count", count: item.count, asOfMs: Date.parse(item.asOf) };
}

/** What may pass is no answer to an item: the whole delivery is to come again. */
function toAnswer({ skuId }: Item, answer: AdjustAnswer | undefined): StockSyncAnswer["items"][number] {
  if (answer?.ok) return { skuId, ...answer.value };
  if (!answer || answer.refusal.code === "internal") throw new Error(`the stock of ${skuId} gave no answer`);
  const { code, detail } = answer.refusal;
  return { skuId, outcome: "refused", code, ...(detail === undefined ? {} : { detail }) };
}

/** The body as text when its signature holds. Strict UTF-8 without dropping a mark: text and bytes stand for each other. */
function verify({ body, id, timestamp, signature }: SignedRequest, secret: string): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
    const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
    new Webhook(secret).verify(text, headers, { jsonParse: false });
    return text;
  } catch {
    return null;
  }
}

function readItems(text: string): Result<StockSyncRequest, ConsoleRefusal> {
  try {
    return check(StockSyncRequest, JSON.parse(text));
  } catch {
    return refuse({ code: "invalid_json" });
  }
}
