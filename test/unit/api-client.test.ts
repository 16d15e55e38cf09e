import { hc } from "hono/client";
import { expect, expectTypeOf, test } from "vitest";
import type { OrderAnswer } from "../../schema/http.ts";
import type { Problem } from "../../schema/refusals.ts";
import type { ApiType } from "../../workers/edge/openapi/client.ts";
import { fakeEdge } from "./edge-fakes.ts";
import { DROP, ORIGIN } from "./edge-samples.ts";

test("the typed client knows each path, what goes in, and every answer by its status", async () => {
  const { app } = fakeEdge();
  const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} };
  const client = hc<ApiType>(ORIGIN, {
    fetch: (input: RequestInfo | URL, init?: RequestInit) => app.request(String(input), init, {}, context),
  });
  const opened = await client.v1.sessions.$post();
  if (opened.status !== 201) throw new Error("no session");
  const { session } = await opened.json();
  const header = { Authorization: `Bearer ${session}`, "Idempotency-Key": "k1" };
  const joined = await client.v1.drops[":drop"].tickets.$post({ param: { drop: DROP }, header, json: {} });
  expect(joined.status).toBe(201);
  const looked = await client.v1.orders[":order"].$get({ param: { order: "ord_x" }, header });
  expect(looked.status).toBe(404);
  if (looked.status === 200) expectTypeOf(await looked.json()).toEqualTypeOf<OrderAnswer>();
  else if (looked.status === 404) expectTypeOf(await looked.json()).toEqualTypeOf<Problem>();
  // @ts-expect-error: a write goes nowhere without its key
  void (() => client.v1.drops[":drop"].tickets.$post({ param: { drop: DROP }, header: {}, json: {} }));
});
