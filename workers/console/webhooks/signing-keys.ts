import { Webhook } from "standardwebhooks";
import * as z from "zod";
import type { DeliveryId } from "../../../schema/events.ts";
import { type EndpointId, EndpointKey } from "../../../schema/webhooks.ts";
import type { Keyset } from "../../edge/keyset.ts";

const EndpointKeys = z.array(EndpointKey).min(1).max(2);
const SALT_BYTES = 16;

export const parseKeys = (json: string): EndpointKey[] => EndpointKeys.parse(JSON.parse(json));

type Drawn = { kid: string; nowMs: number; randomHex(bytes: number): string };

export function newKey({ kid, nowMs, randomHex }: Drawn): EndpointKey {
  return { kid, salt: randomHex(SALT_BYTES), createdAtMs: nowMs, retiresAtMs: null };
}

/** A new key in front; the one that was there signs beside it for `keepOldMs`, and any before that one ends now. */
export function rotated(keys: readonly EndpointKey[], keepOldMs: number, drawn: Drawn): EndpointKey[] {
  const [latest] = keys;
  const fresh = newKey(drawn);
  if (latest === undefined || keepOldMs === 0) return [fresh];
  return [fresh, { ...latest, retiresAtMs: drawn.nowMs + keepOldMs }];
}

/** The keys that sign at this moment, newest first: never none, for the newest never retires. */
export function signingNow(keys: readonly EndpointKey[], nowMs: number): EndpointKey[] {
  return keys.filter(({ retiresAtMs }) => retiresAtMs === null || retiresAtMs > nowMs);
}

/**
 * `whsec_` and 32 bytes: HMAC of the keyset's key over the endpoint and the key's salt. Stored nowhere, so that a copy of
 * the database signs nothing. Dropping a kid from the keyset ends every secret that was made with it.
 */
export async function secretOf(
  keyset: Keyset,
  endpointId: EndpointId,
  { kid, salt }: EndpointKey,
): Promise<string> {
  const key = await keyset.key(kid);
  if (key === undefined) throw new Error(`WEBHOOK_KEYS has no key ${kid}, which an endpoint signs with`);
  const named = new TextEncoder().encode(`dropline/webhook/1\n${endpointId}\n${salt}`);
  return `whsec_${Buffer.from(await crypto.subtle.sign("HMAC", key, named)).toString("base64")}`;
}

/** The three headers of the Standard Webhooks specification: one signature for each secret, newest first. */
export function signedHeaders(
  secrets: readonly string[],
  { deliveryId, nowMs, body }: { deliveryId: DeliveryId; nowMs: number; body: string },
): Record<string, string> {
  const at = new Date(nowMs);
  return {
    "webhook-id": deliveryId,
    "webhook-timestamp": String(Math.floor(nowMs / 1_000)),
    "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(deliveryId, at, body)).join(" "),
  };
}
