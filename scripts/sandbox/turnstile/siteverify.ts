import { DUMMY_TOKEN, OWN_KEYS, TEST_KEYS, tokenTtlMs } from "./keys.ts";

type Verdict = { status: number; body: Record<string, unknown> };

/** What a token of the stand-in's own says, as its widget wrote it. */
type Solved = { nonce: string; hostname: string; action: string; cdata: string; atMs: number };

const PREFIX = "SANDBOX.";
/** The latest tokens that were taken; what is older than their life could not be taken again anyway. */
const SPENT_MAX = 100_000;

export interface Siteverify {
  /** `POST /turnstile/v0/siteverify`, a form or JSON, as Cloudflare documents it. */
  answer(contentType: string, body: string): Verdict;
}

/** The stand-in of Turnstile's check: the keys for tests do what is documented of them, its own pair checks as real ones do. */
export function createSiteverify(nowMs: () => number): Siteverify {
  const spent = new Map<string, string>();

  function own(token: string, idempotencyKey: string | undefined): Verdict {
    const solved = readToken(token);
    if (solved === null) return failed("invalid-input-response");
    if (nowMs() - solved.atMs >= tokenTtlMs) return failed("timeout-or-duplicate");
    const first = spent.get(solved.nonce);
    if (first !== undefined && (first === "" || first !== idempotencyKey))
      return failed("timeout-or-duplicate");
    spent.set(solved.nonce, idempotencyKey ?? "");
    if (spent.size > SPENT_MAX) spent.delete(spent.keys().next().value as string);
    const { hostname, action, cdata, atMs } = solved;
    return passed({ challenge_ts: new Date(atMs).toISOString(), hostname, action, cdata });
  }

  return {
    answer(contentType, body) {
      const { secret, response, idempotency_key } = fieldsOf(contentType, body);
      if (secret === undefined || secret === "") return failed("missing-input-secret");
      if (response === undefined || response === "") return failed("missing-input-response");
      switch (secret) {
        case TEST_KEYS.passes.secret:
          return passed({
            challenge_ts: new Date(nowMs()).toISOString(),
            hostname: "example.com",
            metadata: { result_with_testing_key: true },
          });
        case TEST_KEYS.fails.secret:
          return failed("invalid-input-response");
        case TEST_KEYS.spent.secret:
          return failed("timeout-or-duplicate");
        case OWN_KEYS.secret:
          return response === DUMMY_TOKEN ? failed("invalid-input-response") : own(response, idempotency_key);
        default:
          return failed("invalid-input-secret");
      }
    },
  };
}

/** A token as the stand-in's widget makes it for its own site key: for tests that have no browser. */
export function solve(solved: Solved): string {
  return PREFIX + Buffer.from(JSON.stringify(solved)).toString("base64url");
}

function readToken(token: string): Solved | null {
  if (!token.startsWith(PREFIX)) return null;
  try {
    const { nonce, hostname, action, cdata, atMs } = JSON.parse(
      Buffer.from(token.slice(PREFIX.length), "base64url").toString(),
    ) as Partial<Solved>;
    if (typeof nonce !== "string" || typeof hostname !== "string" || typeof atMs !== "number") return null;
    return { nonce, hostname, action: String(action), cdata: String(cdata), atMs };
  } catch {
    return null;
  }
}

function fieldsOf(contentType: string, body: string): Partial<Record<string, string>> {
  if (!contentType.includes("json")) return Object.fromEntries(new URLSearchParams(body));
  try {
    return JSON.parse(body) as Record<string, string>;
  } catch {
    return {};
  }
}

const passed = (fields: Record<string, unknown>): Verdict => ({
  status: 200,
  body: { success: true, "error-codes": [], action: "", cdata: "", ...fields },
});
const failed = (...codes: string[]): Verdict => ({
  status: 200,
  body: { success: false, "error-codes": codes },
});
