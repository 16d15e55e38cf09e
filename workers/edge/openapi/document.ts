import type * as z from "zod";
import { LIMITS } from "../../../schema/limits.ts";
import { type Problem, REFUSALS, type RefusalCode } from "../../../schema/refusals.ts";
import { isOptional } from "../routes/read-request.ts";
import {
  type AnyOperation,
  cacheControlOf,
  codesOf,
  type HeaderAbout,
  KEPT_REFUSALS,
  PATH_PARTS,
  partsOf,
  TAGS,
} from "./operation.ts";
import { exhaustedHeader, policyHeader, policyOf } from "./rate-limits.ts";
import { componentsOf, type Json, type Shapes, schemaOf } from "./schemas.ts";

const ABOUT = `Refusals are \`application/problem+json\` (RFC 9457) with a stable \`code\`: switch on it, not on the title.
Amounts are integers in the currency's minor unit; times are milliseconds since 1970 by the server's clock.
Writes that take an \`Idempotency-Key\` may be repeated with the same key and body until they are answered.
GET also answers HEAD; another method than the listed ones is 405 \`method_not_allowed\`, an unknown path 404 \`not_found\`.
Fields may be added to answers within v1; none is renamed or removed.`;

/** OpenAPI 3.1 of the given operations: what is checked, what is answered, and every code that each can be refused with. */
export function openApiDocument(operations: readonly AnyOperation[]): Json {
  const shapes = componentsOf(operations);
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const path = `/v1${operation.path.replace(/:(\w+)/g, "{$1}")}`;
    paths[path] = { ...paths[path], [operation.method]: told(operation, shapes) };
  }
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  return {
    openapi: "3.1.0",
    info: {
      title: "Dropline",
      version: "1",
      description: ABOUT,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "The storefront's own origin" }],
    tags: tags.map((name) => ({ name, description: TAGS[name] })),
    paths,
    components: { schemas: shapes.components, securitySchemes: SECURITY_SCHEMES },
  };
}

const SECURITY_SCHEMES = {
  session: { type: "http", scheme: "bearer", description: "The `session` of POST /v1/sessions" },
  sessionCookie: {
    type: "apiKey",
    in: "cookie",
    name: "dropline_session",
    description: "The same, as the pages keep it: only from this origin",
  },
};

function told(operation: AnyOperation, shapes: Shapes): Json {
  const { id, tag, summary, about, caller, body, example } = operation;
  const json =
    body === undefined ? undefined : { schema: schemaOf(body, "input", shapes), ...withExample(example) };
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(about === undefined ? {} : { description: about }),
    security: caller === "anybody" ? [] : [{ session: [] }, { sessionCookie: [] }],
    parameters: parametersOf(operation, shapes),
    ...(json === undefined
      ? {}
      : { requestBody: { required: !isOptional(body), content: { "application/json": json } } }),
    responses: { ...successes(operation, shapes), ...refusalsOf(operation) },
  };
}

function parametersOf({ path, key, query, answer }: AnyOperation, shapes: Shapes): Json[] {
  const parameters: Json[] = partsOf(path).map((part) => {
    const { shape, about } = PATH_PARTS[part];
    return {
      name: part,
      in: "path",
      required: true,
      description: about,
      schema: schemaOf(shape, "input", shapes),
    };
  });
  for (const [name, field] of Object.entries((query as z.ZodObject | undefined)?.shape ?? {})) {
    const { description, ...schema } = schemaOf(field as z.ZodType, "input", shapes);
    const required = !(field as z.ZodType).safeParse(undefined).success;
    parameters.push({ name, in: "query", required, ...(description ? { description } : {}), schema });
  }
  if (key) parameters.push(IDEMPOTENCY_KEY);
  if (answer.etag !== undefined) parameters.push(IF_NONE_MATCH);
  if (answer.endedAbout !== undefined) parameters.push(LAST_EVENT_ID);
  return parameters;
}

const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header",
  required: true,
  description:
    "Unique for each thing that you want done; the same for its repeats. Bare, or quoted as in the IETF draft.",
  schema: {
    type: "string",
    minLength: 1,
    maxLength: LIMITS.idempotencyKeyMaxChars,
    pattern: "^[!#-~][!-~]*$",
  },
  example: "8e03978e-40d5-43dd-bc93-6894a57f9324",
};

const IF_NONE_MATCH = {
  name: "If-None-Match",
  in: "header",
  required: false,
  description: "The ETag of the answer that you hold: 304 when it still stands.",
  schema: { type: "string", maxLength: LIMITS.urlMaxChars },
};

const LAST_EVENT_ID = {
  name: "Last-Event-ID",
  in: "header",
  required: false,
  description: "The id of the last event that you have, when you take up a stream again.",
  schema: { type: "string", maxLength: LIMITS.idempotencyKeyMaxChars },
};

const REQUEST_ID: HeaderAbout = {
  about: "To ask about this answer",
  example: "8e03978e-40d5-43dd-bc93-6894a57f9324",
};

function successes(operation: AnyOperation, shapes: Shapes): Json {
  const { status, about, shape, example, kept, mediaType, headersAbout, etag, endedAbout } = operation.answer;
  const policy = policyOf(operation);
  const cacheControl = cacheControlOf(typeof kept === "function" ? kept(example) : kept);
  const headers = headersOf({
    "X-Request-Id": REQUEST_ID,
    "Cache-Control": { about: "How long it may be kept", example: cacheControl },
    ...(policy === undefined ? {} : { "RateLimit-Policy": policyAbout(policyHeader(policy)) }),
    ...(etag === undefined ? {} : { ETag: { about: "Goes into If-None-Match", example: '"5df6e0e2"' } }),
    ...headersAbout,
  });
  const media =
    shape === null ? undefined : { schema: schemaOf(shape, "output", shapes), ...withExample(example) };
  const content = media === undefined ? {} : { content: { [mediaType ?? "application/json"]: media } };
  return {
    [status]: { description: about, headers, ...content },
    ...(etag === undefined ? {} : { 304: { description: "What you hold still stands", headers } }),
    ...(endedAbout === undefined ? {} : { 204: { description: endedAbout, headers } }),
  };
}

function refusalsOf(operation: AnyOperation): Json {
  const byStatus = Map.groupBy(codesOf(operation), (code) => REFUSALS[code].status);
  const statuses = [...byStatus].sort(([a], [b]) => a - b);
  return Object.fromEntries(statuses.map(([status, codes]) => [status, refusalOf(operation, status, codes)]));
}

function refusalOf(operation: AnyOperation, status: number, codes: RefusalCode[]): Json {
  const policy = policyOf(operation);
  const headers = headersOf({
    "X-Request-Id": REQUEST_ID,
    "Cache-Control": keepingOf(codes),
    ...(policy === undefined ? {} : { "RateLimit-Policy": policyAbout(policyHeader(policy)) }),
    ...(status === 401
      ? { "WWW-Authenticate": { about: "The scheme", example: 'Bearer realm="dropline"' } }
      : {}),
    ...(status === 429 && policy !== undefined
      ? {
          RateLimit: {
            about: "That nothing is left of the quota that refused; absent where a limit is counted exactly",
            example: exhaustedHeader(policy),
          },
        }
      : {}),
    ...([409, 429, 503].includes(status)
      ? {
          "Retry-After": {
            about: "Seconds after which it is worth asking again, where that is known",
            example: "2",
          },
        }
      : {}),
  });
  const narrowed = { type: "object", properties: { status: { const: status }, code: { enum: codes } } };
  const schema = { allOf: [{ $ref: "#/components/schemas/Problem" }, narrowed] };
  const description = codes.map((code) => `\`${code}\`: ${REFUSALS[code].title}`).join("\n\n");
  return {
    description,
    headers,
    content: { "application/problem+json": { schema, example: problemExample(codes) } },
  };
}

function keepingOf(codes: RefusalCode[]): HeaderAbout {
  const kept = codes.flatMap((code) => KEPT_REFUSALS[code] ?? []);
  return kept[0] === undefined
    ? { about: "Never kept", example: "no-store" }
    : { about: "Kept for a moment at most", example: cacheControlOf({ seconds: kept[0] }) };
}

function problemExample([code = "internal"]: RefusalCode[]): z.infer<typeof Problem> {
  const { status, title } = REFUSALS[code];
  return { type: `urn:dropline:problem:${code}`, title, status, code, requestId: REQUEST_ID.example };
}

const policyAbout = (example: string): HeaderAbout => ({
  about: "So many requests (q) in so many seconds (w); counted loosely, by location",
  example,
});

function headersOf(headers: Record<string, HeaderAbout>): Json {
  return Object.fromEntries(
    Object.entries(headers).map(([name, { about, example }]) => [
      name,
      { description: about, schema: { type: "string" }, example },
    ]),
  );
}

function withExample(example: unknown): Json {
  return example === undefined ? {} : { example };
}
