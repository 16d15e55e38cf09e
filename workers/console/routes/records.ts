import { Hono } from "hono";
import * as z from "zod";
import { DropId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { ConsoleContext } from "../app.ts";
import { PageLimit, pageOf } from "../page.ts";
import { methodNotAllowed, problem } from "../problem.ts";
import { check, limitBody } from "../request.ts";
import { redriveParked } from "../verbs/redrive-parked.ts";

/** Ids and message ids of queues are well below this. */
const KEY_MAX_CHARS = 128;

const key = z.string().max(KEY_MAX_CHARS).default("");
const OrdersPage = z.object({ drop: DropId.optional(), after: key, limit: PageLimit });
const ParkedPage = z.object({ after: key, limit: PageLimit });
const LogPage = z.object({ after: z.coerce.number().int().min(0).default(0), limit: PageLimit });
const AttemptsPage = z.object({
  after: z
    .string()
    .regex(/^ord_[0-9a-f]{34}:\d{1,9}$/, "an order id and an attempt: ord_…:3")
    .optional(),
  limit: PageLimit,
});
const ParkedPath = z.object({ messageId: z.string().min(1).max(KEY_MAX_CHARS) });

/** The query side (D1), a keyset page at a time, and the button on parked messages. */
export function recordRoutes() {
  return new Hono<ConsoleContext>()
    .get("/orders", async (context) => {
      const page = check(OrdersPage, context.req.query());
      if (!page.ok) return problem(context, page.refusal);
      const { drop, after, limit } = page.value;
      const rows = await context.var.deps.records.orders({ dropId: drop ?? null, after, limit });
      return context.json(pageOf(rows, limit, (row) => row.orderId));
    })
    .get("/attempts", async (context) => {
      const page = check(AttemptsPage, context.req.query());
      if (!page.ok) return problem(context, page.refusal);
      const [orderId = "", attempt = "0"] = page.value.after?.split(":") ?? [];
      const { limit } = page.value;
      const rows = await context.var.deps.records.attempts({ orderId, attempt: Number(attempt), limit });
      return context.json(pageOf(rows, limit, (row) => `${row.orderId}:${row.attempt}`));
    })
    .get("/parked", async (context) => {
      const page = check(ParkedPage, context.req.query());
      if (!page.ok) return problem(context, page.refusal);
      const rows = await context.var.deps.records.parked(page.value.after, page.value.limit);
      return context.json(pageOf(rows, page.value.limit, (row) => row.messageId));
    })
    .post("/parked/:messageId/redrive", limitBody(LIMITS.requestBodyMaxBytes), async (context) => {
      const path = check(ParkedPath, context.req.param());
      if (!path.ok) return problem(context, path.refusal);
      const redriven = await redriveParked(context.var.deps, path.value.messageId);
      return redriven.ok ? context.json(redriven.value) : problem(context, redriven.refusal);
    })
    .get("/operator-log", async (context) => {
      const page = check(LogPage, context.req.query());
      if (!page.ok) return problem(context, page.refusal);
      const rows = await context.var.deps.records.operatorLog(page.value.after, page.value.limit);
      return context.json(pageOf(rows, page.value.limit, (row) => String(row.entry)));
    })
    .all("/orders", methodNotAllowed("GET", "HEAD"))
    .all("/attempts", methodNotAllowed("GET", "HEAD"))
    .all("/parked", methodNotAllowed("GET", "HEAD"))
    .all("/parked/:messageId/redrive", methodNotAllowed("POST"))
    .all("/operator-log", methodNotAllowed("GET", "HEAD"));
}
