import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

// biome-ignore lint/suspicious/noExplicitAny: a JSON document of which only some parts are looked at.
export type Json = any;

export type Parameter = { name: string; in: "path" | "query" | "header"; required: boolean; schema: Json };

/** One operation as a stranger reads it, with a check for its body and for the body of each of its answers. */
export type Operation = {
  id: string;
  method: string;
  path: string;
  needsSession: boolean;
  parameters: Parameter[];
  body: { mediaType: string; schema: Json; example: Json; isValid: ValidateFunction } | null;
  answers: Map<number, { mediaType: string | null; isValid: ValidateFunction | null }>;
};

export type Api = {
  operations: Operation[];
  /** Methods of each path template. */
  methods: Map<string, Set<string>>;
  resolve(schema: Json): Json;
  /** Names of string fields in answers: what a later request may refer to. */
  answered: Set<string>;
  /** And of whole numbers, for the parts of a path: which cohorts there are is known from answers alone. */
  counted: Set<string>;
};

const DOCUMENT = "openapi";

/**
 * Reads an OpenAPI 3.1 document. Its answers' objects are closed for the check: a field that is not declared counts as a
 * breach, though clients are told to expect more fields one day.
 */
export function readDocument(document: Json): Api {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: false });
  ajv.addSchema({ ...document, $id: DOCUMENT }, DOCUMENT);
  const closed = structuredClone(document);
  for (const schema of Object.values(closed.components.schemas)) close(schema);
  ajv.addSchema({ ...closed, $id: "closed" }, "closed");
  const resolve = (schema: Json): Json =>
    schema?.$ref === undefined ? schema : resolve(at(document, schema.$ref.slice(2).split("/")));

  const operations: Operation[] = [];
  const methods = new Map<string, Set<string>>();
  const names = { string: new Set<string>(), integer: new Set<string>() };
  for (const [path, item] of Object.entries<Json>(document.paths)) {
    methods.set(path, new Set(Object.keys(item)));
    for (const [method, one] of Object.entries<Json>(item)) {
      const pointer = (...parts: string[]) =>
        ["paths", path, method, ...parts]
          .map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1")))
          .join("/");
      const compile = (base: string, ...parts: string[]) =>
        ajv.compile({ $ref: `${base}#/${pointer(...parts)}` });
      const [bodyType, content] = Object.entries<Json>(one.requestBody?.content ?? {})[0] ?? [];
      const answers: Operation["answers"] = new Map();
      for (const [status, answer] of Object.entries<Json>(one.responses)) {
        const [mediaType] = Object.keys(answer.content ?? {});
        const isJson = mediaType?.includes("json") ?? false;
        const isValid = isJson
          ? compile("closed", "responses", status, "content", mediaType ?? "", "schema")
          : null;
        answers.set(Number(status), { mediaType: mediaType ?? null, isValid });
        if (isJson && Number(status) < 300) noteNames(answer.content[mediaType ?? ""].schema, resolve, names);
      }
      operations.push({
        id: one.operationId,
        method,
        path,
        needsSession: (one.security ?? []).length > 0,
        parameters: one.parameters ?? [],
        body:
          bodyType === undefined
            ? null
            : {
                mediaType: bodyType,
                schema: content.schema,
                example: content.example,
                isValid: compile(DOCUMENT, "requestBody", "content", bodyType, "schema"),
              },
        answers,
      });
    }
  }
  return { operations, methods, resolve, answered: names.string, counted: names.integer };
}

function close(schema: Json): void {
  if (typeof schema !== "object" || schema === null) return;
  if (schema.type === "object" && schema.properties !== undefined) schema.additionalProperties ??= false;
  for (const part of Object.values(schema)) close(part);
}

type Names = Record<"string" | "integer", Set<string>>;

function noteNames(schema: Json, resolve: Api["resolve"], names: Names, depth = 0): void {
  const { properties = {}, items, anyOf = [], oneOf = [] } = resolve(schema) ?? {};
  if (depth > 8) return;
  for (const [name, field] of Object.entries<Json>(properties)) {
    const { type } = resolve(field);
    if (type === "string" || type === "integer") names[type as keyof Names].add(name);
    noteNames(field, resolve, names, depth + 1);
  }
  for (const part of [items, ...anyOf, ...oneOf])
    if (part !== undefined) noteNames(part, resolve, names, depth + 1);
}

function at(document: Json, parts: string[]): Json {
  return parts.reduce((value, part) => value?.[part], document);
}
