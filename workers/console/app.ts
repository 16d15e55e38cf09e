import { Hono } from "hono";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { answerMisconfigured, Misconfigured } from "../misconfigured.ts";
import { requireOperator } from "./authorize.ts";
import { catalogRoutes } from "./catalog/routes.ts";
import type { Deps } from "./deps.ts";
import { orderRoutes } from "./orders/routes.ts";
import { answerThrown, problem } from "./problem.ts";
import { auditRoutes } from "./routes/audit.ts";
import { dropRoutes } from "./routes/drops.ts";
import { lineRoutes } from "./routes/line.ts";
import { recordRoutes } from "./routes/records.ts";
import { stockRoutes, stockSyncRoutes } from "./stock/routes.ts";
import { webhookRoutes } from "./webhooks/routes.ts";

export type ConsoleContext = {
  Bindings: ConsoleEnv;
  Variables: { requestId: string; deps: Deps };
};

/** The brand's API. Every answer is private, uncached, and carries a request id; every refusal is problem+json. */
export function createApp(depsFrom: (env: ConsoleEnv) => Deps) {
  const app = new Hono<ConsoleContext>();
  app.use(requestId());
  app.use(secureHeaders());
  app.use(async (context, next) => {
    context.set("deps", depsFrom(context.env));
    await next();
    context.header("Cache-Control", "no-store");
  });
  app.use("/v1/*", requireOperator());
  app.route("/v1", dropRoutes());
  app.route("/v1", lineRoutes());
  app.route("/v1", auditRoutes());
  app.route("/v1", recordRoutes());
  app.route("/v1", orderRoutes());
  app.route("/v1", webhookRoutes());
  app.route("/v1", stockRoutes());
  app.route("/stock-sync", stockSyncRoutes());
  app.route("/v1", catalogRoutes());
  app.notFound((context) => problem(context, { code: "not_found" }));
  app.onError((error, context) =>
    error instanceof Misconfigured ? answerMisconfigured(error) : answerThrown(error, context),
  );
  return app;
}
