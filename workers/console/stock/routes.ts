import { type Context, Hono } from "hono";
import * as z from "zod";
import { DropId, SkuId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Result } from "../../../schema/result.ts";
import type { Adjusted } from "../../../schema/rpc/sku-stock.ts";
import { CorrectStockRequest, ReturnRequest } from "../../../schema/stock.ts";
import type { ConsoleContext } from "../app.ts";
import type { Deps } from "../deps.ts";
import { methodNotAllowed, problem } from "../problem.ts";
import type { ConsoleRefusal } from "../refusal.ts";
import { check, limitBody, readIdempotencyKey, readJson } from "../request.ts";
import { adjustStock, toChange } from "./verbs/adjust-stock.ts";
import { returnUnits } from "./verbs/return-units.ts";
import { syncStock } from "./verbs/sync-stock.ts";

type C = Context<ConsoleContext>;
type Asked<Request> = { dropId: DropId; skuId: SkuId; key: string; request: Request };

const SkuPath = z.object({ drop: DropId, sku: SkuId });
const DropPath = z.object({ drop: DropId });

/** Corrections and returns by an operator. `schema/stock.ts` says what the numbers mean. */
export function stockRoutes() {
  return new Hono<ConsoleContext>()
    .post("/drops/:drop/skus/:sku/stock", limitBody(LIMITS.requestBodyMaxBytes), (context) =>
      answer(context, CorrectStockRequest, (deps, { request, ...of }) =>
        adjustStock(deps, { ...of, change: toChange(request), reason: request.reason }),
      ),
    )
    .post("/drops/:drop/skus/:sku/returns", limitBody(LIMITS.requestBodyMaxBytes), (context) =>
      answer(context, ReturnRequest, returnUnits),
    )
    .all("/drops/:drop/skus/:sku/stock", methodNotAllowed("POST"))
    .all("/drops/:drop/skus/:sku/returns", methodNotAllowed("POST"));
}

/** A warehouse's own door: its signature lets it in, and no operator token. */
export function stockSyncRoutes() {
  return new Hono<ConsoleContext>()
    .post("/:drop", limitBody(LIMITS.webhookBodyMaxBytes), async (context) => {
      const path = check(DropPath, context.req.param());
      if (!path.ok) return problem(context, path.refusal);
      const header = (name: string) => context.req.header(name) ?? "";
      const synced = await syncStock(context.var.deps, path.value.drop, {
        body: new Uint8Array(await context.req.arrayBuffer()),
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
      });
      return synced.ok ? context.json(synced.value) : problem(context, synced.refusal);
    })
    .all("/:drop", methodNotAllowed("POST"));
}

async function answer<Request>(
  context: C,
  shape: z.ZodType<Request>,
  act: (deps: Deps, asked: Asked<Request>) => Promise<Result<Adjusted, ConsoleRefusal>>,
) {
  const path = check(SkuPath, context.req.param());
  if (!path.ok) return problem(context, path.refusal);
  const key = readIdempotencyKey(context);
  if (!key.ok) return problem(context, key.refusal);
  const body = await readJson(context);
  if (!body.ok) return problem(context, body.refusal);
  const request = check(shape, body.value);
  if (!request.ok) return problem(context, request.refusal);
  const { drop: dropId, sku: skuId } = path.value;
  const done = await act(context.var.deps, { dropId, skuId, key: key.value, request: request.value });
  return done.ok ? context.json(done.value) : problem(context, done.refusal);
}
