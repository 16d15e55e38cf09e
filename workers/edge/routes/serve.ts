import type { Hono } from "hono";
import { ok, type Result } from "../../../schema/result.ts";
import { parseIdempotencyKey } from "../../idempotency-key.ts";
import {
  type AnyOperation,
  cacheControlOf,
  PATH_PARTS,
  type PathPart,
  partsOf,
} from "../openapi/operation.ts";
import { policyHeader, policyOf } from "../openapi/rate-limits.ts";
import { answerRefusal, methodNotAllowed } from "./answer.tsx";
import { readSession, readWritingSession } from "./caller.ts";
import {
  API_HEADERS,
  actOf,
  addressOf,
  BARE_HEADERS,
  type C,
  type EdgeContext,
  type EdgeRefusal,
  originOf,
  printOf,
} from "./context.ts";
import { openToPolls, preflight, sharing } from "./cors.ts";
import { parse, readJson } from "./read-request.ts";
import { isHeld } from "./validators.ts";

/** Puts declared operations onto an app: each path answers its own methods, OPTIONS, and refuses all others. */
export function serve(app: Hono<EdgeContext>, operations: readonly AnyOperation[]): void {
  for (const [path, onPath] of Map.groupBy(operations, ({ path }) => path)) {
    for (const operation of onPath) app.on(operation.method.toUpperCase(), path, handlerOf(operation));
    const methods = onPath.flatMap(({ method }) =>
      method === "get" ? ["GET", "HEAD"] : [method.toUpperCase()],
    );
    const allowed = [...methods, "OPTIONS"];
    app.options(path, preflight(onPath, allowed.join(", ")));
    app.all(path, methodNotAllowed(...allowed));
  }
}

function handlerOf(operation: AnyOperation) {
  const { answer, act } = operation;
  const readAsked = readerOf(operation);
  const shared = sharing(operation);
  const toPolls = openToPolls(operation);
  const lasting = lastingHeaders(operation);
  const made = new Headers(lasting);
  const madeForJson = new Headers({ ...lasting, "Content-Type": "application/json" });
  return async (c: C): Promise<Response> => {
    const share = shared(c);
    c.set("policy", policyOf(operation));
    c.set("share", share);
    const asked = await readAsked(c);
    if (!asked.ok) return answerRefusal(c, asked.refusal);
    const done = await act(actOf(c), asked.value);
    if (!done.ok) return answerRefusal(c, done.refusal);
    const { value } = done;
    const told = toPolls ?? share;
    if (value instanceof Response) {
      // HEAD answers without it, and a stream that nobody reads would keep its place until its time is over.
      const isHead = c.req.method === "HEAD";
      if (isHead) await value.body?.cancel();
      return withHeaders(isHead ? new Response(null, value) : value, {
        ...lasting,
        ...told,
        "X-Request-Id": c.get("requestId"),
      });
    }
    const etag = answer.etag?.(value);
    const isKnown = etag !== undefined && isHeld(c.req.header("If-None-Match"), etag);
    // With headers that are there already, and what differs is added: to make eight anew from text took some 20 µs of a join's 250.
    const response =
      isKnown || answer.shape === null
        ? new Response(null, { status: isKnown ? 304 : 204, headers: made })
        : new Response(JSON.stringify(value), { status: answer.status, headers: madeForJson });
    const { headers } = response;
    headers.set("X-Request-Id", c.get("requestId"));
    for (const [name, said] of Object.entries({ ...told, ...answer.headers?.(value) }))
      headers.set(name, said);
    if (typeof answer.kept === "function") headers.set("Cache-Control", cacheControlOf(answer.kept(value)));
    if (etag !== undefined) headers.set("ETag", etag);
    return response;
  };
}

/**
 * What every answer to this operation carries, success or not found wanting: how long it is kept, and the policy it is under.
 */
function lastingHeaders(operation: AnyOperation): Record<string, string> {
  const { kept } = operation.answer;
  const policy = policyOf(operation);
  return {
    ...(operation.answer.isPolled ? BARE_HEADERS : API_HEADERS),
    ...(typeof kept === "function" ? {} : { "Cache-Control": cacheControlOf(kept) }),
    ...(kept === "nobody" ? { Vary: "Authorization, Cookie, Origin" } : {}),
    ...(policy === undefined ? {} : { "RateLimit-Policy": policyHeader(policy) }),
  };
}

/** What a verb said of itself stands; the rest is added. */
function withHeaders(response: Response, headers: Record<string, string>): Response {
  const missing = Object.entries(headers).filter(([name]) => !response.headers.has(name));
  const said = [...response.headers];
  return new Response(response.body, { status: response.status, headers: [...missing, ...said] });
}

/** Cheap checks first: the drop's name, the session, the loose limit; then the rest of the path, the key, query and body. */
function readerOf(operation: AnyOperation): (c: C) => Promise<Result<Record<string, unknown>, EdgeRefusal>> {
  const { caller, key, query, body } = operation;
  const parts = partsOf(operation.path);
  const late = parts.filter((part) => part !== "drop");
  return async (c) => {
    const asked: Record<string, unknown> = {
      // Few verbs want it, and to parse an address is not cheap.
      get origin() {
        return originOf(c);
      },
      address: addressOf(c),
      get print() {
        return printOf(c);
      },
      get lastEventId() {
        return c.req.header("Last-Event-ID");
      },
    };
    if (parts.includes("drop") && !readPart(c, "drop", asked)) return refused("drop");
    if (caller !== "anybody") {
      const session = caller === "writer" ? await readWritingSession(c) : await readSession(c);
      if (!session.ok) return session;
      asked.session = session.value;
      asked.shopperId = session.value.sub;
    }
    for (const part of late) if (!readPart(c, part, asked)) return refused(part);
    if (key) {
      const read = parseIdempotencyKey(c.req.header("Idempotency-Key"));
      if (!read.ok) return read;
      asked.key = read.value;
    }
    if (query !== undefined) {
      const read = parse(query, c.req.query());
      if (!read.ok) return read;
      asked.query = read.value;
    }
    if (body !== undefined) {
      const read = await readJson(c, body);
      if (!read.ok) return read;
      asked.request = read.value;
    }
    return ok(asked);
  };
}

/** A name that cannot be a drop's, an order's and so on is told like one that is none. */
function readPart(c: C, part: PathPart, asked: Record<string, unknown>): boolean {
  const { as, shape } = PATH_PARTS[part];
  const read = shape.safeParse(c.req.param(part));
  if (read.success) asked[as] = read.data;
  return read.success;
}

const refused = (part: PathPart) => ({ ok: false, refusal: { code: PATH_PARTS[part].refusal } }) as const;
