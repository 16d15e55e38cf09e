import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { EVENT_TYPES, ORDER_EVENT_TYPES } from "./events.ts";
import type { OrderCharge, PricedLine, Shipment, ShippingAddress } from "./http.ts";
import {
  ATTEMPT_STATES,
  CANCEL_REASONS,
  FULFILLMENT_STATES,
  GATEWAYS,
  MONEY_STATES,
  OPERATIONS,
  ORDER_STATUSES,
} from "./statuses.ts";
import { DELIVERY_STATES } from "./webhooks.ts";

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
    lines: text("lines", { mode: "json" }).$type<PricedLine[]>().notNull().default([]),
    totalMinor: integer("total_minor").notNull(),
    currency: text("currency").notNull(),
    charges: text("charges", { mode: "json" }).$type<OrderCharge[]>().notNull().default([]),
    refundedMinor: integer("refunded_minor").notNull().default(0),
    fulfillment: text("fulfillment", { enum: FULFILLMENT_STATES }).notNull().default("unshipped"),
    shipments: text("shipments", { mode: "json" }).$type<Shipment[]>().notNull().default([]),
    shippingAddress: text("shipping_address", { mode: "json" }).$type<ShippingAddress>(),
    /** What was agreed to, when it was placed. */
    termsVersion: text("terms_version"),
    email: text("email").notNull(),
    gateway: text("gateway", { enum: GATEWAYS }).notNull(),
    paymentRef: text("payment_ref"),
    attention: text("attention"),
    placedAtMs: integer("placed_at_ms").notNull(),
    updatedAtMs: integer("updated_at_ms").notNull(),
    version: integer("version").notNull(),
    /** What of this order was told to others, and of which version: the notifications' own columns, which no projection touches. */
    told: text("told").notNull().default(sql`'{}'`),
    toldVersion: integer("told_version").notNull().default(sql`0`),
  },
  (table) => [
    index("orders_untold").on(table.updatedAtMs).where(sql`told_version < version`),
    index("orders_by_drop").on(table.dropId, table.status),
    index("orders_by_attention").on(table.attention),
  ],
);
export type OrderRow = Omit<typeof orders.$inferSelect, "told" | "toldVersion">;

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

/** What happened, told outside: the exact body that every endpoint gets. Never changed. */
export const events = sqliteTable("events", {
  eventId: text("event_id").primaryKey(),
  type: text("type", { enum: EVENT_TYPES }).notNull(),
  /** The order's id, or `drop/sku`. */
  subject: text("subject").notNull(),
  body: text("body").notNull(),
  occurredAtMs: integer("occurred_at_ms").notNull(),
});
export type EventRow = typeof events.$inferSelect;

/** Where events are sent. `keys` names the signing keys, newest first, and holds no secret. */
export const webhookEndpoints = sqliteTable("webhook_endpoints", {
  endpointId: text("endpoint_id").primaryKey(),
  url: text("url").notNull(),
  description: text("description").notNull(),
  eventTypes: text("event_types").notNull(),
  keys: text("keys").notNull(),
  isEnabled: integer("is_enabled", { mode: "boolean" }).notNull(),
  /** Why it is off: by the operator, or because nothing got through. */
  disabledReason: text("disabled_reason", { enum: ["operator", "failing", "gone"] }),
  /** The first failure since the last success. */
  failingSinceMs: integer("failing_since_ms"),
  createdAtMs: integer("created_at_ms").notNull(),
  updatedAtMs: integer("updated_at_ms").notNull(),
});
export type WebhookEndpointRow = typeof webhookEndpoints.$inferSelect;

/** One event on its way to one endpoint. `delivery_id` is the `webhook-id` of every try. */
export const webhookDeliveries = sqliteTable(
  "webhook_deliveries",
  {
    deliveryId: text("delivery_id").primaryKey(),
    eventId: text("event_id").notNull(),
    endpointId: text("endpoint_id").notNull(),
    state: text("state", { enum: DELIVERY_STATES }).notNull(),
    tries: integer("tries").notNull(),
    /** When it may be tried: not before, and by one consumer alone. */
    nextAtMs: integer("next_at_ms").notNull(),
    lastStatus: integer("last_status"),
    lastReason: text("last_reason"),
    createdAtMs: integer("created_at_ms").notNull(),
    updatedAtMs: integer("updated_at_ms").notNull(),
  },
  (table) => [
    index("webhook_deliveries_pending").on(table.nextAtMs).where(sql`state = 'pending'`),
    index("webhook_deliveries_by_endpoint").on(table.endpointId, table.createdAtMs),
  ],
);
export type WebhookDeliveryRow = typeof webhookDeliveries.$inferSelect;

/** A mail about one order to its shopper; its text is made from the order when it is sent. */
export const orderMails = sqliteTable(
  "order_mails",
  {
    mailId: text("mail_id").primaryKey(),
    orderId: text("order_id").notNull(),
    type: text("type", { enum: ORDER_EVENT_TYPES }).notNull(),
    state: text("state", { enum: ["pending", "sent", "parked"] }).notNull(),
    tries: integer("tries").notNull(),
    nextAtMs: integer("next_at_ms").notNull(),
    lastReason: text("last_reason"),
    createdAtMs: integer("created_at_ms").notNull(),
    updatedAtMs: integer("updated_at_ms").notNull(),
  },
  (table) => [
    index("order_mails_pending").on(table.nextAtMs).where(sql`state = 'pending'`),
    index("order_mails_by_order").on(table.orderId),
  ],
);
export type OrderMailRow = typeof orderMails.$inferSelect;

/** The level of each SKU as it was last told; `times` numbers what was told. */
export const stockTold = sqliteTable(
  "stock_told",
  {
    dropId: text("drop_id").notNull(),
    skuId: text("sku_id").notNull(),
    stock: integer("stock").notNull(),
    available: integer("available").notNull(),
    reserved: integer("reserved").notNull(),
    sold: integer("sold").notNull(),
    times: integer("times").notNull(),
    atMs: integer("at_ms").notNull(),
  },
  (table) => [primaryKey({ columns: [table.dropId, table.skuId] })],
);
export type StockToldRow = typeof stockTold.$inferSelect;

/** Headers of imported files, in their order: what an export gives back. */
export const catalogLayouts = sqliteTable("catalog_layouts", {
  /** SHA-256 of the columns. */
  layoutId: text("layout_id").primaryKey(),
  columns: text("columns", { mode: "json" }).$type<string[]>().notNull(),
});

/** A product, with the rows of the file that it came from, cell for cell. Everything else in these tables follows from them. */
export const products = sqliteTable(
  "products",
  {
    handle: text("handle").primaryKey(),
    /** Order of export. */
    position: integer("position").notNull(),
    title: text("title").notNull(),
    vendor: text("vendor").notNull(),
    type: text("type").notNull(),
    tags: text("tags", { mode: "json" }).$type<string[]>().notNull(),
    isPublished: integer("is_published", { mode: "boolean" }).notNull(),
    currency: text("currency").notNull(),
    options: text("options", { mode: "json" }).$type<string[]>().notNull(),
    bodyHtml: text("body_html").notNull(),
    layoutId: text("layout_id").notNull(),
    rows: text("rows", { mode: "json" }).$type<string[][]>().notNull(),
    /** SHA-256 of layout, rows and currency. */
    version: text("version").notNull(),
    /** The version that KV was last given. */
    shownVersion: text("shown_version"),
    updatedAtMs: integer("updated_at_ms").notNull(),
  },
  (table) => [index("products_by_position").on(table.position)],
);
export type ProductRow = typeof products.$inferSelect;

export const productVariants = sqliteTable(
  "product_variants",
  {
    handle: text("handle").notNull(),
    position: integer("position").notNull(),
    sku: text("sku"),
    options: text("options", { mode: "json" }).$type<string[]>().notNull(),
    priceMinor: integer("price_minor").notNull(),
    compareAtMinor: integer("compare_at_minor"),
    barcode: text("barcode"),
    imageUrl: text("image_url"),
  },
  (table) => [
    primaryKey({ columns: [table.handle, table.position] }),
    index("product_variants_by_sku").on(table.sku),
  ],
);

export const productImages = sqliteTable(
  "product_images",
  {
    handle: text("handle").notNull(),
    position: integer("position").notNull(),
    url: text("url").notNull(),
    altText: text("alt_text").notNull(),
  },
  (table) => [primaryKey({ columns: [table.handle, table.position] })],
);

/** One row: rises with each change of the catalog; `shown` is the version of the index that KV was last given. */
export const catalogVersion = sqliteTable("catalog_version", {
  id: integer("id").primaryKey(),
  version: integer("version").notNull(),
  shownVersion: integer("shown_version").notNull(),
});
