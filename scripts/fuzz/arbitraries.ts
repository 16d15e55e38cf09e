import fc from "fast-check";
import { bad } from "./bad.ts";
import type { Api, Json, Operation } from "./document.ts";
import type { Plan, Session } from "./plan.ts";
import { partOf, valid } from "./values.ts";

/** A request as the document wants it. */
function good(api: Api, operation: Operation): fc.Arbitrary<Plan> {
  const params = operation.parameters
    .filter((one) => one.in === "path")
    .map((one) => [one.name, partOf(api, one.schema, one.name)]);
  const query = operation.parameters
    .filter((one) => one.in === "query")
    .map((one) => {
      const value = valid(api, one.schema, one.name, undefined).map((made): [string, Json] => [
        one.name,
        made,
      ]);
      return one.required ? value : fc.option(value, { nil: null });
    });
  const needsKey = operation.parameters.some((one) => one.name === "Idempotency-Key");
  return fc.record({
    operation: fc.constant(operation.id),
    method: fc.constant(operation.method.toUpperCase()),
    path: fc.constant(operation.path),
    params: fc.record(Object.fromEntries(params)),
    query: fc.tuple(...query).map((all) => all.filter((one) => one !== null) as [string, Json][]),
    session: operation.needsSession
      ? fc.oneof(
          { weight: 9, arbitrary: fc.constant<Session>("own") },
          { weight: 1, arbitrary: fc.constant<Session>("cookie") },
        )
      : fc.constantFrom<Session>("none", "own"),
    key: needsKey
      ? fc.oneof({ weight: 5, arbitrary: fc.constant("own") }, { weight: 1, arbitrary: fc.constant("used") })
      : fc.constant(null),
    mediaType: fc.constant(operation.body?.mediaType ?? null),
    headers: fc.constant<[string, string][]>([]),
    body:
      operation.body === null
        ? fc.constant(undefined)
        : valid(api, operation.body.schema, "", operation.body.example),
    text: fc.constant<Plan["text"]>("as is"),
  });
}

export function goodRequests(api: Api): fc.Arbitrary<Plan> {
  return fc.constantFrom(...api.operations).chain((operation) => good(api, operation));
}

export function badRequests(api: Api): fc.Arbitrary<Plan> {
  return fc
    .constantFrom(...api.operations)
    .chain((operation) => good(api, operation).chain((plan) => bad(plan, operation)));
}

/** Good ones move the state on; bad ones come in between, two wrong things now and then. */
export function mixedRequests(api: Api): fc.Arbitrary<Plan> {
  const worse = fc.constantFrom(...api.operations).chain((operation) =>
    good(api, operation)
      .chain((plan) => bad(plan, operation))
      .chain((plan) => bad(plan, operation)),
  );
  return fc.oneof(
    { weight: 6, arbitrary: goodRequests(api) },
    { weight: 4, arbitrary: badRequests(api) },
    { weight: 1, arbitrary: worse },
  );
}
