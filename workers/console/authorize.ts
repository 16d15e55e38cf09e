import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import type { ConsoleContext } from "./app.ts";
import { problem } from "./problem.ts";

/** Lets through only who presents the operator token. Both sides are hashed first, so that not even its length shows in time. */
export function requireOperator(): MiddlewareHandler<ConsoleContext> {
  return async (context, next) => {
    const presented = /^Bearer +(\S+)$/i.exec(context.req.header("Authorization") ?? "")?.[1];
    if (!isOperatorToken(presented, context.var.deps.operatorToken)) {
      context.header("WWW-Authenticate", "Bearer");
      return problem(context, { code: "operator_token_invalid" });
    }
    return await next();
  };
}

/** An empty or missing configured token admits nobody. */
export function isOperatorToken(presented: string | undefined, expected: string | undefined): boolean {
  if (!presented || !expected) return false;
  return timingSafeEqual(digest(presented), digest(expected));
}

const digest = (text: string) => createHash("sha256").update(text).digest();
