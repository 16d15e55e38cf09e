import { and, gt, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { DropId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import { drops } from "../../schema/tables.ts";

/** A repeat moves the end of the drop, should it have been published anew. */
export async function registerDrop(
  database: D1Database,
  drop: { dropId: DropId; closesAtMs: number },
): Promise<void> {
  await drizzle(database)
    .insert(drops)
    .values(drop)
    .onConflictDoUpdate({ target: drops.dropId, set: { closesAtMs: sql`excluded.closes_at_ms` } });
}

/** Drops whose objects may still have something to do, at most a page. */
export async function activeDrops(database: D1Database, nowMs: number): Promise<DropId[]> {
  const rows = await drizzle(database)
    .select({ dropId: drops.dropId })
    .from(drops)
    .where(and(gt(drops.closesAtMs, nowMs - LIMITS.knockAfterCloseMs)))
    .limit(LIMITS.pageRowsMax);
  return rows.map((row) => row.dropId as DropId);
}
