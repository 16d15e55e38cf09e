import { createHmac } from "node:crypto";
import type { Ledger } from "./ledger.ts";

const CONCURRENCY = 16;
const TICK_MS = 100;
const ATTEMPT_TIMEOUT_MS = 10_000;
const TRIES_MAX = 12;
const RETRY_BASE_MS = 500;
const RETRY_MAX_MS = 60_000;

/** The three headers of the Standard Webhooks specification; `timestamp` is when this attempt is made. */
export function signWebhook(
  secret: string,
  { messageId, body, nowMs }: { messageId: string; body: string; nowMs: number },
) {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const timestamp = String(Math.floor(nowMs / 1_000));
  const signature = createHmac("sha256", key).update(`${messageId}.${timestamp}.${body}`).digest("base64");
  return { "webhook-id": messageId, "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}` };
}

export interface Courier {
  /** There is something new to deliver. */
  wake(): void;
  close(): void;
}

interface CourierOptions {
  ledger: Ledger;
  url: string | null;
  secret: string;
  nowMs: () => number;
}

/** Delivers the outbox at least once, each message until a 2xx or `TRIES_MAX` failures. What was not confirmed goes out again after a restart. */
export function startCourier({ ledger, url, secret, nowMs }: CourierOptions): Courier {
  const inFlight = new Set<number>();
  let isAwake = false;
  let isClosed = false;
  if (url === null) return { wake() {}, close() {} };
  const target = url;

  function pump(): void {
    isAwake = false;
    if (isClosed || inFlight.size >= CONCURRENCY) return;
    for (const delivery of ledger.dueDeliveries(nowMs(), 2 * CONCURRENCY)) {
      if (inFlight.size >= CONCURRENCY) return;
      if (inFlight.has(delivery.row)) continue;
      inFlight.add(delivery.row);
      void deliver(delivery);
    }
  }

  async function deliver({
    row,
    messageId,
    body,
    tries,
  }: {
    row: number;
    messageId: string;
    body: string;
    tries: number;
  }) {
    const isDelivered = await attempt(messageId, body);
    if (isClosed) return;
    const failedState = tries + 1 >= TRIES_MAX ? "abandoned" : "pending";
    const backoffMs = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** tries);
    ledger.settleDelivery({
      row,
      state: isDelivered ? "delivered" : failedState,
      nextAtMs: nowMs() + backoffMs,
    });
    inFlight.delete(row);
    wake();
  }

  async function attempt(messageId: string, body: string): Promise<boolean> {
    try {
      const response = await fetch(target, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...signWebhook(secret, { messageId, body, nowMs: nowMs() }),
        },
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS),
      });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }

  function wake(): void {
    if (isAwake || isClosed) return;
    isAwake = true;
    setImmediate(pump);
  }

  const ticking = setInterval(pump, TICK_MS);
  return {
    wake,
    close() {
      isClosed = true;
      clearInterval(ticking);
    },
  };
}
