import fc from "fast-check";
import { expect, test } from "vitest";
import { goodRequests } from "../../scripts/fuzz/arbitraries.ts";
import { readDocument } from "../../scripts/fuzz/document.ts";
import { fill } from "../../scripts/fuzz/send.ts";
import { State } from "../../scripts/fuzz/state.ts";
import { openApiDocument } from "../../workers/edge/openapi/document.ts";
import { OPERATIONS } from "../../workers/edge/routes/v1.ts";

const api = readDocument(JSON.parse(JSON.stringify(openApiDocument(OPERATIONS))));

/** The fuzzer has been told of cohort 4711 of one drop, and of another's 17. */
function taught(): State {
  const state = new State();
  state.learn({ session: "s.s.s" }, null, "");
  state.learn({ drops: [{ id: "many" }, { id: "few" }] }, null, "");
  state.learn({ cohorts: [{ cohort: 4_711, count: 3 }], page: 0 }, null, "many");
  state.learn({ ticket: "t", cohort: 17, chunk: 0 }, state.actors[0] ?? null, "few");
  return state;
}

test.each([
  ["readRoot", /\/drops\/(many\/record\/roots\/4711|few\/record\/roots\/17)$/],
  ["readChunk", /\/drops\/(many\/record\/chunks\/4711|few\/record\/chunks\/17)\/0$/],
])("%s is asked mostly for cohorts and chunks that an answer has told of, in their own drop", (id, told) => {
  const operations = api.operations.filter((one) => one.id === id);
  const plans = fc.sample(goodRequests({ ...api, operations }), { numRuns: 200, seed: 5 });
  const state = taught();
  const paths = plans.map((plan) => fill(plan, state, state.actors[0] ?? null, 1).path);
  expect(paths.filter((path) => told.test(path)).length).toBeGreaterThan(100);
  expect(paths.some((path) => !told.test(path))).toBe(true);
});

test("a number of a body is an amount, and taken from no answer", () => {
  const operations = api.operations.filter(({ id }) => id === "reserveBasket");
  const plans = fc.sample(goodRequests({ ...api, operations }), { numRuns: 100, seed: 5 });
  expect(JSON.stringify(plans)).not.toContain('"$use":"quantity"');
});
