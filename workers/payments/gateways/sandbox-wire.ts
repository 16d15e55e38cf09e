import * as z from "zod";
import { LIMITS } from "../../../schema/limits.ts";
import { TUNING } from "../tuning.ts";

const Id = z.string().min(1).max(TUNING.gatewayIdMaxChars);

export const SessionOpened = z.object({
  id: Id,
  url: z.url({ protocol: /^https?$/ }).max(LIMITS.urlMaxChars),
});
export const SessionShown = z.object({
  id: Id,
  status: z.enum(["open", "authorized", "expired"]),
  paymentId: Id.nullable(),
  instrument: z.string().min(1).max(LIMITS.instrumentMaxChars).nullable(),
});
export const PaymentShown = z.object({
  id: Id,
  status: z.enum(["authorized", "captured", "voided", "refunded"]),
  order: z.string(),
  amountMinor: z.int(),
  refundedMinor: z.int(),
  instrument: z.string().min(1).max(LIMITS.instrumentMaxChars),
});
/** What was answered to a key: its HTTP status and body. */
export const OperationShown = z.object({ status: z.int().min(100).max(599), body: z.unknown() });
export const Refused = z.object({ error: z.object({ code: z.string().min(1).max(TUNING.reasonMaxChars) }) });

/** silent: nobody knows what the gateway did. Its answer was never heard, or is not JSON. */
export type Reply = { kind: "answered"; status: number; body: unknown } | { kind: "silent"; reason: string };

export type WireOptions = {
  url: string;
  apiKey: string;
  /** A function of its own, since workerd's `fetch` refuses another `this`. */
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  timeoutMs?: number;
};

export type WireRequest = {
  method: "GET" | "POST";
  path: string;
  key?: string;
  body?: Record<string, unknown>;
};

/** One request, answered or not within `LIMITS.gatewayTimeoutMs`, headers and body together. Never throws. */
export async function ask(
  { url, apiKey, fetch, timeoutMs }: WireOptions,
  request: WireRequest,
): Promise<Reply> {
  const headers: Record<string, string> = { authorization: `Bearer ${apiKey}`, accept: "application/json" };
  if (request.key !== undefined) headers["idempotency-key"] = request.key;
  if (request.body !== undefined) headers["content-type"] = "application/json";
  try {
    const response = await fetch(`${url}${request.path}`, {
      method: request.method,
      headers,
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs ?? LIMITS.gatewayTimeoutMs),
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    });
    return readReply(response.status, await response.text());
  } catch (error) {
    const isTimeout =
      error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError");
    return { kind: "silent", reason: isTimeout ? "timeout" : "network" };
  }
}

function readReply(status: number, text: string): Reply {
  // A refused key and a broken gateway say all in their status, whatever their body is.
  if (status === 401 || status === 403 || status === 429 || status >= 500)
    return { kind: "answered", status, body: null };
  if (text.length > TUNING.gatewayAnswerMaxChars) return { kind: "silent", reason: "unparsable" };
  try {
    return { kind: "answered", status, body: JSON.parse(text) };
  } catch {
    return { kind: "silent", reason: "unparsable" };
  }
}
