import { sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { drizzle } from "drizzle-orm/d1";
import { LIMITS } from "../../../schema/limits.ts";
import { type AttemptRow, attempts, type OrderRow, orders } from "../../../schema/tables.ts";

const ORDER_COLUMNS = 23;
const ATTEMPT_COLUMNS = 9;

/** In one D1 transaction: rows that D1 has in a newer version stay as they are, so a late or repeated batch is harmless. */
export async function upsert(
  database: D1Database,
  orderRows: OrderRow[],
  attemptRows: AttemptRow[],
): Promise<void> {
  const db = drizzle(database);
  const statements: BatchItem<"sqlite">[] = [
    ...slices(orderRows, ORDER_COLUMNS).map((rows) =>
      db
        .insert(orders)
        .values(rows)
        .onConflictDoUpdate({
          target: orders.orderId,
          set: {
            status: sql`excluded.status`,
            cancelReason: sql`excluded.cancel_reason`,
            money: sql`excluded.money`,
            paymentRef: sql`excluded.payment_ref`,
            refundedMinor: sql`excluded.refunded_minor`,
            fulfillment: sql`excluded.fulfillment`,
            shipments: sql`excluded.shipments`,
            attention: sql`excluded.attention`,
            updatedAtMs: sql`excluded.updated_at_ms`,
            version: sql`excluded.version`,
          },
          setWhere: sql`${orders.version} < excluded.version`,
        }),
    ),
    ...slices(attemptRows, ATTEMPT_COLUMNS).map((rows) =>
      db
        .insert(attempts)
        .values(rows)
        .onConflictDoUpdate({
          target: [attempts.orderId, attempts.attempt],
          set: {
            state: sql`excluded.state`,
            outcome: sql`excluded.outcome`,
            ref: sql`excluded.ref`,
            reason: sql`excluded.reason`,
            tries: sql`excluded.tries`,
            version: sql`excluded.version`,
          },
          setWhere: sql`${attempts.version} < excluded.version`,
        }),
    ),
  ];
  const [first, ...rest] = statements;
  if (first) await db.batch([first, ...rest]);
}

/** As many rows a statement as D1's limit on parameters allows. */
function slices<Row>(rows: Row[], columns: number): Row[][] {
  const size = Math.floor(LIMITS.d1ParametersMax / columns);
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, index) =>
    rows.slice(index * size, (index + 1) * size),
  );
}
