import type { Context } from "hono";
import type { Refusal, RefusalCode } from "../../../schema/refusals.ts";
import { sessionPrint } from "../bots/session-print.ts";
import type { Act, Edge } from "../edge.ts";
import type { Policy } from "../openapi/rate-limits.ts";

export type EdgeContext = {
  Variables: {
    requestId: string;
    edge: Edge;
    /** Of the operation that answers, once one is found: which rate limit it is under, and who else's scripts may read it. */
    policy: Policy | undefined;
    share: Record<string, string> | undefined;
  };
};
export type C = Context<EdgeContext>;

/** A refusal on its way out; `errors` says which fields, `policy` which rate limit refused. */
export type EdgeRefusal = Refusal<RefusalCode> & {
  errors?: { path: string; message: string }[];
  policy?: Policy;
};

/** What verbs get of a request: never the request itself. */
export function actOf(c: C): Act {
  return { edge: c.get("edge"), lifetime: { waitUntil: (work) => c.executionCtx.waitUntil(work) } };
}

export function originOf(c: C): string {
  return new URL(c.req.url).origin;
}

/** Cloudflare's edge sets it and overwrites what a client sends; without it (a bare local run) nobody is counted. */
export function addressOf(c: C): string | undefined {
  return c.req.header("CF-Connecting-IP");
}

/** What this client's requests look like: the same for everybody with the same kind of browser. */
export function printOf(c: C): string {
  const { cf } = c.req.raw as { cf?: Record<string, unknown> };
  return sessionPrint((name) => c.req.header(name), cf ?? {});
}

export const NO_STORE = "no-store";

/** The client's own, so that both sides' logs can be laid side by side, if it is a plain word; else a new one. */
export function requestIdOf(c: C): string {
  const sent = c.req.header("X-Request-Id");
  return sent !== undefined && /^[\w\-=]{1,255}$/.test(sent) ? sent : crypto.randomUUID();
}

/** On every answer of the API: data that no browser is to take for something else. */
export const BARE_HEADERS = { "X-Content-Type-Options": "nosniff" };

/** On all but what a whole crowd polls (`isPolled`): for whoever opens an answer as if it were a page. */
export const API_HEADERS = {
  ...BARE_HEADERS,
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Strict-Transport-Security": "max-age=15552000; includeSubDomains",
};

export function publicFor(seconds: number): string {
  return `public, max-age=${seconds}`;
}
