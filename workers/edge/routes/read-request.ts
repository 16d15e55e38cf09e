import type * as z from "zod";
import { IdempotencyKey } from "../../../schema/http.ts";
import { DropId } from "../../../schema/ids.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { C, EdgeRefusal } from "./context.ts";

/** A name that cannot be a drop's is told like one that is none. */
export function readDropId(c: C): Result<DropId, EdgeRefusal> {
  const dropId = DropId.safeParse(c.req.param("drop"));
  return dropId.success ? ok(dropId.data) : refuse({ code: "drop_not_found" });
}

/** The header of draft-ietf-httpapi-idempotency-key-header: a quoted string there, bare with many clients; both are taken. */
export function readIdempotencyKey(c: C): Result<IdempotencyKey, EdgeRefusal> {
  const header = c.req.header("Idempotency-Key");
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

/** The body as JSON in the expected form. Its size was limited before. */
export async function readJson<Shape extends z.ZodType>(
  c: C,
  shape: Shape,
): Promise<Result<z.output<Shape>, EdgeRefusal>> {
  const mediaType = (c.req.header("Content-Type") ?? "").split(";", 1)[0] ?? "";
  if (mediaType.trim().toLowerCase() !== "application/json")
    return refuse({ code: "unsupported_media_type" });
  let body: unknown;
  try {
    body = JSON.parse(await c.req.text());
  } catch {
    return refuse({ code: "invalid_json" });
  }
  return parse(shape, body);
}

export function parse<Shape extends z.ZodType>(
  shape: Shape,
  value: unknown,
): Result<z.output<Shape>, EdgeRefusal> {
  const parsed = shape.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const errors = parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  return refuse({ code: "invalid_request", errors });
}
