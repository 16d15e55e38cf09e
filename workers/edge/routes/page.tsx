import type { JSX } from "hono/jsx/jsx-runtime";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { C } from "./context.ts";

/** A whole page with its status and its own Cache-Control. */
export function page(
  c: C,
  content: JSX.Element,
  { status = 200, cacheControl }: { status?: ContentfulStatusCode; cacheControl: string },
): Response {
  return c.html(`<!doctype html>${content.toString()}`, status, { "Cache-Control": cacheControl });
}
