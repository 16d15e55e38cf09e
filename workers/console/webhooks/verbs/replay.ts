import type { DeliveryId } from "../../../../schema/events.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { ok, type Result, refuse } from "../../../../schema/result.ts";
import type { EndpointId, ReplayCursor, ReplayRequest } from "../../../../schema/webhooks.ts";
import type { Deps } from "../../deps.ts";
import type { ConsoleRefusal } from "../../refusal.ts";

/** Sends one delivery again, delivered or parked, under the webhook-id that it has. One that is on its way is left alone. */
export async function replayDelivery(
  deps: Deps,
  deliveryId: DeliveryId,
): Promise<Result<{ deliveryId: DeliveryId; state: "pending" }, ConsoleRefusal>> {
  const { webhooks } = deps.notify;
  const delivery = await webhooks.delivery(deliveryId);
  if (delivery === null) return refuse({ code: "delivery_not_found" });
  if ((await webhooks.endpoint(delivery.endpointId as EndpointId)) === null) {
    return refuse({ code: "endpoint_not_found" });
  }
  await again(deps, [deliveryId], deliveryId);
  return ok({ deliveryId, state: "pending" });
}

/** `next`: there may be more; ask again with it as `after`. */
export type Replayed = { replayed: number; next: ReplayCursor | null };

/** The same for what was made for one endpoint in [fromMs, toMs), oldest first, a bounded number a call. */
export async function replayRange(
  deps: Deps,
  { endpointId, range }: { endpointId: EndpointId; range: ReplayRequest },
): Promise<Result<Replayed, ConsoleRefusal>> {
  const { webhooks } = deps.notify;
  if ((await webhooks.endpoint(endpointId)) === null) return refuse({ code: "endpoint_not_found" });
  const { after = null, ...within } = range;
  const found = await webhooks.toReplay({ endpointId, ...within, after });
  const replayed = await again(
    deps,
    found.map(({ deliveryId }) => deliveryId),
    endpointId,
  );
  const last = found.length === LIMITS.replayRowsMax ? found.at(-1) : undefined;
  return ok({ replayed, next: last ?? null });
}

async function again(deps: Deps, deliveryIds: DeliveryId[], subject: string): Promise<number> {
  const { webhooks, clock, queueDeliveries } = deps.notify;
  const atMs = clock.now();
  const replayed = await webhooks.replay(deliveryIds, atMs);
  await deps.records.appendOperatorLog({
    atMs,
    actor: "operator",
    action: "replay_deliveries",
    subject,
    detail: JSON.stringify({ replayed: replayed.length }),
  });
  await queueDeliveries(replayed);
  return replayed.length;
}
