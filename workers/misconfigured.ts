import { type Problem, REFUSALS } from "../schema/refusals.ts";
import { howToSet, type SecretHolder, secretComplaints, secretsOf } from "../schema/secrets.ts";

/** A Worker that lacks what it was to be given. The message names secrets and says what is wrong with them, never a value. */
export class Misconfigured extends Error {
  override name = "Misconfigured";
}

/** @throws Misconfigured with all of the Worker's secrets that are missing or malformed, and how each is set. */
export function requireSecrets(holder: SecretHolder, env: object): void {
  const complaints = secretComplaints(env as Record<string, unknown>, secretsOf(holder));
  if (complaints.length === 0) return;
  const sentences = complaints.map(({ name, problem }) => `${problem} To set it: ${howToSet(holder, name)}`);
  throw new Misconfigured(sentences.join("\n"));
}

/** Answers for a Worker whose app could not be made, so that whoever deployed it sees why. @throws any other error again. */
export function answerMisconfigured(error: unknown): Response {
  if (!(error instanceof Misconfigured)) throw error;
  console.error(JSON.stringify({ level: "error", event: "misconfigured", reason: error.message }));
  const { status, title } = REFUSALS.misconfigured;
  const requestId = crypto.randomUUID();
  const body: Problem = {
    type: "urn:dropline:problem:misconfigured",
    title,
    status,
    detail: error.message,
    code: "misconfigured",
    requestId,
  };
  return Response.json(body, {
    status,
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      "X-Request-Id": requestId,
    },
  });
}
