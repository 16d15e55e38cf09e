import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import type * as z from "zod";
import type { IdempotencyKey } from "../../schema/http.ts";
import { ok, type Result, refuse } from "../../schema/result.ts";
import { parseIdempotencyKey } from "../idempotency-key.ts";
import type { ConsoleContext } from "./app.ts";
import { problem } from "./problem.ts";
import type { ConsoleRefusal } from "./refusal.ts";

type AnyContext = Context<ConsoleContext>;

/** Refuses a body above `maxSize` bytes, by its announced length or while it streams in. */
export const limitBody = (maxSize: number) =>
  bodyLimit({ maxSize, onError: (context) => problem(context as AnyContext, { code: "body_too_large" }) });

/** The body as JSON; an empty one is `undefined`. */
export async function readJson(context: AnyContext): Promise<Result<unknown, ConsoleRefusal>> {
  const text = await context.req.text();
  if (text.trim() === "") return ok(undefined);
  const type = context.req.header("Content-Type") ?? "";
  if (!/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type))
    return refuse({ code: "unsupported_media_type" });
  try {
    return ok(JSON.parse(text));
  } catch {
    return refuse({ code: "invalid_json" });
  }
}

/** Checks path and query values together; what is wrong is named field by field. */
export function check<Shape extends z.ZodType>(
  shape: Shape,
  given: unknown,
): Result<z.output<Shape>, ConsoleRefusal> {
  const parsed = shape.safeParse(given);
  if (parsed.success) return ok(parsed.data);
  const errors = parsed.error.issues.map((issue) => ({
    path: issue.path.map(String).join("."),
    message: issue.message,
  }));
  return refuse({ code: "invalid_request", errors });
}

export function readIdempotencyKey(context: AnyContext): Result<IdempotencyKey, ConsoleRefusal> {
  return parseIdempotencyKey(context.req.header("Idempotency-Key"));
}
