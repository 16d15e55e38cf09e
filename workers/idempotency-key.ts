import { IdempotencyKey } from "../schema/http.ts";
import type { Refusal } from "../schema/refusals.ts";
import { ok, type Result, refuse } from "../schema/result.ts";

/** The header of draft-ietf-httpapi-idempotency-key-header: a quoted string there, bare with many clients; both are taken. */
export function parseIdempotencyKey(
  header: string | undefined,
): Result<IdempotencyKey, Refusal<"idempotency_key_missing" | "idempotency_key_invalid">> {
  if (header === undefined) return refuse({ code: "idempotency_key_missing" });
  const key = IdempotencyKey.safeParse(unquote(header.trim()));
  return key.success ? ok(key.data) : refuse({ code: "idempotency_key_invalid" });
}

/** RFC 8941's string: in it, only a quote and a backslash are escaped. Undefined when it starts and does not end. */
export function unquote(value: string): string | undefined {
  if (!value.startsWith('"')) return value;
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(value);
  return quoted?.[1]?.replace(/\\(["\\])/g, "$1");
}
