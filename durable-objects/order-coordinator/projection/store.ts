import { sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { drizzle } from "drizzle-orm/d1";
import { excluded, inStatements } from "../../../schema/d1-statements.ts";
import { type AttemptRow, attempts, type OrderRow, orders } from "../../../schema/tables.ts";

/** In one D1 transaction: rows that D1 has in a newer version stay as they are, so a late or repeated batch is harmless. */
export async function upsert(
  database: D1Database,
  orderRows: OrderRow[],
  attemptRows: AttemptRow[],
): Promise<void> {
  const db = drizzle(database);
  const statements: BatchItem<"sqlite">[] = [
    ...inStatements(orders, orderRows).map((rows) =>
      db
        .insert(orders)
        .values(rows)
        .onConflictDoUpdate({
          target: orders.orderId,
          set: excluded(orders, [
            "status",
            "cancelReason",
            "money",
            "paymentRef",
            "refundedMinor",
            "fulfillment",
            "shipments",
            "attention",
            "updatedAtMs",
            "version",
          ]),
          setWhere: sql`${orders.version} < excluded.version`,
        }),
    ),
    ...inStatements(attempts, attemptRows).map((rows) =>
      db
        .insert(attempts)
        .values(rows)
        .onConflictDoUpdate({
          target: [attempts.orderId, attempts.attempt],
          set: excluded(attempts, ["state", "outcome", "ref", "reason", "tries", "version"]),
          setWhere: sql`${attempts.version} < excluded.version`,
        }),
    ),
  ];
  const [first, ...rest] = statements;
  if (first) await db.batch([first, ...rest]);
}
