import { guardUrl } from "../../../../schema/guard-url.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { ok, type Result, refuse } from "../../../../schema/result.ts";
import type { WebhookEndpointRow } from "../../../../schema/tables.ts";
import type { EndpointId, EndpointRequest } from "../../../../schema/webhooks.ts";
import type { Deps } from "../../deps.ts";
import type { ConsoleRefusal } from "../../refusal.ts";
import { type EndpointAnswer, toEndpointAnswer } from "../answer.ts";
import { newKey, parseKeys, secretOf } from "../signing-keys.ts";

/** `secret` is shown when the endpoint is made, and never again: a lost one is rotated. */
export type EndpointPut = { isNew: boolean; answer: EndpointAnswer & { secret?: string } };

/** Makes an endpoint, or changes it: its keys stay, its failing is forgotten when it is switched on. */
export async function putEndpoint(
  deps: Deps,
  { endpointId, request }: { endpointId: EndpointId; request: EndpointRequest },
): Promise<Result<EndpointPut, ConsoleRefusal>> {
  const { webhooks, webhookKeys, toLoopback, clock, randomHex } = deps.notify;
  const guarded = guardUrl(request.url, { toLoopback });
  if (!guarded.ok) {
    return refuse({ code: "invalid_request", errors: [{ path: "url", message: guarded.refusal.reason }] });
  }
  const before = await webhooks.endpoint(endpointId);
  if (before === null && (await webhooks.allEndpoints()).length >= LIMITS.webhookEndpointsMax) {
    return refuse({ code: "too_many_endpoints" });
  }
  const nowMs = clock.now();
  const keys = before ? parseKeys(before.keys) : [newKey({ kid: webhookKeys.signingKid, nowMs, randomHex })];
  const row: WebhookEndpointRow = {
    endpointId,
    url: guarded.value.href,
    description: request.description,
    eventTypes: JSON.stringify(request.eventTypes),
    keys: JSON.stringify(keys),
    isEnabled: request.isEnabled,
    disabledReason: request.isEnabled ? null : "operator",
    failingSinceMs: request.isEnabled ? null : (before?.failingSinceMs ?? null),
    createdAtMs: before?.createdAtMs ?? nowMs,
    updatedAtMs: nowMs,
  };
  await webhooks.saveEndpoint(row);
  await deps.records.appendOperatorLog({
    atMs: nowMs,
    actor: "operator",
    action: "put_webhook_endpoint",
    subject: endpointId,
    detail: JSON.stringify({ url: row.url, eventTypes: request.eventTypes, isEnabled: request.isEnabled }),
  });
  const answer = toEndpointAnswer(row, nowMs);
  const [key] = keys;
  if (before !== null || key === undefined) return ok({ isNew: false, answer });
  return ok({ isNew: true, answer: { ...answer, secret: await secretOf(webhookKeys, endpointId, key) } });
}
