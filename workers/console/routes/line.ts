import { Hono } from "hono";
import * as z from "zod";
import { DropId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { LineAct } from "../../../schema/line.ts";
import type { ConsoleContext } from "../app.ts";
import { methodNotAllowed, problem } from "../problem.ts";
import { check, limitBody, readIdempotencyKey, readJson } from "../request.ts";
import { commandLine } from "../verbs/command-line.ts";

const DropPath = z.object({ drop: DropId });

/** `POST /drops/:drop/line`: what an operator does to a line by hand (`LineAct`), answered with its snapshot. */
export function lineRoutes() {
  return new Hono<ConsoleContext>()
    .post("/drops/:drop/line", limitBody(LIMITS.requestBodyMaxBytes), async (context) => {
      const path = check(DropPath, context.req.param());
      if (!path.ok) return problem(context, path.refusal);
      const key = readIdempotencyKey(context);
      if (!key.ok) return problem(context, key.refusal);
      const body = await readJson(context);
      if (!body.ok) return problem(context, body.refusal);
      const act = check(LineAct, body.value);
      if (!act.ok) return problem(context, act.refusal);
      const asked = { dropId: path.value.drop, key: key.value, act: act.value };
      const done = await commandLine(context.var.deps, asked);
      return done.ok ? context.json(done.value) : problem(context, done.refusal);
    })
    .all("/drops/:drop/line", methodNotAllowed("POST"));
}
