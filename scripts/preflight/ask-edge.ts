import { setTimeout as sleep } from "node:timers/promises";
import { LIMITS } from "../../schema/limits.ts";
import type { EdgeSeen } from "./decide.ts";

const TIMEOUT_MS = 10_000;
/** A copy at the edge, or its word that there is no such drop, is renewed behind the first who asks after its time. */
const LOOKS_MAX = 4;

/**
 * Asks the storefront as a shopper would: for a session, which it does not use, and for the drop, until that is the version
 * that is published or copies had time to be renewed. Never throws.
 */
export async function askEdge(
  edge: string,
  dropId: string,
  publishedVersion: string | null,
): Promise<EdgeSeen> {
  const ask = async (method: "GET" | "POST", path: string) => {
    const init = { method, signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error" as const };
    const response = await fetch(`${edge}${path}`, init);
    const body = (await response.json().catch(() => ({}))) as {
      version?: string;
      detail?: string;
      title?: string;
    };
    const detail = response.ok ? null : (body.detail ?? body.title ?? null);
    return { status: response.status, version: body.version ?? null, detail };
  };
  try {
    const session = await ask("POST", "/v1/sessions");
    let drop = await ask("GET", `/v1/drops/${dropId}`);
    for (let looks = 1; drop.version !== publishedVersion && looks < LOOKS_MAX; looks += 1) {
      await sleep(LIMITS.snapshotTtlMs);
      drop = await ask("GET", `/v1/drops/${dropId}`);
    }
    return { isReached: true, drop, session };
  } catch (error) {
    const { cause, message } = error as Error;
    return {
      isReached: false,
      reason: cause instanceof Error && "code" in cause ? String(cause.code) : message,
    };
  }
}
