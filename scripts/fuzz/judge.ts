import type { Api, Json, Operation } from "./document.ts";
import type { Plan } from "./plan.ts";
import type { Reply, Sent } from "./send.ts";

/** What an answer breaches, in words that are the same for the same breach; null when it is as declared. */
export type Breach = string;

const FRAMEWORK = { notFound: "not_found", wrongMethod: "method_not_allowed" } as const;

/** Holds an answer to what the document says of its operation; of what is no operation, to 404, 405 or an answer to OPTIONS. */
export function judge(api: Api, plan: Plan, sent: Sent, reply: Reply): Breach | null {
  if (reply.status >= 500) return `${plan.operation}: answered ${reply.status} ${codeOf(reply)}`;
  const where = `${plan.operation} (${sent.method})`;
  if (reply.headers["x-request-id"] === undefined) return `${where}: ${reply.status} without X-Request-Id`;
  if (
    !/^(no-store(, no-transform)?|public, max-age=\d+(, immutable)?)$/.test(
      reply.headers["cache-control"] ?? "",
    )
  )
    return `${where}: ${reply.status} with Cache-Control ${reply.headers["cache-control"]}`;
  const operation = operationOf(api, plan, sent);
  if (operation === undefined) return judgeOutside(api, plan, sent, reply, where);
  const declared = operation.answers.get(reply.status);
  if (declared === undefined) return `${where}: status ${reply.status} ${codeOf(reply)} is not declared`;
  if (sent.method === "HEAD") return reply.text === "" ? null : `${where}: HEAD has a body`;
  if (declared.mediaType === null) return reply.text === "" ? null : `${where}: ${reply.status} has a body`;
  const mediaType = (reply.headers["content-type"] ?? "").split(";")[0];
  if (mediaType !== declared.mediaType)
    return `${where}: ${reply.status} is ${mediaType}, not ${declared.mediaType}`;
  if (declared.isValid === null) return null;
  const body = parse(reply.text);
  if (body === undefined) return `${where}: ${reply.status} is not JSON`;
  if (!declared.isValid(body)) {
    const [error] = declared.isValid.errors ?? [];
    return `${where}: ${reply.status} ${codeOf(reply)} does not have its declared form: ${error?.instancePath} ${error?.message} ${JSON.stringify(error?.params)}`;
  }
  return reply.status < 300 ? judgeAccepted(operation, plan, sent, where) : null;
}

/** Whether the document alone says that this must be refused, whatever the state is. */
export function isForbidden(operation: Operation, plan: Plan, sent: Sent): boolean {
  if (sent.method !== operation.method.toUpperCase() || sent.method === "GET") return false;
  const header = (name: string) => sent.headers.find(([known]) => known === name)?.[1];
  if (operation.needsSession && header("Authorization") === undefined && header("Cookie") === undefined)
    return true;
  if (plan.session === "garbage" || plan.session === "another token") return operation.needsSession;
  const key = operation.parameters.find(({ name }) => name === "Idempotency-Key");
  if (key !== undefined && !new RegExp(key.schema.pattern).test(header("Idempotency-Key") ?? "")) return true;
  if (operation.body === null) return false;
  if (header("Content-Type") === undefined) return true;
  const body = parse(sent.body ?? "");
  return body === undefined || !operation.body.isValid(body);
}

/** What the document forbids must not be accepted. */
function judgeAccepted(operation: Operation, plan: Plan, sent: Sent, where: string): Breach | null {
  if (operation.needsSession && ["none", "garbage", "another token"].includes(plan.session))
    return `${where}: accepted a request with session "${plan.session}"`;
  const key = operation.parameters.find(({ name }) => name === "Idempotency-Key");
  if (key !== undefined && !sent.headers.some(([name]) => name === "Idempotency-Key"))
    return `${where}: accepted a request without its Idempotency-Key`;
  if (operation.body === null) return null;
  const body = parse(sent.body ?? "");
  if (body === undefined) return `${where}: accepted a body that is no JSON`;
  if (!operation.body.isValid(body))
    return `${where}: accepted a body that the document refuses: ${operation.body.isValid.errors?.[0]?.instancePath} ${operation.body.isValid.errors?.[0]?.message}`;
  return null;
}

/** The operation that really answers: another method of the same path may be one too. */
function operationOf(api: Api, plan: Plan, sent: Sent): Operation | undefined {
  const method = sent.method === "HEAD" ? "get" : sent.method.toLowerCase();
  return api.operations.find((one) => one.path === plan.path && one.method === method);
}

function judgeOutside(api: Api, plan: Plan, { method }: Sent, reply: Reply, where: string): Breach | null {
  const isPath = api.methods.has(plan.path);
  // Looked at before the path is: the size of what comes with it.
  if (reply.status === 413 && codeOf(reply) === "body_too_large") return null;
  if (isPath && method === "OPTIONS")
    return reply.status === 204 ? null : `${where}: OPTIONS answered ${reply.status}`;
  // What was appended to a path may have made another operation's path.
  if (!isPath) return reply.status < 500 ? null : `${where}: unknown path answered ${reply.status}`;
  if (method === "HEAD") return reply.status === 405 ? null : `${where}: HEAD answered ${reply.status}`;
  const code = codeOf(reply);
  if (reply.status === 405 && code === FRAMEWORK.wrongMethod && reply.headers.allow !== undefined)
    return null;
  return `${where}: another method answered ${reply.status} ${code}`;
}

export function codeOf({ text }: Reply): string {
  return String(parse(text)?.code ?? "");
}

export function parse(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
