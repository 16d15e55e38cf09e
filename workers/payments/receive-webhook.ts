import { Webhook } from "standardwebhooks";
import * as z from "zod";
import { OrderId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { AmountMinor, Currency } from "../../schema/money.ts";
import type { Refusal } from "../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../schema/result.ts";
import type { GatewayEvent } from "../../schema/rpc/payments.ts";
import type { Lifetime } from "../combine.ts";
import type { Deps } from "./deps.ts";
import type { Events } from "./events.ts";
import { TUNING } from "./tuning.ts";

const KINDS = {
  "payment.authorized": "authorized",
  "payment.captured": "captured",
  "payment.voided": "voided",
  "payment.refunded": "refunded",
  "session.expired": "session_expired",
} as const satisfies Record<string, GatewayEvent["kind"]>;

const Envelope = z.object({ type: z.string().max(TUNING.reasonMaxChars), data: z.unknown() });
const GatewayId = z.string().min(1).max(TUNING.gatewayIdMaxChars).nullable();
const EventData = z.object({
  order: OrderId,
  paymentId: GatewayId,
  sessionId: GatewayId,
  amountMinor: AmountMinor,
  currency: Currency,
  instrument: z.string().min(1).max(LIMITS.instrumentMaxChars).optional(),
  refundedMinor: AmountMinor.optional(),
});

export type WebhookRequest = {
  body: Uint8Array;
  /** The three headers of the Standard Webhooks specification; empty where they are missing. */
  id: string;
  timestamp: string;
  signature: string;
};

export type WebhookRefusal = Refusal<
  "signature_invalid" | "invalid_json" | "invalid_request" | "unavailable"
>;

/**
 * Takes in what the gateway says happened. Answers ok once the order's coordinator has it, and for events that are
 * none of ours; `unavailable` makes the gateway send it again. The signature covers id, time (five minutes' tolerance)
 * and body. It does not refuse a second delivery: the coordinator does nothing the second time.
 */
export async function receiveWebhook(
  request: WebhookRequest,
  deps: Pick<Deps, "webhookSecrets" | "log"> & { events: Events },
  lifetime: Lifetime,
): Promise<Result<null, WebhookRefusal>> {
  const text = verify(request, deps.webhookSecrets.sandbox);
  if (text === null) {
    deps.log({ level: "warn", event: "webhook_signature_invalid", gateway: "sandbox" });
    return refuse({ code: "signature_invalid" });
  }
  const event = readEvent(text);
  if (!event.ok) {
    deps.log({ level: "error", event: "webhook_unreadable", gateway: "sandbox", webhookId: request.id });
    return event;
  }
  if (event.value === null) return ok(null);
  const { orderId, kind } = event.value;
  const heard = await deps.events.submit(null, event.value, lifetime);
  if (!heard.ok) return refuse({ code: "unavailable", retryAfterMs: TUNING.webhookRetryMs });
  if (!heard.value)
    deps.log({ level: "error", event: "webhook_order_unknown", gateway: "sandbox", orderId, kind });
  return ok(null);
}

/** The body as text when its signature holds. Strict UTF-8 without dropping a mark: text and bytes stand for each other. */
function verify({ body, id, timestamp, signature }: WebhookRequest, secret: string): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
    const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
    new Webhook(secret).verify(text, headers, { jsonParse: false });
    return text;
  } catch {
    return null;
  }
}

/** null: an event of a kind that Dropline has no use for. */
function readEvent(text: string): Result<GatewayEvent | null, WebhookRefusal> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refuse({ code: "invalid_json" });
  }
  const envelope = Envelope.safeParse(json);
  if (!envelope.success) return refuse({ code: "invalid_request" });
  const { type, data } = envelope.data;
  if (!Object.hasOwn(KINDS, type)) return ok(null);
  const event = EventData.safeParse(data);
  if (!event.success) return refuse({ code: "invalid_request" });
  const { order, paymentId, sessionId, instrument, refundedMinor, ...amount } = event.data;
  const kind = KINDS[type as keyof typeof KINDS];
  return ok({
    orderId: order,
    kind,
    paymentRef: paymentId,
    sessionRef: sessionId,
    ...amount,
    ...(instrument === undefined ? {} : { instrument }),
    ...(refundedMinor === undefined ? {} : { refundedMinor }),
  });
}
