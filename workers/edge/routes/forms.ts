import { type C, NO_STORE } from "./context.ts";

/** The fields of a form; of a field that comes twice, the last. Another kind of body has no fields. */
export async function readForm(c: C): Promise<Record<string, unknown>> {
  const mediaType = (c.req.header("Content-Type") ?? "").toLowerCase();
  if (!mediaType.startsWith("application/x-www-form-urlencoded")) return {};
  return Object.fromEntries(new URLSearchParams(await c.req.text()));
}

/** After a form: go and look. A reload of what follows sends nothing again. */
export function seeOther(c: C, location: string): Response {
  return c.body(null, 303, { Location: location, "Cache-Control": NO_STORE });
}
