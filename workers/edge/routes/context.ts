import type { Context } from "hono";
import type { RefusalCode } from "../../../schema/refusals.ts";
import type { Refusal } from "../../../schema/rpc.ts";
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
  return { edge: c.var.edge, lifetime: { waitUntil: (work) => c.executionCtx.waitUntil(work) } };
}

export function originOf(c: C): string {
  return new URL(c.req.url).origin;
}

/** Cloudflare's edge sets it and overwrites what a client sends; without it (a bare local run) nobody is counted. */
export function addressOf(c: C): string | undefined {
  return c.req.header("CF-Connecting-IP");
}

export const NO_STORE = "no-store";

export function publicFor(seconds: number): string {
  return `public, max-age=${seconds}`;
}
