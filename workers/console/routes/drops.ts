import { Hono } from "hono";
import * as z from "zod";
import { DropId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { ConsoleContext } from "../app.ts";
import { methodNotAllowed, problem } from "../problem.ts";
import { check, limitBody, readJson } from "../request.ts";
import { publishDrop } from "../verbs/publish-drop.ts";
import { putDocument } from "../verbs/put-document.ts";
import { runPreflight } from "../verbs/run-preflight.ts";
import { showDocument } from "../verbs/show-document.ts";

const DropPath = z.object({ drop: DropId });
/** Without a document the draft in KV is published. */
const PublishRequest = z.strictObject({ document: z.unknown().optional() }).optional();

/** `GET` and `PUT /drops/:drop/document`, `POST /drops/:drop/publish` and `/preflight`. */
export function dropRoutes() {
  return new Hono<ConsoleContext>()
    .get("/drops/:drop/document", async (context) => {
      const path = check(DropPath, context.req.param());
      if (!path.ok) return problem(context, path.refusal);
      const shown = await showDocument(context.var.deps, path.value.drop);
      return shown.ok ? context.json(shown.value) : problem(context, shown.refusal);
    })
    .put("/drops/:drop/document", limitBody(LIMITS.documentMaxBytes), async (context) => {
      const path = check(DropPath, context.req.param());
      if (!path.ok) return problem(context, path.refusal);
      const body = await readJson(context);
      if (!body.ok) return problem(context, body.refusal);
      const stored = await putDocument(context.var.deps, path.value.drop, body.value);
      return stored.ok ? context.json(stored.value) : problem(context, stored.refusal);
    })
    .post("/drops/:drop/publish", limitBody(LIMITS.documentMaxBytes), async (context) => {
      const path = check(DropPath, context.req.param());
      if (!path.ok) return problem(context, path.refusal);
      const body = await readJson(context);
      if (!body.ok) return problem(context, body.refusal);
      const request = check(PublishRequest, body.value);
      if (!request.ok) return problem(context, request.refusal);
      const { document } = request.value ?? {};
      const given = document === undefined ? null : { document };
      const published = await publishDrop(context.var.deps, path.value.drop, given);
      return published.ok ? context.json(published.value) : problem(context, published.refusal);
    })
    .post("/drops/:drop/preflight", limitBody(LIMITS.requestBodyMaxBytes), async (context) => {
      const path = check(DropPath, context.req.param());
      if (!path.ok) return problem(context, path.refusal);
      const answer = await runPreflight(context.var.deps, path.value.drop);
      return answer.ok ? context.json(answer.value) : problem(context, answer.refusal);
    })
    .get("/clock", (context) => context.json({ atMs: context.var.deps.nowMs() }))
    .all("/clock", methodNotAllowed("GET", "HEAD"))
    .all("/drops/:drop/preflight", methodNotAllowed("POST"))
    .all("/drops/:drop/document", methodNotAllowed("GET", "HEAD", "PUT"))
    .all("/drops/:drop/publish", methodNotAllowed("POST"));
}
