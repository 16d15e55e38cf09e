import type { GatewayProbe } from "../../../schema/preflight.ts";
import { Refused, type WireOptions } from "./sandbox-wire.ts";

/** A payment that no gateway ever made. */
const PATH = "/v1/payments/preflight";
/** A person waits for the answer, and a gateway that needs longer is not ready for a crowd. */
const PATIENCE_MS = 5_000;

/** Asks for a payment that is not there: an answer of "not found" shows that the gateway answers and takes our key. Moves nothing. */
export async function probeSandbox(
  { url, apiKey, fetch }: WireOptions,
  nowMs: () => number,
): Promise<GatewayProbe> {
  const askedAtMs = nowMs();
  try {
    const response = await fetch(`${url}${PATH}`, {
      method: "GET",
      headers: { authorization: `Bearer ${apiKey}`, accept: "application/json" },
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const refused = Refused.safeParse(await response.json());
    const clockMs = Date.parse(response.headers.get("date") ?? "");
    const reading = Number.isNaN(clockMs) ? null : { askedAtMs, heardAtMs: nowMs(), clockMs };
    return { gateway: "sandbox", reading, refusal: refusalOf(response.status, refused.data?.error.code) };
  } catch (error) {
    const reason = error instanceof Error && error.name === "TimeoutError" ? "in time" : "at all";
    return { gateway: "sandbox", reading: null, refusal: `does not answer ${reason}: is SANDBOX_URL right?` };
  }
}

function refusalOf(status: number, code: string | undefined): string | null {
  if (status === 404 && code === "payment_not_found") return null;
  if (status === 401) return "does not take our key: SANDBOX_API_KEY is another one than the gateway's";
  return `answers with status ${status}, which no gateway should`;
}
