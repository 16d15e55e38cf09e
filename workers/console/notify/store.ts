import { and, asc, eq, gt, gte, inArray, lt, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { drizzle } from "drizzle-orm/d1";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { excluded, inStatements, slices } from "../../../schema/d1-statements.ts";
import type { DropId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import {
  drops,
  type EventRow,
  events,
  type OrderMailRow,
  type OrderRow,
  orderMails,
  orders,
  type StockToldRow,
  stockTold,
  type WebhookDeliveryRow,
  type WebhookEndpointRow,
  webhookDeliveries,
  webhookEndpoints,
} from "../../../schema/tables.ts";

export type UntoldOrder = OrderRow & { told: string; toldVersion: number };
/** `fromVersion`: the version it was last told of when it was read, and must still be when this is written. */
export type ToldOrder = { orderId: string; fromVersion: number; version: number; told: string };

/** Everything that one look at orders or levels brings about: all of it is written, or none. */
export type Telling = {
  events: EventRow[];
  deliveries: WebhookDeliveryRow[];
  mails: OrderMailRow[];
  orders: ToldOrder[];
  levels: StockToldRow[];
};

export type ChangedOrder = { orderId: string; updatedAtMs: number };

/** What others were told. What is there already stays as it is: the same thing told twice is one row. */
export type TellingStore = {
  /** Those of the given orders (100 at most) that are newer than what was told of them. */
  untold(orderIds: string[]): Promise<UntoldOrder[]>;
  /** Orders that changed in [fromMs, beforeMs) and still are, oldest first. */
  untoldSince(range: { fromMs: number; beforeMs: number; limit: number }): Promise<ChangedOrder[]>;
  endpoints(): Promise<WebhookEndpointRow[]>;
  activeDrops(nowMs: number): Promise<DropId[]>;
  levels(dropId: DropId): Promise<StockToldRow[]>;
  /** Throws, and writes nothing, if another has told one of its orders since they were read: then they are to be read again. */
  tell(telling: Telling): Promise<void>;
};

/** Ids of a statement, so that what they are told has room beside them. */
const ORDERS_TOLD_MAX = LIMITS.d1ParametersMax / 2;

export function d1Tellings(database: D1Database): TellingStore {
  const db = drizzle(database);
  return {
    untold: (orderIds) =>
      db
        .select()
        .from(orders)
        .where(and(inArray(orders.orderId, orderIds), lt(orders.toldVersion, orders.version))),

    untoldSince: ({ fromMs, beforeMs, limit }) =>
      db
        .select({ orderId: orders.orderId, updatedAtMs: orders.updatedAtMs })
        .from(orders)
        .where(
          and(
            // In the index's own words, or SQLite would not use it.
            sql`told_version < version`,
            gte(orders.updatedAtMs, fromMs),
            lt(orders.updatedAtMs, beforeMs),
          ),
        )
        .orderBy(asc(orders.updatedAtMs))
        .limit(limit),

    endpoints: () => db.select().from(webhookEndpoints).where(eq(webhookEndpoints.isEnabled, true)),

    async activeDrops(nowMs) {
      const rows = await db
        .select({ dropId: drops.dropId })
        .from(drops)
        .where(gt(drops.closesAtMs, nowMs - LIMITS.knockAfterCloseMs))
        .limit(LIMITS.pageRowsMax);
      return rows.map(({ dropId }) => dropId as DropId);
    },

    levels: (dropId) => db.select().from(stockTold).where(eq(stockTold.dropId, dropId)),

    async tell(telling) {
      const statements: BatchItem<"sqlite">[] = [
        ...toldAlike(telling.orders).map(([{ fromVersion, version, told }, orderIds]) =>
          db
            .update(orders)
            .set({
              told,
              // Two that tell at once name the same events by what each of them read: the later one must not write. NULL is
              // refused by the column, and the whole batch with it.
              toldVersion: sql`CASE told_version WHEN ${fromVersion} THEN ${version} END`,
            })
            .where(inArray(orders.orderId, orderIds)),
        ),
        ...inStatements(events, telling.events).map((rows) =>
          db.insert(events).values(rows).onConflictDoNothing(),
        ),
        ...inStatements(webhookDeliveries, telling.deliveries).map((rows) =>
          db.insert(webhookDeliveries).values(rows).onConflictDoNothing(),
        ),
        ...inStatements(orderMails, telling.mails).map((rows) =>
          db.insert(orderMails).values(rows).onConflictDoNothing(),
        ),
        ...inStatements(stockTold, telling.levels).map((rows) =>
          db
            .insert(stockTold)
            .values(rows)
            .onConflictDoUpdate({
              target: [stockTold.dropId, stockTold.skuId],
              set: excluded(stockTold, ["stock", "available", "reserved", "sold", "times", "atMs"]),
              setWhere: sql`${stockTold.times} < excluded.times`,
            }),
        ),
      ];
      const [first, ...rest] = statements;
      if (first) await db.batch([first, ...rest]);
    },
  };
}

/** The statements that `tell` sends to D1 in one batch. */
export function statementsOf(telling: Telling): number {
  const count = (table: SQLiteTable, rows: readonly unknown[]) => inStatements(table, rows).length;
  return (
    count(events, telling.events) +
    count(webhookDeliveries, telling.deliveries) +
    count(orderMails, telling.mails) +
    count(stockTold, telling.levels) +
    toldAlike(telling.orders).length
  );
}

/** In a rush most orders come to the same at the same version, and are one statement. */
function toldAlike(told: ToldOrder[]): [ToldOrder, string[]][] {
  const alike = Map.groupBy(told, ({ fromVersion, version, told }) => `${fromVersion} ${version} ${told}`);
  return [...alike.values()].flatMap((orders) =>
    slices(orders, ORDERS_TOLD_MAX).map((some): [ToldOrder, string[]] => [
      some[0] as ToldOrder,
      some.map(({ orderId }) => orderId),
    ]),
  );
}
