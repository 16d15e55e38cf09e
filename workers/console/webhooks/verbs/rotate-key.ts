import { ok, type Result, refuse } from "../../../../schema/result.ts";
import type { EndpointId } from "../../../../schema/webhooks.ts";
import type { Deps } from "../../deps.ts";
import type { ConsoleRefusal } from "../../refusal.ts";
import { type EndpointAnswer, toEndpointAnswer } from "../answer.ts";
import { parseKeys, rotated, secretOf } from "../signing-keys.ts";

/**
 * Draws a new key, shows its secret once, and lets the one before sign beside it for `keepOldMs`. Not a repeat-safe act: a
 * second rotation ends the oldest key. Two at once: one of them is refused.
 */
export async function rotateKey(
  deps: Deps,
  { endpointId, keepOldMs }: { endpointId: EndpointId; keepOldMs: number },
): Promise<Result<EndpointAnswer & { secret: string }, ConsoleRefusal>> {
  const { webhooks, webhookKeys, clock, randomHex } = deps.notify;
  const row = await webhooks.endpoint(endpointId);
  if (row === null) return refuse({ code: "endpoint_not_found" });
  const nowMs = clock.now();
  const keys = rotated(parseKeys(row.keys), keepOldMs, { kid: webhookKeys.signingKid, nowMs, randomHex });
  const to = JSON.stringify(keys);
  if (!(await webhooks.saveKeys(endpointId, { from: row.keys, to, atMs: nowMs }))) {
    return refuse({ code: "request_in_progress" });
  }
  await deps.records.appendOperatorLog({
    atMs: nowMs,
    actor: "operator",
    action: "rotate_webhook_key",
    subject: endpointId,
    detail: JSON.stringify({ keepOldMs }),
  });
  const [latest] = keys;
  if (latest === undefined) throw new Error("a rotation leaves a key");
  const secret = await secretOf(webhookKeys, endpointId, latest);
  return ok({ ...toEndpointAnswer({ ...row, keys: to, updatedAtMs: nowMs }, nowMs), secret });
}
