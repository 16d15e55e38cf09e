import { ok, type Result, refuse } from "../../../../schema/result.ts";
import type { EndpointId } from "../../../../schema/webhooks.ts";
import type { Deps } from "../../deps.ts";
import type { ConsoleRefusal } from "../../refusal.ts";

/** Forgets an endpoint and its keys; what was on its way to it is parked, and stays to be seen. */
export async function deleteEndpoint(
  deps: Deps,
  endpointId: EndpointId,
): Promise<Result<null, ConsoleRefusal>> {
  const { webhooks, clock } = deps.notify;
  if ((await webhooks.endpoint(endpointId)) === null) return refuse({ code: "endpoint_not_found" });
  const atMs = clock.now();
  await webhooks.deleteEndpoint(endpointId, atMs);
  await deps.records.appendOperatorLog({
    atMs,
    actor: "operator",
    action: "delete_webhook_endpoint",
    subject: endpointId,
    detail: "{}",
  });
  return ok(null);
}
