import { and, asc, eq, getTableColumns, inArray, lt, lte, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { drizzle } from "drizzle-orm/d1";
import type { MailId } from "../../../schema/events.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { type OrderMailRow, type OrderRow, orderMails, orders } from "../../../schema/tables.ts";

export type MailJob = { mail: OrderMailRow; order: OrderRow };
export type NotedMail = Pick<OrderMailRow, "mailId" | "state" | "nextAtMs" | "lastReason" | "updatedAtMs">;

export type MailStore = {
  /** Due ones among the given (100 at most) are the caller's until `leaseUntilMs`; nobody else gets them. */
  claim(mailIds: MailId[], lease: { nowMs: number; leaseUntilMs: number }): Promise<MailJob[]>;
  note(noted: NotedMail[]): Promise<void>;
  overdue(beforeMs: number): Promise<MailId[]>;
  ofOrder(orderId: string): Promise<OrderMailRow[]>;
};

/** Beside the ids, a claim gives a few parameters of its own. */
const IDS_PER_STATEMENT = 90;

const { told: _told, toldVersion: _toldVersion, ...ORDER_COLUMNS } = getTableColumns(orders);

export function d1Mails(database: D1Database): MailStore {
  const db = drizzle(database);
  return {
    async claim(mailIds, { nowMs, leaseUntilMs }) {
      const jobs: MailJob[] = [];
      for (let from = 0; from < mailIds.length; from += IDS_PER_STATEMENT) {
        const claimed = await db
          .update(orderMails)
          .set({ tries: sql`${orderMails.tries} + 1`, nextAtMs: leaseUntilMs })
          .where(
            and(
              inArray(orderMails.mailId, mailIds.slice(from, from + IDS_PER_STATEMENT)),
              eq(orderMails.state, "pending"),
              lte(orderMails.nextAtMs, nowMs),
            ),
          )
          .returning({ mailId: orderMails.mailId });
        if (claimed.length === 0) continue;
        const rows = await db
          .select({ mail: orderMails, order: ORDER_COLUMNS })
          .from(orderMails)
          .innerJoin(orders, eq(orders.orderId, orderMails.orderId))
          .where(
            inArray(
              orderMails.mailId,
              claimed.map(({ mailId }) => mailId),
            ),
          );
        jobs.push(...rows);
      }
      return jobs;
    },

    async note(noted) {
      const statements: BatchItem<"sqlite">[] = noted.map(({ mailId, ...changes }) =>
        db.update(orderMails).set(changes).where(eq(orderMails.mailId, mailId)),
      );
      const [first, ...rest] = statements;
      if (first) await db.batch([first, ...rest]);
    },

    async overdue(beforeMs) {
      const rows = await db
        .select({ mailId: orderMails.mailId })
        .from(orderMails)
        .where(and(sql`state = 'pending'`, lt(orderMails.nextAtMs, beforeMs)))
        .orderBy(asc(orderMails.nextAtMs))
        .limit(LIMITS.sweepRowsMax);
      return rows.map(({ mailId }) => mailId as MailId);
    },

    ofOrder: (orderId) => db.select().from(orderMails).where(eq(orderMails.orderId, orderId)),
  };
}
