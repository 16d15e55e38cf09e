import { type DeliveryId, DeliveryMessage } from "../../../schema/events.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { WebhookEndpointRow } from "../../../schema/tables.ts";
import type { EndpointId } from "../../../schema/webhooks.ts";
import { type QueueMessage, retryLater } from "../../queue/message.ts";
import { parkMessages } from "../../queue/park.ts";
import { createSlots } from "../../queue/slots.ts";
import type { NotifyDeps } from "../notify/deps.ts";
import { healthAfter, judge, type TryOutcome, type Verdict } from "./schedule.ts";
import { sendWebhook } from "./send-webhook.ts";
import { parseKeys, secretOf, signingNow } from "./signing-keys.ts";
import type { EndpointHealth, Job, Noted } from "./store.ts";

export const WEBHOOKS = "dropline-webhooks";

/** The platform keeps six connections open for one invocation. */
const CONCURRENCY = 6;

type Tried = { job: Job; outcome: TryOutcome | null; verdict: Verdict };

/**
 * Tries the deliveries of one batch. The row decides, not the message: only what is due is tried, by one consumer at a time,
 * and what waits for its next try is messaged again by then. A crash in between costs a lease's time and perhaps a repeat
 * under the same webhook-id. Never throws.
 */
export async function runDeliveries(messages: readonly QueueMessage[], deps: NotifyDeps): Promise<void> {
  const byId = new Map<DeliveryId, QueueMessage>();
  const unreadable: QueueMessage[] = [];
  for (const message of messages) {
    const parsed = DeliveryMessage.safeParse(message.body);
    if (!parsed.success) unreadable.push(message);
    else if (byId.has(parsed.data.deliveryId)) message.ack();
    else byId.set(parsed.data.deliveryId, message);
  }
  if (unreadable.length > 0) await parkMessages(unreadable, { queue: WEBHOOKS, deps });
  try {
    const delays = await tryAll([...byId.keys()], deps);
    for (const [deliveryId, message] of byId) {
      const delayMs = delays.get(deliveryId);
      if (delayMs === undefined) message.ack();
      else message.retry({ delaySeconds: Math.ceil(delayMs / 1_000) });
    }
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    deps.log({ level: "error", event: "deliveries_failed", messages: byId.size, error: reason });
    for (const message of byId.values()) retryLater(message, deps.random);
  }
}

/** How long those wait that are to be tried again. */
async function tryAll(deliveryIds: DeliveryId[], deps: NotifyDeps): Promise<Map<DeliveryId, number>> {
  const nowMs = deps.clock.now();
  const jobs = await deps.webhooks.claim(deliveryIds, { nowMs, leaseUntilMs: nowMs + LIMITS.webhookLeaseMs });
  const inSlot = createSlots(CONCURRENCY);
  const tried = await Promise.all(jobs.map((job) => inSlot(() => tryOne(job, deps), { isUrgent: false })));
  const endedAtMs = deps.clock.now();
  await deps.webhooks.note(
    tried.map((one) => toNoted(one, endedAtMs)),
    healthOf(tried, endedAtMs, deps),
  );
  return new Map(
    tried.flatMap(({ job, verdict }) =>
      verdict.state === "pending" ? [[job.delivery.deliveryId as DeliveryId, verdict.delayMs]] : [],
    ),
  );
}

async function tryOne(job: Job, deps: NotifyDeps): Promise<Tried> {
  const { delivery, endpoint } = job;
  const parked = (reason: string): Tried => ({ job, outcome: null, verdict: { state: "parked", reason } });
  if (endpoint === null) return parked("endpoint_deleted");
  if (!endpoint.isEnabled) return parked("endpoint_disabled");
  const outcome = await send(job, endpoint, deps);
  return { job, outcome, verdict: judge(outcome, delivery.tries, deps.random) };
}

/** A key that is gone from the keyset is this endpoint's trouble alone. */
async function send(
  { delivery, body }: Job,
  endpoint: WebhookEndpointRow,
  deps: NotifyDeps,
): Promise<TryOutcome> {
  const endpointId = endpoint.endpointId as EndpointId;
  const keys = signingNow(parseKeys(endpoint.keys), deps.clock.now());
  try {
    const secrets = await Promise.all(keys.map((key) => secretOf(deps.webhookKeys, endpointId, key)));
    const deliveryId = delivery.deliveryId as DeliveryId;
    return await sendWebhook({ url: endpoint.url, secrets, deliveryId, body }, deps);
  } catch (error) {
    deps.log({ level: "error", event: "webhook_not_signed", endpointId, error: String(error) });
    return { isTaken: false, status: null, reason: "not_signed", retryAfterMs: null };
  }
}

function toNoted({ job: { delivery }, outcome, verdict }: Tried, atMs: number): Noted {
  return {
    deliveryId: delivery.deliveryId,
    state: verdict.state,
    tries: delivery.tries,
    nextAtMs: verdict.state === "pending" ? atMs + verdict.delayMs : atMs,
    lastStatus: outcome?.status ?? null,
    lastReason: verdict.state === "parked" ? verdict.reason : (outcome?.reason ?? null),
    updatedAtMs: atMs,
  };
}

/** Only what changes: an endpoint that goes on well costs no row. */
function healthOf(tried: Tried[], atMs: number, deps: NotifyDeps): EndpointHealth[] {
  const byEndpoint = Map.groupBy(
    tried.filter(({ outcome }) => outcome !== null),
    ({ job }) => job.delivery.endpointId,
  );
  return [...byEndpoint].flatMap(([endpointId, some]) => {
    const before = some[0]?.job.endpoint?.failingSinceMs ?? null;
    const outcomes = some.flatMap(({ outcome }) => outcome ?? []);
    const { failingSinceMs, disabledReason } = healthAfter(before, outcomes, atMs);
    if (failingSinceMs === before && disabledReason === null) return [];
    if (disabledReason !== null)
      deps.log({ level: "error", event: "webhook_endpoint_disabled", endpointId, disabledReason });
    return [{ endpointId, failingSinceMs, disabledReason, atMs }];
  });
}
