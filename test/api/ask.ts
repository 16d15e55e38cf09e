import { expect } from "vitest";
import type * as z from "zod";
import { Problem, REFUSALS, type RefusalCode } from "../../schema/refusals.ts";

/** One answer, read whole. `json` is undefined for what is no JSON. */
export type Reply = { status: number; headers: Headers; text: string; json: unknown };

export type Asked = {
  method?: string | undefined;
  /** Bearer token. */
  token?: string | undefined;
  key?: string | undefined;
  /** Sent as JSON; a string is sent as it is. */
  body?: unknown;
  headers?: Record<string, string> | undefined;
};

/** One request, redirects not followed. */
export async function ask(
  url: string,
  { method = "GET", token, key, body, headers }: Asked = {},
): Promise<Reply> {
  const response = await fetch(url, {
    method,
    redirect: "manual",
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(key === undefined ? {} : { "idempotency-key": key }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parseJson(text) };
}

/** The answer in its declared shape. @throws when it is another one, with what was said instead. */
export function told<Shape extends z.ZodType>(reply: Reply, status: number, shape: Shape): z.output<Shape> {
  expect(reply.status, reply.text).toBe(status);
  return shape.parse(reply.json);
}

/** Holds a refusal to all that is promised of every refusal, and answers its problem document. */
export function expectRefusal(reply: Reply, code: RefusalCode): Problem {
  const { status, title } = REFUSALS[code];
  expect(reply.json, reply.text).toMatchObject({ code });
  const problem = Problem.strict().parse(reply.json);
  expect(problem).toMatchObject({ status, title, type: `urn:dropline:problem:${code}` });
  expect(reply.status).toBe(status);
  expect(reply.headers.get("content-type")).toBe("application/problem+json");
  const keeping = code === "record_not_found" ? "public, max-age=2" : "no-store";
  expect(reply.headers.get("cache-control")).toBe(keeping);
  expect(reply.headers.get("x-request-id")).toBe(problem.requestId);
  const retryAfter = reply.headers.get("retry-after");
  if (problem.retryAfterMs === undefined) expect(retryAfter).toBeNull();
  else expect(Number(retryAfter)).toBe(Math.max(1, Math.ceil(problem.retryAfterMs / 1_000)));
  return problem;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
