import { Hono } from "hono";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { requireOperator } from "./authorize.ts";
import type { Deps } from "./deps.ts";
import { answerThrown, problem } from "./problem.ts";
import { auditRoutes } from "./routes/audit.ts";
import { dropRoutes } from "./routes/drops.ts";
import { recordRoutes } from "./routes/records.ts";

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
  app.route("/v1", auditRoutes());
  app.route("/v1", recordRoutes());
  app.notFound((context) => problem(context, { code: "not_found" }));
  app.onError(answerThrown);
  return app;
}
