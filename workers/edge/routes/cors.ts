import type { AnyOperation } from "../openapi/operation.ts";
import { API_HEADERS, type C, NO_STORE } from "./context.ts";

const EXPOSED = "ETag, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id";
const ASKED_WITH = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID";
const PREFLIGHT_MAX_AGE_SECONDS = "86400";

/** What is the same for everybody may be read by every origin's scripts. */
const OPEN = { "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED };

/** On what is polled: none of the headers that others may see is there, but for the request's id. */
export const OPEN_TO_POLLS = { "Access-Control-Allow-Origin": "*" };

/**
 * Which other origins' scripts may read an answer. What is the same for everybody: all of them. What belongs to a session:
 * those of the variable API_ORIGINS, and by bearer token alone, since credentials (cookies) are never allowed across origins.
 */
export function sharing(operation: AnyOperation): (c: C) => Record<string, string> | undefined {
  return isOpen(operation) ? () => OPEN : sharedWithOwn;
}

/** What an answer that is polled says instead. A refusal does not: it has a `Retry-After`, which scripts heed. */
export function openToPolls(operation: AnyOperation): Record<string, string> | undefined {
  return isOpen(operation) && operation.answer.isPolled ? OPEN_TO_POLLS : undefined;
}

function isOpen({ caller, method }: AnyOperation): boolean {
  return caller === "anybody" && method === "get";
}

/** What an answer carries that no operation gave: a body too large, an unknown path, another method. */
export function sharedWithOwn(c: C): Record<string, string> | undefined {
  const { apiOrigins } = c.get("edge");
  if (apiOrigins.size === 0) return undefined;
  const origin = c.req.header("Origin");
  if (origin === undefined || !apiOrigins.has(origin)) return undefined;
  return { "Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED };
}

/** OPTIONS on a path: what it allows, and, for a browser that asks before it sends, to whose script. */
export function preflight(operations: AnyOperation[], allowed: string) {
  return (c: C): Response => {
    const wanted = c.req.header("Access-Control-Request-Method")?.toLowerCase();
    const operation = operations.find(({ method }) => method === wanted);
    const shared = operation === undefined ? undefined : sharing(operation)(c);
    return c.body(null, 204, {
      ...API_HEADERS,
      "X-Request-Id": c.var.requestId,
      Allow: allowed,
      "Cache-Control": NO_STORE,
      Vary: "Origin, Access-Control-Request-Method",
      ...(shared && {
        "Access-Control-Allow-Origin": shared["Access-Control-Allow-Origin"] ?? "",
        "Access-Control-Allow-Methods": allowed,
        "Access-Control-Allow-Headers": ASKED_WITH,
        "Access-Control-Max-Age": PREFLIGHT_MAX_AGE_SECONDS,
      }),
    });
  };
}
