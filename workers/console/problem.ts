import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { type Problem, REFUSALS } from "../../schema/refusals.ts";
import type { ConsoleContext } from "./app.ts";
import type { ConsoleRefusal } from "./refusal.ts";

type AnyContext = Context<ConsoleContext>;

/** A refusal as RFC 9457 problem details. */
export function problem<Env extends ConsoleContext>(
  context: Context<Env>,
  refusal: ConsoleRefusal,
): Response {
  const { status, title } = REFUSALS[refusal.code];
  const body: Problem = {
    type: `urn:dropline:problem:${refusal.code}`,
    title,
    status,
    ...(refusal.detail === undefined ? {} : { detail: refusal.detail }),
    code: refusal.code,
    requestId: context.var.requestId,
    ...(refusal.retryAfterMs === undefined ? {} : { retryAfterMs: refusal.retryAfterMs }),
    ...(refusal.errors === undefined ? {} : { errors: refusal.errors }),
  };
  if (refusal.retryAfterMs !== undefined)
    context.header("Retry-After", String(Math.ceil(refusal.retryAfterMs / 1000)));
  return context.json(body, status as ContentfulStatusCode, {
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
  });
}

/** For the paths that exist, after all of their methods. */
export function methodNotAllowed(...allowed: string[]) {
  return (context: AnyContext) => {
    context.header("Allow", allowed.join(", "));
    return problem(context, { code: "method_not_allowed" });
  };
}

/**
 * What was thrown is a broken invariant or a broken wire: logged here, told as a code, never shown. Only what the runtime
 * itself calls passing is `unavailable`.
 */
export function answerThrown(error: Error, context: AnyContext): Response {
  const isPassing = "retryable" in error && error.retryable === true;
  console.error(
    JSON.stringify({
      event: "console.failed",
      requestId: context.var.requestId,
      path: context.req.path,
      error: error.stack ?? String(error),
    }),
  );
  return problem(context, { code: isPassing ? "unavailable" : "internal" });
}
