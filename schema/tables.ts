import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import {
  ATTEMPT_STATES,
  CANCEL_REASONS,
  GATEWAYS,
  MONEY_STATES,
  OPERATIONS,
  ORDER_STATUSES,
} from "./statuses.ts";

/** D1: the query side. Written from the coordinator's outbox; a row is replaced only by a newer version. */

export const orders = sqliteTable(
  "orders",
  {
    orderId: text("order_id").primaryKey(),
    dropId: text("drop_id").notNull(),
    shopperId: text("shopper_id").notNull(),
    reservationId: text("reservation_id").notNull(),
    status: text("status", { enum: ORDER_STATUSES }).notNull(),
    cancelReason: text("cancel_reason", { enum: CANCEL_REASONS }),
    money: text("money", { enum: MONEY_STATES }).notNull(),
    skuId: text("sku_id").notNull(),
    quantity: integer("quantity").notNull(),
    totalMinor: integer("total_minor").notNull(),
    currency: text("currency").notNull(),
    email: text("email").notNull(),
    gateway: text("gateway", { enum: GATEWAYS }).notNull(),
    paymentRef: text("payment_ref"),
    attention: text("attention"),
    placedAtMs: integer("placed_at_ms").notNull(),
    updatedAtMs: integer("updated_at_ms").notNull(),
    version: integer("version").notNull(),
  },
  (table) => [
    index("orders_by_drop").on(table.dropId, table.status),
    index("orders_by_attention").on(table.attention),
  ],
);
export type OrderRow = typeof orders.$inferSelect;

/** Drops that were ever published: whom the cron knocks on. */
export const drops = sqliteTable("drops", {
  dropId: text("drop_id").primaryKey(),
  closesAtMs: integer("closes_at_ms").notNull(),
});

/** Each numbered try of one payment operation. */
export const attempts = sqliteTable(
  "attempts",
  {
    orderId: text("order_id").notNull(),
    attempt: integer("attempt").notNull(),
    operation: text("operation", { enum: OPERATIONS }).notNull(),
    state: text("state", { enum: ATTEMPT_STATES }).notNull(),
    outcome: text("outcome"),
    ref: text("ref"),
    reason: text("reason"),
    tries: integer("tries").notNull(),
    version: integer("version").notNull(),
  },
  (table) => [primaryKey({ columns: [table.orderId, table.attempt] })],
);
export type AttemptRow = typeof attempts.$inferSelect;

/** Messages that failed for good. Visible, with a button; never dropped. */
export const parkedMessages = sqliteTable("parked_messages", {
  messageId: text("message_id").primaryKey(),
  queue: text("queue").notNull(),
  body: text("body").notNull(),
  orderId: text("order_id"),
  parkedAtMs: integer("parked_at_ms").notNull(),
  redrivenAtMs: integer("redriven_at_ms"),
});
export type ParkedMessageRow = typeof parkedMessages.$inferSelect;

/** What operators did. Append-only: triggers in the migration refuse UPDATE and DELETE. */
export const operatorLog = sqliteTable("operator_log", {
  entry: integer("entry").primaryKey({ autoIncrement: true }),
  atMs: integer("at_ms").notNull(),
  actor: text("actor").notNull(),
  action: text("action").notNull(),
  subject: text("subject").notNull(),
  detail: text("detail").notNull(),
});
export type OperatorLogRow = typeof operatorLog.$inferSelect;
