import { expect } from "vitest";
import { Problem, REFUSALS, type RefusalCode } from "../../schema/refusals.ts";
import type { Answer } from "./edge-fakes.ts";
import { DROP } from "./edge-samples.ts";

export const DROP_PATH = `/v1/drops/${DROP}`;

/** Every refusal has the same shape: problem details, the status of its code, an id to ask about, and no caching. */
export function expectProblem(answer: Answer, code: RefusalCode): Problem {
  expect(answer.body?.code).toBe(code);
  const problem = Problem.parse(answer.body);
  expect(problem).toMatchObject({ status: REFUSALS[code].status, type: `urn:dropline:problem:${code}` });
  expect(answer.status).toBe(REFUSALS[code].status);
  expect(answer.headers.get("Content-Type")).toBe("application/problem+json");
  expect(answer.headers.get("Cache-Control")).toBe("no-store");
  expect(answer.headers.get("X-Request-Id")).toBe(problem.requestId);
  if (problem.retryAfterMs !== undefined) {
    expect(answer.headers.get("Retry-After")).toBe(String(Math.ceil(problem.retryAfterMs / 1_000)));
  }
  return problem;
}
