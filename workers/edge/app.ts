import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { LIMITS } from "../../schema/limits.ts";
import type { Deps } from "./deps.ts";
import { createEdge } from "./edge.ts";
import { answerRefusal, answerThrown } from "./routes/answer.tsx";
import { type C, type EdgeContext, originOf } from "./routes/context.ts";
import { sharedWithOwn } from "./routes/cors.ts";
import { pageRoutes } from "./routes/pages.tsx";
import { referenceRoutes } from "./routes/reference.tsx";
import { OPERATIONS, v1Routes } from "./routes/v1.ts";

/** The public Worker over whatever `deps` it is given. Create it once an isolate: it holds the caches and the lanes. */
export function createApp(deps: Deps) {
  const edge = createEdge(deps);
  const app = new Hono<EdgeContext>();
  app.use(requestId());
  app.use(async (c, next) => {
    c.set("edge", edge);
    await next();
  });
  app.use("/reference", referenceHeaders());
  app.use(securityHeaders());
  app.use("/v1/*", async (c, next) => {
    c.set("share", sharedWithOwn(c));
    await next();
  });
  app.use(
    bodyLimit({
      maxSize: LIMITS.requestBodyMaxBytes,
      onError: (c) => answerRefusal(c as C, { code: "body_too_large" }),
    }),
  );
  app.route("/v1", v1Routes());
  app.route("/", referenceRoutes(OPERATIONS));
  app.route("/", pageRoutes());
  app.notFound((c) => answerRefusal(c, { code: "not_found" }));
  app.onError((error, c) => answerThrown(error, c));
  return app;
}

/** No script at all, no inline style, no frame: pages are text, forms, one stylesheet, and pictures from wherever the catalog has them. */
function securityHeaders() {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", "https:"],
      formAction: [(c) => formTargets(c as C)],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: "DENY",
    // With "no-referrer" browsers send `Origin: null` with our own forms, and their check against forgery would fail.
    referrerPolicy: "same-origin",
    permissionsPolicy: { camera: [], microphone: [], geolocation: [] },
  });
}

/**
 * Scalar's page: its one script, from here, and the styles that it puts into the page. It reads the document and tries
 * requests at this origin and no other. Runs before the general headers, so that what it sets stands.
 */
function referenceHeaders() {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", "data:"],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: "DENY",
    referrerPolicy: "same-origin",
    permissionsPolicy: { camera: [], microphone: [], geolocation: [] },
  });
}

/** Chromium holds redirects after a form to form-action too, and the checkout's form may end at the gateway's page. */
function formTargets(c: C): string {
  if (!/^\/drops\/[^/]+\/checkout$/.test(c.req.path)) return "'self'";
  return originOf(c).startsWith("https:") ? "'self' https:" : "'self' https: http:";
}
