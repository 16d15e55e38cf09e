import { type Context, Hono } from "hono";
import * as z from "zod";
import { OrderId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { CancelOrderRequest, RefundRequest, ShipmentRequest } from "../../../schema/order-commands.ts";
import type { OrderAct } from "../../../schema/rpc/order-commands.ts";
import type { ConsoleContext } from "../app.ts";
import { methodNotAllowed, problem } from "../problem.ts";
import { check, limitBody, readIdempotencyKey, readJson } from "../request.ts";
import { commandOrder, toCancel, toRefund, toShipment } from "./verbs/command-order.ts";

const OrderPath = z.object({ order: OrderId });

/** What the brand does with orders: give them up, send money back, ship them. */
export function orderRoutes() {
  return new Hono<ConsoleContext>()
    .post("/orders/:order/cancel", limitBody(LIMITS.requestBodyMaxBytes), (context) =>
      command(context, CancelOrderRequest, toCancel),
    )
    .post("/orders/:order/refunds", limitBody(LIMITS.requestBodyMaxBytes), (context) =>
      command(context, RefundRequest, toRefund),
    )
    .post("/orders/:order/shipments", limitBody(LIMITS.requestBodyMaxBytes), (context) =>
      command(context, ShipmentRequest, toShipment),
    )
    .all("/orders/:order/cancel", methodNotAllowed("POST"))
    .all("/orders/:order/refunds", methodNotAllowed("POST"))
    .all("/orders/:order/shipments", methodNotAllowed("POST"));
}

async function command<Request>(
  context: Context<ConsoleContext>,
  shape: z.ZodType<Request>,
  actOf: (request: Request) => OrderAct,
) {
  const path = check(OrderPath, context.req.param());
  if (!path.ok) return problem(context, { code: "order_not_found" });
  const key = readIdempotencyKey(context);
  if (!key.ok) return problem(context, key.refusal);
  const body = await readJson(context);
  if (!body.ok) return problem(context, body.refusal);
  const request = check(shape, body.value);
  if (!request.ok) return problem(context, request.refusal);
  const done = await commandOrder(context.var.deps, {
    orderId: path.value.order,
    key: key.value,
    act: actOf(request.value),
  });
  return done.ok ? context.json(done.value) : problem(context, done.refusal);
}
