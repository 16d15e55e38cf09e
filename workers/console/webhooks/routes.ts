import { Hono } from "hono";
import * as z from "zod";
import { DeliveryId } from "../../../schema/events.ts";
import { OrderId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import {
  DeliveryState,
  EndpointId,
  EndpointRequest,
  ReplayRequest,
  RotateRequest,
} from "../../../schema/webhooks.ts";
import type { ConsoleContext } from "../app.ts";
import { PageLimit, pageOf } from "../page.ts";
import { methodNotAllowed, problem } from "../problem.ts";
import { check, limitBody, readJson } from "../request.ts";
import { toEndpointAnswer } from "./answer.ts";
import { deleteEndpoint } from "./verbs/delete-endpoint.ts";
import { putEndpoint } from "./verbs/put-endpoint.ts";
import { replayDelivery, replayRange } from "./verbs/replay.ts";
import { rotateKey } from "./verbs/rotate-key.ts";

const EndpointPath = z.object({ endpoint: EndpointId });
const DeliveryPath = z.object({ delivery: DeliveryId });
const OrderPath = z.object({ order: OrderId });
const DeliveriesPage = z.object({
  endpoint: EndpointId.optional(),
  state: DeliveryState.optional(),
  after: z.string().max(LIMITS.slugMaxChars).default(""),
  limit: PageLimit,
});

const limited = limitBody(LIMITS.requestBodyMaxBytes);

/** Where events are sent, and what became of each; and the mails of one order. */
export function webhookRoutes() {
  return new Hono<ConsoleContext>()
    .get("/webhook-endpoints", async (context) => {
      const { webhooks, clock } = context.var.deps.notify;
      const rows = await webhooks.allEndpoints();
      return context.json({ rows: rows.map((row) => toEndpointAnswer(row, clock.now())), next: null });
    })
    .all("/webhook-endpoints", methodNotAllowed("GET", "HEAD"))

    .get("/webhook-endpoints/:endpoint", async (context) => {
      const path = check(EndpointPath, context.req.param());
      if (!path.ok) return problem(context, path.refusal);
      const { webhooks, clock } = context.var.deps.notify;
      const row = await webhooks.endpoint(path.value.endpoint);
      if (row === null) return problem(context, { code: "endpoint_not_found" });
      return context.json(toEndpointAnswer(row, clock.now()));
    })
    .put("/webhook-endpoints/:endpoint", limited, async (context) => {
      const path = check(EndpointPath, context.req.param());
      if (!path.ok) return problem(context, path.refusal);
      const body = await readJson(context);
      if (!body.ok) return problem(context, body.refusal);
      const request = check(EndpointRequest, body.value);
      if (!request.ok) return problem(context, request.refusal);
      const asked = { endpointId: path.value.endpoint, request: request.value };
      const put = await putEndpoint(context.var.deps, asked);
      if (!put.ok) return problem(context, put.refusal);
      return context.json(put.value.answer, put.value.isNew ? 201 : 200);
    })
    .delete("/webhook-endpoints/:endpoint", async (context) => {
      const path = check(EndpointPath, context.req.param());
      if (!path.ok) return problem(context, path.refusal);
      const deleted = await deleteEndpoint(context.var.deps, path.value.endpoint);
      return deleted.ok ? context.body(null, 204) : problem(context, deleted.refusal);
    })
    .all("/webhook-endpoints/:endpoint", methodNotAllowed("GET", "HEAD", "PUT", "DELETE"))

    .post("/webhook-endpoints/:endpoint/rotate", limited, async (context) => {
      const path = check(EndpointPath, context.req.param());
      if (!path.ok) return problem(context, path.refusal);
      const body = await readJson(context);
      if (!body.ok) return problem(context, body.refusal);
      const request = check(RotateRequest, body.value);
      if (!request.ok) return problem(context, request.refusal);
      const { keepOldMs } = request.value;
      const done = await rotateKey(context.var.deps, { endpointId: path.value.endpoint, keepOldMs });
      return done.ok ? context.json(done.value) : problem(context, done.refusal);
    })
    .all("/webhook-endpoints/:endpoint/rotate", methodNotAllowed("POST"))

    .post("/webhook-endpoints/:endpoint/replay", limited, async (context) => {
      const path = check(EndpointPath, context.req.param());
      if (!path.ok) return problem(context, path.refusal);
      const body = await readJson(context);
      if (!body.ok) return problem(context, body.refusal);
      const range = check(ReplayRequest, body.value);
      if (!range.ok) return problem(context, range.refusal);
      const asked = { endpointId: path.value.endpoint, range: range.value };
      const replayed = await replayRange(context.var.deps, asked);
      return replayed.ok ? context.json(replayed.value) : problem(context, replayed.refusal);
    })
    .all("/webhook-endpoints/:endpoint/replay", methodNotAllowed("POST"))

    .get("/deliveries", async (context) => {
      const page = check(DeliveriesPage, context.req.query());
      if (!page.ok) return problem(context, page.refusal);
      const { endpoint, state, after, limit } = page.value;
      const asked = { endpointId: endpoint ?? null, state: state ?? null, after, limit };
      const rows = await context.var.deps.notify.webhooks.deliveries(asked);
      return context.json(pageOf(rows, limit, (row) => row.deliveryId));
    })
    .all("/deliveries", methodNotAllowed("GET", "HEAD"))

    .post("/deliveries/:delivery/replay", limited, async (context) => {
      const path = check(DeliveryPath, context.req.param());
      if (!path.ok) return problem(context, path.refusal);
      const replayed = await replayDelivery(context.var.deps, path.value.delivery);
      return replayed.ok ? context.json(replayed.value) : problem(context, replayed.refusal);
    })
    .all("/deliveries/:delivery/replay", methodNotAllowed("POST"))

    .get("/orders/:order/mails", async (context) => {
      const path = check(OrderPath, context.req.param());
      if (!path.ok) return problem(context, path.refusal);
      const rows = await context.var.deps.notify.mails.ofOrder(path.value.order);
      return context.json({ rows, next: null });
    })
    .all("/orders/:order/mails", methodNotAllowed("GET", "HEAD"));
}
