import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { type RequestIdVariables, requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { LIMITS } from "../../schema/limits.ts";
import { type Problem, REFUSALS, type Refusal } from "../../schema/refusals.ts";
import type { Deps } from "./deps.ts";
import { createEvents } from "./events.ts";
import { receiveWebhook } from "./receive-webhook.ts";

type PaymentsContext = { Variables: RequestIdVariables };

/** The doors of this Worker: one for each gateway's webhooks, and nothing else. */
export function createApp(deps: Deps) {
  const events = createEvents(deps);
  const app = new Hono<PaymentsContext>();
  app.use(requestId());
  app.use(secureHeaders());
  app.use(async (context, next) => {
    await next();
    context.header("Cache-Control", "no-store");
  });
  app.notFound((context) => problem(context, { code: "not_found" }));
  app.onError((error, context) => {
    const { requestId } = context.var;
    deps.log({
      level: "error",
      event: "request_failed",
      requestId,
      path: context.req.path,
      error: error.stack ?? String(error),
    });
    return problem(context, { code: "internal" });
  });
  return app.post("/webhooks/sandbox", limitBody, async (context) => {
    const answer = await receiveWebhook(
      {
        body: new Uint8Array(await context.req.arrayBuffer()),
        id: context.req.header("webhook-id") ?? "",
        timestamp: context.req.header("webhook-timestamp") ?? "",
        signature: context.req.header("webhook-signature") ?? "",
      },
      { ...deps, events },
      context.executionCtx,
    );
    return answer.ok ? context.body(null, 204) : problem(context, answer.refusal);
  });
}

const limitBody = bodyLimit({
  maxSize: LIMITS.webhookBodyMaxBytes,
  onError: (context) => problem(context as Context<PaymentsContext>, { code: "body_too_large" }),
});

/** A refusal as RFC 9457 problem details. */
function problem(context: Context<PaymentsContext>, { code, detail, retryAfterMs }: Refusal): Response {
  const { status, title } = REFUSALS[code];
  const body: Problem = {
    type: `urn:dropline:problem:${code}`,
    title,
    status,
    code,
    requestId: context.var.requestId,
  };
  if (detail !== undefined) body.detail = detail;
  if (retryAfterMs !== undefined) {
    body.retryAfterMs = retryAfterMs;
    context.header("Retry-After", String(Math.ceil(retryAfterMs / 1_000)));
  }
  return context.json(body, status as ContentfulStatusCode, {
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
  });
}
