import { createHash } from "node:crypto";
import { Hono } from "hono";
import { openApiDocument } from "../openapi/document.ts";
import type { AnyOperation } from "../openapi/operation.ts";
import { ReferencePage } from "../pages/reference-page.tsx";
import { TUNING } from "../tuning.ts";
import { methodNotAllowed } from "./answer.tsx";
import { type C, type EdgeContext, publicFor } from "./context.ts";
import { page } from "./page.tsx";
import { isHeld } from "./validators.ts";

const KEPT = publicFor(TUNING.openApiMaxAgeSeconds);

/** What the API says of itself: `/openapi.json` for machines, `/reference` for people. Made once an isolate, when first asked for. */
export function referenceRoutes(operations: readonly AnyOperation[]) {
  let made: { text: string; etag: string } | undefined;

  function document(c: C): Response {
    made ??= withTag(JSON.stringify(openApiDocument(operations)));
    const headers = { "Cache-Control": KEPT, ETag: made.etag, "Access-Control-Allow-Origin": "*" };
    if (isHeld(c.req.header("If-None-Match"), made.etag)) return c.body(null, 304, headers);
    return c.body(made.text, 200, { ...headers, "Content-Type": "application/json" });
  }

  return new Hono<EdgeContext>()
    .get("/openapi.json", document)
    .all("/openapi.json", methodNotAllowed("GET", "HEAD"))
    .get("/reference", (c) => page(c, <ReferencePage operations={operations} />, { cacheControl: KEPT }))
    .all("/reference", methodNotAllowed("GET", "HEAD"));
}

function withTag(text: string) {
  return { text, etag: `"${createHash("sha256").update(text).digest("hex").slice(0, 32)}"` };
}
