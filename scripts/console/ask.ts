import type { Problem } from "../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../schema/result.ts";
import type { Access } from "./access.ts";

const TIMEOUT_MS = 30_000;

/** What went wrong, for people (`title`, `errors`) and for programs (`code`). */
export type Failure = Pick<Problem, "title" | "code" | "detail" | "errors">;

/** `key`: of a write that takes an idempotency key. */
export type ConsoleRequest = {
  method: "GET" | "PUT" | "POST";
  path: string;
  body?: unknown;
  key?: string;
};

/** One request to the console. A refusal is returned as it was told. @throws when the console cannot be reached or understood. */
export async function askConsole<Answer>(
  access: Access,
  { method, path, body, key }: ConsoleRequest,
): Promise<Result<Answer, Failure>> {
  const init: RequestInit = {
    method,
    headers: {
      Authorization: `Bearer ${access.token}`,
      "Content-Type": "application/json",
      ...(key === undefined ? {} : { "Idempotency-Key": key }),
    },
    signal: AbortSignal.timeout(TIMEOUT_MS),
    redirect: "error",
  };
  if (body !== undefined) init.body = JSON.stringify(body);
  const response = await fetch(`${access.console}${path}`, init).catch((error: Error) => {
    throw new Error(`The console at ${access.console} does not answer: ${reasonOf(error)}.`);
  });
  const text = await response.text();
  try {
    const told = JSON.parse(text);
    if (response.ok) return ok(told as Answer);
    if (typeof told.code === "string") return refuse(told as Failure);
  } catch {
    // Told below.
  }
  throw new Error(`What answers at ${access.console} is no console of Dropline (status ${response.status}).`);
}

function reasonOf(error: Error): string {
  const { cause } = error;
  if (cause instanceof Error && "code" in cause) return String(cause.code);
  return error.message;
}
