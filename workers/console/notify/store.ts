import { and, asc, eq, gt, gte, inArray, lt, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { drizzle } from "drizzle-orm/d1";
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

/** Fifty ids a statement, beside what they are told. */
const TOLD_SHARE = 2;

const COLUMNS = { events: 5, deliveries: 10, mails: 9, levels: 8 };

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
        ...slices(telling.events, COLUMNS.events).map((rows) =>
          db.insert(events).values(rows).onConflictDoNothing(),
        ),
        ...slices(telling.deliveries, COLUMNS.deliveries).map((rows) =>
          db.insert(webhookDeliveries).values(rows).onConflictDoNothing(),
        ),
        ...slices(telling.mails, COLUMNS.mails).map((rows) =>
          db.insert(orderMails).values(rows).onConflictDoNothing(),
        ),
        ...slices(telling.levels, COLUMNS.levels).map((rows) =>
          db
            .insert(stockTold)
            .values(rows)
            .onConflictDoUpdate({
              target: [stockTold.dropId, stockTold.skuId],
              set: {
                stock: sql`excluded.stock`,
                available: sql`excluded.available`,
                reserved: sql`excluded.reserved`,
                sold: sql`excluded.sold`,
                times: sql`excluded.times`,
                atMs: sql`excluded.at_ms`,
              },
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
export function statementsOf({ events, deliveries, mails, orders, levels }: Telling): number {
  const count = (rows: number, columns: number) => Math.ceil(rows / rowsPerStatement(columns));
  return (
    count(events.length, COLUMNS.events) +
    count(deliveries.length, COLUMNS.deliveries) +
    count(mails.length, COLUMNS.mails) +
    count(levels.length, COLUMNS.levels) +
    toldAlike(orders).length
  );
}

/** In a rush most orders come to the same at the same version, and are one statement. */
function toldAlike(told: ToldOrder[]): [ToldOrder, string[]][] {
  const alike = Map.groupBy(told, ({ fromVersion, version, told }) => `${fromVersion} ${version} ${told}`);
  return [...alike.values()].flatMap((orders) =>
    slices(orders, TOLD_SHARE).map((some): [ToldOrder, string[]] => [
      some[0] as ToldOrder,
      some.map(({ orderId }) => orderId),
    ]),
  );
}

/** As many rows a statement as D1's limit on parameters allows. */
function slices<Row>(rows: Row[], columns: number): Row[][] {
  const size = rowsPerStatement(columns);
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, index) =>
    rows.slice(index * size, (index + 1) * size),
  );
}

const rowsPerStatement = (columns: number) => Math.floor(LIMITS.d1ParametersMax / columns);
