import { and, asc, eq, getTableColumns, gt, or } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import {
  type AttemptRow,
  attempts,
  type OperatorLogRow,
  type OrderRow,
  operatorLog,
  orders,
  type ParkedMessageRow,
  parkedMessages,
} from "../../schema/tables.ts";

export type OrdersAfter = { dropId: string | null; after: string; limit: number };
export type AttemptsAfter = { orderId: string; attempt: number; limit: number };

/** The query side. Pages are keyset pages: rows strictly after a key, in the key's order. */
export type Records = {
  orders(page: OrdersAfter): Promise<OrderRow[]>;
  attempts(page: AttemptsAfter): Promise<AttemptRow[]>;
  parked(after: string, limit: number): Promise<ParkedMessageRow[]>;
  parkedMessage(messageId: string): Promise<ParkedMessageRow | null>;
  markRedriven(messageId: string, atMs: number): Promise<void>;
  operatorLog(after: number, limit: number): Promise<OperatorLogRow[]>;
  appendOperatorLog(entry: Omit<OperatorLogRow, "entry">): Promise<void>;
};

const { told: _told, toldVersion: _toldVersion, ...ORDER_COLUMNS } = getTableColumns(orders);

export function d1Records(database: D1Database): Records {
  const db = drizzle(database);
  return {
    orders: ({ dropId, after, limit }) =>
      db
        .select(ORDER_COLUMNS)
        .from(orders)
        .where(and(gt(orders.orderId, after), dropId === null ? undefined : eq(orders.dropId, dropId)))
        .orderBy(asc(orders.orderId))
        .limit(limit),

    attempts: ({ orderId, attempt, limit }) =>
      db
        .select()
        .from(attempts)
        .where(
          or(
            gt(attempts.orderId, orderId),
            and(eq(attempts.orderId, orderId), gt(attempts.attempt, attempt)),
          ),
        )
        .orderBy(asc(attempts.orderId), asc(attempts.attempt))
        .limit(limit),

    parked: (after, limit) =>
      db
        .select()
        .from(parkedMessages)
        .where(gt(parkedMessages.messageId, after))
        .orderBy(asc(parkedMessages.messageId))
        .limit(limit),

    async parkedMessage(messageId) {
      const [row] = await db
        .select()
        .from(parkedMessages)
        .where(eq(parkedMessages.messageId, messageId))
        .limit(1);
      return row ?? null;
    },

    async markRedriven(messageId, atMs) {
      await db
        .update(parkedMessages)
        .set({ redrivenAtMs: atMs })
        .where(eq(parkedMessages.messageId, messageId));
    },

    operatorLog: (after, limit) =>
      db
        .select()
        .from(operatorLog)
        .where(gt(operatorLog.entry, after))
        .orderBy(asc(operatorLog.entry))
        .limit(limit),

    async appendOperatorLog(entry) {
      await db.insert(operatorLog).values(entry);
    },
  };
}
