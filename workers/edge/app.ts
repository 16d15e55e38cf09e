import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { LIMITS } from "../../schema/limits.ts";
import type { Widget } from "./bots/challenges.ts";
import type { Deps } from "./deps.ts";
import { createEdge } from "./edge.ts";
import { answerRefusal, answerThrown } from "./routes/answer.tsx";
import { type C, type EdgeContext, originOf, requestIdOf } from "./routes/context.ts";
import { sharedWithOwn } from "./routes/cors.ts";
import { hotSnapshots } from "./routes/hot-snapshot.ts";
import { pageRoutes } from "./routes/pages.tsx";
import { referenceRoutes } from "./routes/reference.tsx";
import { OPERATIONS, v1Routes } from "./routes/v1.ts";

/** The public Worker over whatever `deps` it is given. Create it once an isolate: it holds the caches and the lanes. */
export function createApp(deps: Deps) {
  const edge = createEdge(deps);
  const limitBody = bodyLimit({
    maxSize: LIMITS.requestBodyMaxBytes,
    onError: (c) => answerRefusal(c as C, { code: "body_too_large" }),
  });
  const app = new Hono<EdgeContext>();
  // The API stands before what follows: its answers are made with their headers. To set them one by one afterwards cost more
  // than the answer (a snapshot: 0.41 of a bare hello's rate with it, 0.71 without).
  app.use("/v1/*", (c, next) => {
    c.set("requestId", requestIdOf(c));
    c.set("edge", edge);
    c.set("share", sharedWithOwn(c));
    return isWithinLimit(c) ? next() : limitBody(c, next);
  });
  app.route("/v1", v1Routes());
  app.use(requestId());
  app.use(async (c, next) => {
    c.set("edge", edge);
    await next();
  });
  app.use("/reference", referenceHeaders());
  app.use("/drops/:drop/join", joinHeaders(deps.widget));
  for (const path of SCRIPTED) app.use(path, scriptedHeaders());
  app.use(securityHeaders());
  app.use(limitBody);
  app.route("/", referenceRoutes(OPERATIONS));
  app.route("/", pageRoutes());
  app.notFound((c) => answerRefusal(c, { code: "not_found" }));
  app.onError((error, c) => answerThrown(error, c));
  const { fetch } = app;
  const hot = hotSnapshots(edge);
  app.fetch = (request, ...rest) => hot(request) ?? fetch(request, ...rest);
  return app;
}

/** By what the request says of its body: to look at the body itself costs a stream. One that says nothing is counted as it is read. */
function isWithinLimit(c: C): boolean {
  const length = c.req.header("Content-Length");
  if (c.req.header("Transfer-Encoding") !== undefined) return false;
  return length === undefined ? c.req.method === "GET" : Number(length) <= LIMITS.requestBodyMaxBytes;
}

type Allowed = NonNullable<NonNullable<Parameters<typeof secureHeaders>[0]>["contentSecurityPolicy"]>;

/** What a page may load and where its forms may go: nothing but what is named, and no frame around it. */
function headersWith(allowed: Allowed) {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      ...allowed,
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: "DENY",
    // With "no-referrer" browsers send `Origin: null` with our own forms, and their check against forgery would fail.
    referrerPolicy: "same-origin",
    permissionsPolicy: { camera: [], microphone: [], geolocation: [] },
  });
}

/** No script at all and no inline style: pages are text, forms, one stylesheet, and pictures from wherever the catalog has them. */
function securityHeaders() {
  return headersWith({
    styleSrc: ["'self'"],
    imgSrc: ["'self'", "https:"],
    formAction: [(c) => formTargets(c as C)],
  });
}

/**
 * Scalar's page: its one script, from here, and the styles that it puts into the page. It reads the document and tries
 * requests at this origin and no other. Runs before the general headers, so that what it sets stands.
 */
function referenceHeaders() {
  return headersWith({
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", "data:"],
    connectSrc: ["'self'"],
    formAction: ["'none'"],
  });
}

/** Pages with a script of ours, each of which says the same without it. */
const SCRIPTED = ["/drops/:drop/proof", "/drops/:drop/line"];

/** Scripts from here, which ask this origin and no other. */
function scriptedHeaders() {
  return headersWith({
    styleSrc: ["'self'"],
    scriptSrc: ["'self'"],
    connectSrc: ["'self'"],
    imgSrc: ["'self'", "https:"],
    formAction: ["'self'"],
  });
}

/** The challenge's script, and the frame that it puts into the page: from where it comes, and from nowhere else. */
function joinHeaders(widget: Widget | null) {
  const from = widget === null ? "'none'" : new URL(widget.scriptUrl).origin;
  return headersWith({
    scriptSrc: [from],
    frameSrc: [from],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    formAction: ["'self'"],
  });
}

/** Chromium holds redirects after a form to form-action too, and the checkout's form may end at the gateway's page. */
function formTargets(c: C): string {
  if (!/^\/drops\/[^/]+\/checkout$/.test(c.req.path)) return "'self'";
  return originOf(c).startsWith("https:") ? "'self' https:" : "'self' https: http:";
}
