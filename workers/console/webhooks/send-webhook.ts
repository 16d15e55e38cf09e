import type { DeliveryId } from "../../../schema/events.ts";
import { guardUrl } from "../../../schema/guard-url.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { NotifyDeps } from "../notify/deps.ts";
import type { TryOutcome } from "./schedule.ts";
import { signedHeaders } from "./signing-keys.ts";

type Outgoing = { url: string; secrets: readonly string[]; deliveryId: DeliveryId; body: string };
type SendDeps = Pick<NotifyDeps, "fetch" | "toLoopback" | "clock">;

/**
 * One try. Only a 2xx has taken it; a redirect is a failure and is not followed. The address is judged again each time: what
 * was taken when it was given may be refused by now. Nothing of the answer's body is kept. Never throws.
 */
export async function sendWebhook(
  { url, secrets, deliveryId, body }: Outgoing,
  { fetch, toLoopback, clock }: SendDeps,
): Promise<TryOutcome> {
  const guarded = guardUrl(url, { toLoopback });
  if (!guarded.ok) return failed("address_refused");
  const nowMs = clock.now();
  try {
    const answer = await fetch(guarded.value.href, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "User-Agent": "Dropline-Webhooks/1",
        ...signedHeaders(secrets, { deliveryId, nowMs, body }),
      },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(LIMITS.webhookTimeoutMs),
    });
    await discard(answer.body);
    const { status } = answer;
    if (answer.ok) return { isTaken: true, status, reason: "taken", retryAfterMs: null };
    const reason = status >= 300 && status < 400 ? "redirected" : `status_${status}`;
    return {
      isTaken: false,
      status,
      reason,
      retryAfterMs: readRetryAfter(answer.headers.get("Retry-After")),
    };
  } catch (error) {
    const isLate = error instanceof Error && /^(?:Timeout|Abort)Error$/.test(error.name);
    return failed(isLate ? "timeout" : "unreachable");
  }
}

const failed = (reason: string): TryOutcome => ({ isTaken: false, status: null, reason, retryAfterMs: null });

/** The status has said it all; a short body is read to its end so that the connection can serve again. */
async function discard(body: ReadableStream<Uint8Array> | null): Promise<void> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (let bytes = 0; bytes <= LIMITS.webhookAnswerMaxBytes; ) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.byteLength;
    }
    await reader.cancel();
  } catch {
    // It hung or broke off after its status: that changes nothing about what the status said.
  }
}

/** Seconds alone; a date needs the other's clock. */
function readRetryAfter(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : null;
}
