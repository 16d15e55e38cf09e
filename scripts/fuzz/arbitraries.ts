import fc from "fast-check";
import type { Api, Json, Operation } from "./document.ts";

/** A value that is filled in when the request is sent: one that an earlier answer gave, or `otherwise` while there is none. */
export type Use = { $use: string; whose: "own" | "other"; pick: number; otherwise: Json };

export type Session = "own" | "cookie" | "none" | "garbage" | "another token";

/** A request before it meets the state. Everything is in it, so that it can be printed, sent again and made smaller. */
export type Plan = {
  operation: string;
  method: string;
  path: string;
  params: Record<string, Json>;
  query: [string, Json][];
  session: Session;
  /** null: no such header. "own": a fresh one. "used": one that this shopper used before. */
  key: string | null;
  mediaType: string | null;
  headers: [string, string][];
  body: Json;
  /** Done to the text of the body. */
  text:
    | "as is"
    | "truncated"
    | "duplicate key"
    | "trailing comma"
    | "not JSON"
    | "empty"
    | "two values"
    | "deep";
};

export const isUse = (value: Json): value is Use =>
  typeof value === "object" && value !== null && "$use" in value;

const NASTY = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "💥".repeat(40),
  "\ud800",
  "é",
  "../..",
  "%2e%2e",
  "' OR 1=1 --",
  "<script>",
  "__proto__",
  "null",
  "1e309",
  "x".repeat(2_049),
  "x".repeat(20_000),
  "\u202e",
  "ﬀ",
];
const ODD: Json[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1.5,
  1e21,
  1e308,
  Number.MAX_SAFE_INTEGER + 2,
  [],
  {},
  [[]],
  { a: 1 },
  "1",
  ...NASTY,
];

/** Deep for a body, not for this process. */
const NESTED_LEVELS = 600;

/** Values of a schema: those that it allows, its bounds often; names that answers have had are taken from there mostly. */
function valid(api: Api, given: Json, name: string, example: Json, depth = 0): fc.Arbitrary<Json> {
  const schema = api.resolve(given);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices !== undefined)
    return fc.oneof(...choices.map((one: Json) => valid(api, one, name, example, depth + 1)));
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case "object":
      return objectOf(api, schema, example, depth);
    case "array": {
      const item = valid(api, schema.items ?? {}, name.replace(/s$/, ""), example?.[0], depth + 1);
      const bounds = { minLength: schema.minItems ?? 0, maxLength: Math.min(schema.maxItems ?? 4, 12) };
      // Few as a rule, and up to the bound now and then.
      return fc.oneof(
        {
          weight: 5,
          arbitrary: fc.array(item, {
            ...bounds,
            maxLength: Math.min(bounds.maxLength, bounds.minLength + 2),
          }),
        },
        { weight: 1, arbitrary: fc.array(item, bounds) },
      );
    }
    case "integer":
    case "number": {
      const least = schema.minimum ?? -1_000;
      const most = schema.maximum ?? 1_000_000;
      return fc.oneof(
        fc.constantFrom(least, most, Math.min(most, least + 1)),
        fc.integer({ min: Math.ceil(least), max: Math.floor(Math.min(most, least + 3)) }),
      );
    }
    case "boolean":
      return fc.boolean();
    case "string":
      return stringOf(api, schema, name, example);
    default:
      return fc.constant(example ?? null);
  }
}

function objectOf(api: Api, schema: Json, example: Json, depth: number): fc.Arbitrary<Json> {
  const required = new Set<string>(schema.required ?? []);
  const fields = Object.entries<Json>(schema.properties ?? {});
  const model = Object.fromEntries(
    fields.map(([name, field]) => [name, valid(api, field, name, example?.[name], depth + 1)]),
  );
  return fc.record(model, { requiredKeys: [...required] as never[] });
}

function stringOf(api: Api, schema: Json, name: string, example: Json): fc.Arbitrary<Json> {
  const made = madeString(schema);
  const plain =
    typeof example === "string"
      ? fc.oneof({ weight: 6, arbitrary: fc.constant(example) }, { weight: 1, arbitrary: made })
      : made;
  const source = sourceOf(name, api.answered);
  if (source === undefined) return plain;
  const use = fc.record({
    $use: fc.constant(source),
    whose: fc.oneof(
      { weight: 9, arbitrary: fc.constant("own") },
      { weight: 1, arbitrary: fc.constant("other") },
    ),
    pick: fc.nat({ max: 1_000 }),
    otherwise: plain,
  });
  return fc.oneof({ weight: 9, arbitrary: use }, { weight: 1, arbitrary: plain });
}

function madeString({ pattern, minLength = 0, maxLength = 64 }: Json): fc.Arbitrary<string> {
  const fits = (text: string) => text.length >= minLength && text.length <= maxLength;
  if (pattern === undefined) {
    const most = "x".repeat(Math.min(maxLength, 4_096));
    return fc.oneof(fc.string({ minLength, maxLength: Math.min(maxLength, 40) }), fc.constant(most));
  }
  const key = JSON.stringify([pattern, minLength, maxLength]);
  const made =
    MATCHING.get(key) ?? fc.sample(fc.stringMatching(new RegExp(pattern, "u")).filter(fits), MATCHES);
  MATCHING.set(key, made);
  return fc.constantFrom(...made);
}

/** Strings that match a pattern take milliseconds each to make: a handful of each pattern is made once. */
const MATCHES = { numRuns: 24, seed: 1 };
const MATCHING = new Map<string, string[]>();

/** `ticket` is filled from answers' `ticket`, `drop` from `dropId`, an `entry` by what it is an entry of. */
export function sourceOf(name: string, answered: Set<string>): string | undefined {
  if (name === "entry") return "reservationId";
  if (answered.has(name)) return name;
  if (answered.has(`${name}Id`)) return `${name}Id`;
  return name === "drop" || name === "sku" ? `${name}Id` : undefined;
}

/** One change anywhere in a value: another type, gone, one more field, too long, strange text, deep. */
function twisted(value: Json): fc.Arbitrary<Json> {
  const paths = pathsOf(value);
  const odd = fc.constantFrom(...ODD);
  return fc.tuple(fc.constantFrom(...paths), fc.nat({ max: 6 }), odd).map(([path, kind, strange]) => {
    if (path.length === 0)
      return kind < 4 ? strange : { ...(typeof value === "object" ? value : {}), [String(strange)]: strange };
    return change(value, path, (parent, name) => {
      if (kind === 0) delete parent[name];
      else if (kind === 1) parent[`${String(name)}x`] = strange;
      else if (kind === 2) parent[name] = nested(NESTED_LEVELS);
      else parent[name] = strange;
    });
  });
}

function nested(depth: number): Json {
  let value: Json = 1;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

function pathsOf(value: Json, path: string[] = []): string[][] {
  if (typeof value !== "object" || value === null || isUse(value)) return [path];
  return [path, ...Object.entries(value).flatMap(([name, part]) => pathsOf(part, [...path, name]))];
}

function change(value: Json, path: string[], act: (parent: Json, name: string) => void): Json {
  const copy = structuredClone(value);
  const parent = path.slice(0, -1).reduce((part, name) => part[name], copy);
  act(parent, path.at(-1) ?? "");
  return copy;
}

const HOSTILE: [string, string][] = [
  ["Accept", "text/html"],
  ["Accept", "image/*;q=0, */*;q=0"],
  ["Accept-Encoding", "br;q=1.0, *;q=0"],
  ["Content-Encoding", "gzip"],
  ["If-None-Match", "*"],
  ["If-None-Match", `"${"e".repeat(1_000)}"`],
  ["Range", "bytes=0-1"],
  ["X-HTTP-Method-Override", "DELETE"],
  ["X-Forwarded-For", "127.0.0.1, ::1"],
  ["Origin", "null"],
  ["Origin", "https://evil.example"],
  ["Sec-Fetch-Site", "cross-site"],
  ["X-Request-Id", "y".repeat(4_000)],
  ["X-Strange", "\u00ff\u0080"],
  ["Cookie", "dropline_session=x; dropline_session=y; =; a"],
  ["Authorization", "Bearer"],
  ["Authorization", "Basic YTpi"],
];

/** A request as the document wants it. */
function good(api: Api, operation: Operation): fc.Arbitrary<Plan> {
  const params = operation.parameters
    .filter((one) => one.in === "path")
    .map((one) => [one.name, valid(api, one.schema, one.name, undefined)]);
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

const TEXTS: Plan["text"][] = [
  "truncated",
  "duplicate key",
  "trailing comma",
  "not JSON",
  "empty",
  "two values",
  "deep",
];
const KEYS = ["", '""', "a b", '"open', "é", "x".repeat(129), "x".repeat(5_000), null];
const MEDIA = [
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/jsonp",
  "application/json; charset=utf-16",
  "",
  null,
  "application/problem+json",
];

/** One thing about it is wrong or strange. */
function bad(plan: Plan, operation: Operation): fc.Arbitrary<Plan> {
  const twists: fc.Arbitrary<Plan>[] = [
    fc.constantFrom(...HOSTILE).map((header) => ({ ...plan, headers: [header] })),
    fc
      .constantFrom("PUT", "PATCH", "DELETE", "POST", "GET", "HEAD", "OPTIONS", "TRACE")
      .filter((method) => method !== "TRACE")
      .map((method) => ({ ...plan, method })),
    fc
      .constantFrom(...NASTY.slice(0, 14))
      .map((tail) => ({ ...plan, path: `${plan.path}/${encodeURIComponent(tail.toWellFormed())}` })),
    fc
      .tuple(fc.constantFrom("a", "after", "limit", "q", "__proto__"), fc.constantFrom(...NASTY.slice(0, 15)))
      .map(([name, value]) => ({ ...plan, query: [...plan.query, [name, value]] as Plan["query"] })),
  ];
  if (operation.needsSession)
    twists.push(
      fc.constantFrom<Session>("none", "garbage", "another token").map((session) => ({ ...plan, session })),
    );
  for (const name of Object.keys(plan.params)) {
    twists.push(
      fc
        .constantFrom(...NASTY.slice(1, 15), "x".repeat(65), "UPPER")
        .map((value) => ({ ...plan, params: { ...plan.params, [name]: value } })),
    );
  }
  for (const { name, in: where } of operation.parameters) {
    if (where === "query")
      twists.push(
        fc
          .constantFrom(...NASTY)
          .map((value) => ({ ...plan, query: [[name, value], ...plan.query] as Plan["query"] })),
      );
  }
  if (plan.key !== null) twists.push(fc.constantFrom(...KEYS).map((key) => ({ ...plan, key })));
  if (operation.body !== null) {
    const body = twisted(plan.body).map((body) => ({ ...plan, body }));
    twists.push(body, body, body);
    twists.push(fc.constantFrom(...TEXTS).map((text) => ({ ...plan, text })));
    twists.push(fc.constantFrom(...MEDIA).map((mediaType) => ({ ...plan, mediaType })));
  } else if (plan.method !== "GET") {
    twists.push(
      fc
        .constantFrom("{", "x".repeat(20_000), "{}")
        .map((body) => ({ ...plan, body, mediaType: "application/json" })),
    );
  }
  return fc.oneof(...twists);
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
