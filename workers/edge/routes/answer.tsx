import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { type Problem, REFUSALS } from "../../../schema/refusals.ts";
import { cacheControlOf, KEPT_REFUSALS } from "../openapi/operation.ts";
import { exhaustedHeader, policyHeader } from "../openapi/rate-limits.ts";
import { RefusalPage } from "../pages/refusal-page.tsx";
import { TUNING } from "../tuning.ts";
import { API_HEADERS, type C, type EdgeRefusal, NO_STORE } from "./context.ts";
import { page } from "./page.tsx";

/** A refusal as a page for a browser that reads one of our pages, else as RFC 9457 problem details. Not cached, but for `KEPT_REFUSALS`. */
export function answerRefusal(c: C, refusal: EdgeRefusal): Response {
  if (refusal.retryAfterMs !== undefined) {
    c.header("Retry-After", String(Math.max(1, Math.ceil(refusal.retryAfterMs / 1_000))));
  }
  const { status, title } = REFUSALS[refusal.code];
  if (status === 401) c.header("WWW-Authenticate", 'Bearer realm="dropline"');
  return wantsPage(c) ? refusalPage(c, refusal) : problem(c, refusal, status, title);
}

function problem(c: C, refusal: EdgeRefusal, status: ContentfulStatusCode, title: string): Response {
  const { code, detail, skuId, retryAfterMs, errors } = refusal;
  const body: Problem = {
    type: `urn:dropline:problem:${code}`,
    title,
    status,
    ...(detail === undefined ? {} : { detail }),
    code,
    ...(skuId === undefined ? {} : { skuId }),
    requestId: c.var.requestId,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(errors === undefined ? {} : { errors }),
  };
  const seconds = KEPT_REFUSALS[code];
  return c.body(JSON.stringify(body), status, {
    "Content-Type": "application/problem+json",
    "Cache-Control": seconds === undefined ? NO_STORE : cacheControlOf({ seconds }),
    ...(isApi(c) ? apiHeaders(c, refusal) : { Vary: "Accept" }),
  });
}

/** As on the answers of the same operation: a client must be able to read why it was refused. */
function apiHeaders({ var: { policy, share, requestId } }: C, refusal: EdgeRefusal): Record<string, string> {
  const isLimited = refusal.code === "rate_limited";
  const told = isLimited ? refusal.policy : policy;
  return {
    ...API_HEADERS,
    ...share,
    "X-Request-Id": requestId,
    ...(told === undefined ? {} : { "RateLimit-Policy": policyHeader(told) }),
    ...(told === undefined || !isLimited ? {} : { RateLimit: exhaustedHeader(told) }),
  };
}

function refusalPage(c: C, refusal: EdgeRefusal): Response {
  c.header("Vary", "Accept");
  const drop = /^\/drops\/([a-z0-9-]+)\//.exec(c.req.path)?.[1];
  const content = (
    <RefusalPage
      refusal={refusal}
      requestId={c.var.requestId}
      dropId={drop}
      refreshSeconds={refreshOf(c, refusal)}
    />
  );
  return page(c, content, { status: REFUSALS[refusal.code].status, cacheControl: NO_STORE });
}

/**
 * Who waits by a page that reloads itself must not be left on one that does not. A whole crowd is refused at one moment, so
 * each comes again at another.
 */
function refreshOf(c: C, { retryAfterMs }: EdgeRefusal): number | undefined {
  if (retryAfterMs === undefined || c.req.method !== "GET") return undefined;
  const spread = c.var.edge.random() * TUNING.pageRefreshSpreadSeconds;
  return Math.ceil(Math.max(TUNING.pageRefreshMinSeconds, retryAfterMs / 1_000) + spread);
}

/**
 * What was thrown is a broken invariant: logged here with its stack, told as a code alone. The exceptions of Hono's own
 * middleware are refusals of the request.
 */
export function answerThrown(error: Error, c: C): Response {
  if (error instanceof HTTPException && error.status < 500) {
    return answerRefusal(c, { code: error.status === 403 ? "cross_site" : "invalid_request" });
  }
  c.var.edge.log({
    level: "error",
    event: "request_threw",
    requestId: c.var.requestId,
    method: c.req.method,
    path: c.req.path,
    error: error.stack ?? String(error),
  });
  return answerRefusal(c, { code: "internal" });
}

/** For the paths that exist, after all of their methods. */
export function methodNotAllowed(...allowed: string[]) {
  return (c: C) => {
    c.header("Allow", allowed.join(", "));
    return answerRefusal(c, { code: "method_not_allowed" });
  };
}

function isApi(c: C): boolean {
  return c.req.path === "/v1" || c.req.path.startsWith("/v1/");
}

function wantsPage(c: C): boolean {
  return !isApi(c) && (c.req.header("Accept") ?? "").includes("text/html");
}
