import * as z from "zod";
import { LIMITS } from "../../schema/limits.ts";

/** One page of rows in key order; `next` goes into `after` for the following one, null on the last. */
export type Page<Row> = { rows: Row[]; next: string | null };

export const PageLimit = z.coerce.number().int().min(1).max(LIMITS.pageRowsMax).default(LIMITS.pageRowsMax);

/** A full page may have a successor; a short one is the last. */
export function pageOf<Row>(rows: Row[], limit: number, keyOf: (row: Row) => string): Page<Row> {
  const last = rows.at(-1);
  return { rows, next: last === undefined || rows.length < limit ? null : keyOf(last) };
}
