import type * as z from "zod";
import { DropId } from "../../../schema/ids.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { C, EdgeRefusal } from "./context.ts";

/** A name that cannot be a drop's is told like one that is none. */
export function readDropId(c: C): Result<DropId, EdgeRefusal> {
  const dropId = DropId.safeParse(c.req.param("drop"));
  return dropId.success ? ok(dropId.data) : refuse({ code: "drop_not_found" });
}

/** The body as JSON in the expected form; none at all is `{}` where no field is required. Its size was limited before. */
export async function readJson<Shape extends z.ZodType>(
  c: C,
  shape: Shape,
): Promise<Result<z.output<Shape>, EdgeRefusal>> {
  const contentType = c.req.header("Content-Type");
  if (contentType === undefined && isOptional(shape) && (await isEmpty(c))) return parse(shape, {});
  const mediaType = (contentType ?? "").split(";", 1)[0] ?? "";
  if (mediaType.trim().toLowerCase() !== "application/json")
    return refuse({ code: "unsupported_media_type" });
  let body: unknown;
  try {
    body = JSON.parse(await c.req.text());
  } catch {
    return refuse({ code: "invalid_json" });
  }
  return parse(shape, body);
}

/** A body that says it is empty is not read: to read one took a tenth of a join. */
async function isEmpty(c: C): Promise<boolean> {
  return c.req.header("Content-Length") === "0" || (await c.req.text()) === "";
}

/** Of a body: nothing in it is required, so that it may be left out. */
export function isOptional(shape: z.ZodType): boolean {
  return shape.safeParse({}).success;
}

export function parse<Shape extends z.ZodType>(
  shape: Shape,
  value: unknown,
): Result<z.output<Shape>, EdgeRefusal> {
  const parsed = shape.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const errors = parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  return refuse({ code: "invalid_request", errors });
}
