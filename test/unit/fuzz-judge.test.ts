import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { badRequests, goodRequests } from "../../scripts/fuzz/arbitraries.ts";
import { readDocument } from "../../scripts/fuzz/document.ts";
import { isForbidden, judge } from "../../scripts/fuzz/judge.ts";
import type { Plan } from "../../scripts/fuzz/plan.ts";
import { fill, type Reply } from "../../scripts/fuzz/send.ts";
import { shrink } from "../../scripts/fuzz/shrink.ts";
import { State } from "../../scripts/fuzz/state.ts";
import { openApiDocument } from "../../workers/edge/openapi/document.ts";
import { EXAMPLES } from "../../workers/edge/openapi/examples.ts";
import { OPERATIONS } from "../../workers/edge/routes/v1.ts";

const api = readDocument(JSON.parse(JSON.stringify(openApiDocument(OPERATIONS))));
const join: Plan = {
  operation: "joinLine",
  method: "POST",
  path: "/v1/drops/{drop}/tickets",
  params: { drop: "runner" },
  query: [],
  session: "own",
  key: "own",
  mediaType: "application/json",
  headers: [],
  body: {},
  text: "as is",
};

const told = (status: number, body: unknown, headers: Record<string, string> = {}): Reply => ({
  status,
  text: JSON.stringify(body),
  headers: {
    "x-request-id": "r",
    "cache-control": "no-store",
    "content-type": status < 400 ? "application/json" : "application/problem+json",
    ...headers,
  },
});
const problem = (status: number, code: string) =>
  told(status, { type: `urn:dropline:problem:${code}`, title: "", status, code, requestId: "r" });
const judged = (plan: Plan, reply: Reply) => judge(api, plan, fill(plan, new State(), null, 1), reply);

describe("an answer is in breach", () => {
  test.each<[string, Plan, Reply, string | null]>([
    ["not, when it is as declared", join, told(201, EXAMPLES.ticket), null],
    ["not, when it refuses with a declared code", join, problem(409, "drop_closed"), null],
    ["with a 5xx, declared or not", join, problem(503, "unavailable"), "answered 503"],
    [
      "with a status that is not declared",
      join,
      problem(418, "drop_closed"),
      "418 drop_closed is not declared",
    ],
    ["with a code that this route does not declare", join, problem(409, "sold_out"), "declared form"],
    ["with a field that is not declared", join, told(201, { ...EXAMPLES.ticket, x: 1 }), "declared form"],
    ["without a field that is", join, told(201, { ...EXAMPLES.ticket, cohort: undefined }), "declared form"],
    ["as another media type", join, told(201, EXAMPLES.ticket, { "content-type": "text/html" }), "text/html"],
    [
      "without its id",
      join,
      told(201, EXAMPLES.ticket, { "x-request-id": undefined as never }),
      "X-Request-Id",
    ],
    ["without saying how long it is kept", join, told(201, {}, { "cache-control": "" }), "Cache-Control"],
    [
      "when it accepts what has no key",
      { ...join, key: null },
      told(201, EXAMPLES.ticket),
      "Idempotency-Key",
    ],
    ["when it accepts a forbidden body", { ...join, body: { a: 1 } }, told(201, EXAMPLES.ticket), "refuses"],
    [
      "when it accepts a forged session",
      { ...join, session: "garbage" },
      told(201, EXAMPLES.ticket),
      "garbage",
    ],
    ["when a wrong method is not told so", { ...join, method: "PUT" }, problem(404, "not_found"), "method"],
  ])("%s", (_, plan, reply, words) => {
    const breach = judged(plan, reply);
    if (words === null) expect(breach).toBeNull();
    else expect(breach).toContain(words);
  });
});

test("good requests are never forbidden by the document, and a good part of the bad ones is", () => {
  const isBad = (plan: Plan) => {
    const operation = api.operations.find(({ id }) => id === plan.operation);
    return operation !== undefined && isForbidden(operation, plan, fill(plan, new State(), null, 1));
  };
  // Without a shopper there is no session to send: what else may be wrong is what is asked here.
  const signed = (plan: Plan): Plan => ({
    ...plan,
    headers: [["Authorization", "Bearer a.b.c"], ...plan.headers],
  });
  const good = fc.sample(goodRequests(api), { numRuns: 300, seed: 1 });
  expect(good.map(signed).filter(isBad)).toEqual([]);
  const bad = fc.sample(badRequests(api), { numRuns: 300, seed: 1 });
  expect(bad.filter(isBad).length).toBeGreaterThan(40);
});

test("the same seed makes the same requests", () => {
  const sample = (seed: number) => JSON.stringify(fc.sample(badRequests(api), { numRuns: 50, seed }));
  expect(sample(3)).toBe(sample(3));
  expect(sample(3)).not.toBe(sample(4));
});

test("what an answer gave is used where it is asked for by name, in its own drop", () => {
  const state = new State();
  state.learn({ session: "s.s.s" }, null, "");
  const [actor = null] = state.actors;
  state.learn({ ticket: "one" }, actor, "drop-one");
  state.learn({ ticket: "two" }, actor, "drop-two");
  const use = { $use: "ticket", whose: "own", pick: 5, otherwise: "none" };
  for (const [drop, ticket] of [
    ["drop-one", "one"],
    ["drop-two", "two"],
  ]) {
    const plan = { ...join, params: { drop }, body: { ticket: use } };
    expect(fill(plan, state, actor, 1).body).toBe(JSON.stringify({ ticket }));
  }
});

test("a breach is told with the smallest request that shows it", async () => {
  const sent = {
    method: "POST",
    path: "/x?a=1&b=2",
    headers: [
      ["A", "1"],
      ["B", "2"],
    ] as [string, string][],
    body: '{"good":1,"bad":2}',
    within: "",
  };
  const smallest = await shrink(sent, async ({ body }) => body?.includes('"bad"') ?? false);
  expect(smallest).toMatchObject({ path: "/x", headers: [], body: '{"bad":2}' });
});
