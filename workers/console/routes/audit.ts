import { Hono } from "hono";
import * as z from "zod";
import { DropId, OrderId, SkuId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { ConsoleContext } from "../app.ts";
import { methodNotAllowed, problem } from "../problem.ts";
import { check } from "../request.ts";

const sequence = z.coerce.number().int().min(0).default(0);
const StockPage = z.object({ drop: DropId, sku: SkuId, afterLedger: sequence, afterReservation: sequence });
const OrdersPage = z.object({
  shard: z.coerce
    .number()
    .int()
    .min(0)
    .max(LIMITS.orderShardCount - 1),
  after: OrderId.optional(),
});

/** Pages of what the objects themselves hold: the source that everything else is compared with. */
export function auditRoutes() {
  return new Hono<ConsoleContext>()
    .get("/drops/:drop/audit/stock/:sku", async (context) => {
      const page = check(StockPage, { ...context.req.query(), ...context.req.param() });
      if (!page.ok) return problem(context, page.refusal);
      const { drop, sku, afterLedger, afterReservation } = page.value;
      const audit = await context.var.deps.state.stockAudit(drop, sku, afterLedger, afterReservation);
      return context.json(audit);
    })
    .get("/audit/orders/:shard", async (context) => {
      const page = check(OrdersPage, { ...context.req.query(), ...context.req.param() });
      if (!page.ok) return problem(context, page.refusal);
      const audit = await context.var.deps.state.ordersAudit(page.value.shard, page.value.after ?? null);
      return context.json(audit);
    })
    .all("/drops/:drop/audit/stock/:sku", methodNotAllowed("GET", "HEAD"))
    .all("/audit/orders/:shard", methodNotAllowed("GET", "HEAD"));
}
