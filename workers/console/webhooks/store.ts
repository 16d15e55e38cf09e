import { and, asc, eq, gt, gte, inArray, lt, lte, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { drizzle } from "drizzle-orm/d1";
import type { DeliveryId } from "../../../schema/events.ts";
import { LIMITS } from "../../../schema/limits.ts";
import {
  events,
  operatorLog,
  type WebhookDeliveryRow,
  type WebhookEndpointRow,
  webhookDeliveries,
  webhookEndpoints,
} from "../../../schema/tables.ts";
import type { DeliveryState, EndpointId, ReplayCursor } from "../../../schema/webhooks.ts";

export type DeliveriesAfter = {
  endpointId: EndpointId | null;
  state: DeliveryState | null;
  after: string;
  limit: number;
};

/** A delivery that was claimed, with what is sent and where to. `endpoint` is null once it was deleted. */
export type Job = { delivery: WebhookDeliveryRow; body: string; endpoint: WebhookEndpointRow | null };

export type Noted = Pick<
  WebhookDeliveryRow,
  "deliveryId" | "state" | "tries" | "nextAtMs" | "lastStatus" | "lastReason" | "updatedAtMs"
>;

export type EndpointHealth = {
  endpointId: string;
  failingSinceMs: number | null;
  disabledReason: "failing" | "gone" | null;
  atMs: number;
};

export type WebhookStore = {
  endpoint(endpointId: EndpointId): Promise<WebhookEndpointRow | null>;
  allEndpoints(): Promise<WebhookEndpointRow[]>;
  /** Written anew, or in place of what was there. */
  saveEndpoint(row: WebhookEndpointRow): Promise<void>;
  /** Only if its keys are still those. False: somebody else has changed them. */
  saveKeys(endpointId: EndpointId, change: { from: string; to: string; atMs: number }): Promise<boolean>;
  /** What was on its way to it is parked. */
  deleteEndpoint(endpointId: EndpointId, atMs: number): Promise<void>;

  deliveries(page: DeliveriesAfter): Promise<WebhookDeliveryRow[]>;
  delivery(deliveryId: DeliveryId): Promise<WebhookDeliveryRow | null>;
  /** Due ones among the given (100 at most) are the caller's until `leaseUntilMs`, and one try older; nobody else gets them. */
  claim(deliveryIds: DeliveryId[], lease: { nowMs: number; leaseUntilMs: number }): Promise<Job[]>;
  /** What came of a batch. A row that was replayed meanwhile keeps its new try. */
  note(noted: Noted[], health: EndpointHealth[]): Promise<void>;
  /** Deliveries that were due before `beforeMs`: nobody has a message for them. */
  overdue(beforeMs: number): Promise<DeliveryId[]>;
  /** Makes deliveries due now, as if never tried. Those that are pending stay as they are. */
  replay(deliveryIds: DeliveryId[], nowMs: number): Promise<DeliveryId[]>;
  /** Up to `replayRowsMax` of an endpoint's deliveries made in [fromMs, toMs), in that order. */
  toReplay(asked: {
    endpointId: EndpointId;
    fromMs: number;
    toMs: number;
    states: readonly DeliveryState[];
    after: ReplayCursor | null;
  }): Promise<ReplayCursor[]>;
};

/** Beside the ids, claim and replay give a few parameters of their own. */
const IDS_PER_STATEMENT = 90;

export function d1Webhooks(database: D1Database): WebhookStore {
  const db = drizzle(database);
  return {
    async endpoint(endpointId) {
      const [row] = await db
        .select()
        .from(webhookEndpoints)
        .where(eq(webhookEndpoints.endpointId, endpointId));
      return row ?? null;
    },

    allEndpoints: () => db.select().from(webhookEndpoints).orderBy(asc(webhookEndpoints.endpointId)),

    async saveEndpoint(row) {
      const { endpointId: _endpointId, createdAtMs: _createdAtMs, ...changes } = row;
      await db
        .insert(webhookEndpoints)
        .values(row)
        .onConflictDoUpdate({ target: webhookEndpoints.endpointId, set: changes });
    },

    async saveKeys(endpointId, { from, to, atMs }) {
      const saved = await db
        .update(webhookEndpoints)
        .set({ keys: to, updatedAtMs: atMs })
        .where(and(eq(webhookEndpoints.endpointId, endpointId), eq(webhookEndpoints.keys, from)))
        .returning({ endpointId: webhookEndpoints.endpointId });
      return saved.length === 1;
    },

    async deleteEndpoint(endpointId, atMs) {
      await db.batch([
        db.delete(webhookEndpoints).where(eq(webhookEndpoints.endpointId, endpointId)),
        parkPending(endpointId, "endpoint_deleted", atMs),
      ]);
    },

    deliveries: ({ endpointId, state, after, limit }) =>
      db
        .select()
        .from(webhookDeliveries)
        .where(
          and(
            gt(webhookDeliveries.deliveryId, after),
            endpointId === null ? undefined : eq(webhookDeliveries.endpointId, endpointId),
            state === null ? undefined : eq(webhookDeliveries.state, state),
          ),
        )
        .orderBy(asc(webhookDeliveries.deliveryId))
        .limit(limit),

    async delivery(deliveryId) {
      const [row] = await db
        .select()
        .from(webhookDeliveries)
        .where(eq(webhookDeliveries.deliveryId, deliveryId));
      return row ?? null;
    },

    async claim(deliveryIds, { nowMs, leaseUntilMs }) {
      const claimed = await inSlices(deliveryIds, (ids) =>
        db
          .update(webhookDeliveries)
          .set({ tries: sql`${webhookDeliveries.tries} + 1`, nextAtMs: leaseUntilMs })
          .where(
            and(
              inArray(webhookDeliveries.deliveryId, ids),
              eq(webhookDeliveries.state, "pending"),
              lte(webhookDeliveries.nextAtMs, nowMs),
            ),
          )
          .returning({ deliveryId: webhookDeliveries.deliveryId }),
      );
      return inSlices(
        claimed.map(({ deliveryId }) => deliveryId),
        async (ids) => {
          const rows = await db
            .select({ delivery: webhookDeliveries, body: events.body, endpoint: webhookEndpoints })
            .from(webhookDeliveries)
            .innerJoin(events, eq(events.eventId, webhookDeliveries.eventId))
            .leftJoin(webhookEndpoints, eq(webhookEndpoints.endpointId, webhookDeliveries.endpointId))
            .where(inArray(webhookDeliveries.deliveryId, ids));
          return rows;
        },
      );
    },

    async note(noted, health) {
      const statements: BatchItem<"sqlite">[] = [
        ...noted.map(({ deliveryId, tries, ...changes }) =>
          db
            .update(webhookDeliveries)
            .set(changes)
            .where(and(eq(webhookDeliveries.deliveryId, deliveryId), eq(webhookDeliveries.tries, tries))),
        ),
        ...health.flatMap((one) => noteHealth(one)),
      ];
      const [first, ...rest] = statements;
      if (first) await db.batch([first, ...rest]);
    },

    async overdue(beforeMs) {
      const rows = await db
        .select({ deliveryId: webhookDeliveries.deliveryId })
        .from(webhookDeliveries)
        .where(and(sql`state = 'pending'`, lt(webhookDeliveries.nextAtMs, beforeMs)))
        .orderBy(asc(webhookDeliveries.nextAtMs))
        .limit(LIMITS.sweepRowsMax);
      return rows.map(({ deliveryId }) => deliveryId as DeliveryId);
    },

    async replay(deliveryIds, nowMs) {
      const rows = await inSlices(deliveryIds, (ids) =>
        db
          .update(webhookDeliveries)
          .set({ state: "pending", tries: 0, nextAtMs: nowMs, updatedAtMs: nowMs })
          .where(
            and(
              inArray(webhookDeliveries.deliveryId, ids),
              inArray(webhookDeliveries.state, ["delivered", "parked"]),
            ),
          )
          .returning({ deliveryId: webhookDeliveries.deliveryId }),
      );
      return rows.map(({ deliveryId }) => deliveryId as DeliveryId);
    },

    async toReplay({ endpointId, fromMs, toMs, states, after }) {
      const rows = await db
        .select({ deliveryId: webhookDeliveries.deliveryId, createdAtMs: webhookDeliveries.createdAtMs })
        .from(webhookDeliveries)
        .where(
          and(
            eq(webhookDeliveries.endpointId, endpointId),
            gte(webhookDeliveries.createdAtMs, fromMs),
            lt(webhookDeliveries.createdAtMs, toMs),
            inArray(webhookDeliveries.state, [...states]),
            after === null
              ? undefined
              : sql`(${webhookDeliveries.createdAtMs}, ${webhookDeliveries.deliveryId}) > (${after.createdAtMs}, ${after.deliveryId})`,
          ),
        )
        .orderBy(asc(webhookDeliveries.createdAtMs), asc(webhookDeliveries.deliveryId))
        .limit(LIMITS.replayRowsMax);
      return rows.map((row) => ({ ...row, deliveryId: row.deliveryId as DeliveryId }));
    },
  };

  function parkPending(endpointId: string, reason: string, atMs: number) {
    return db
      .update(webhookDeliveries)
      .set({ state: "parked", lastReason: reason, updatedAtMs: atMs })
      .where(and(eq(webhookDeliveries.endpointId, endpointId), eq(webhookDeliveries.state, "pending")));
  }

  function noteHealth({ endpointId, failingSinceMs, disabledReason, atMs }: EndpointHealth) {
    const isThis = eq(webhookEndpoints.endpointId, endpointId);
    if (disabledReason === null) return [db.update(webhookEndpoints).set({ failingSinceMs }).where(isThis)];
    return [
      db
        .update(webhookEndpoints)
        .set({ failingSinceMs, isEnabled: false, disabledReason, updatedAtMs: atMs })
        .where(isThis),
      parkPending(endpointId, "endpoint_disabled", atMs),
      db.insert(operatorLog).values({
        atMs,
        actor: "dropline",
        action: "disable_webhook_endpoint",
        subject: endpointId,
        detail: JSON.stringify({ disabledReason, failingSinceMs }),
      }),
    ];
  }
}

async function inSlices<Id extends string, Row>(
  ids: Id[],
  ask: (some: Id[]) => Promise<Row[]>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let from = 0; from < ids.length; from += IDS_PER_STATEMENT) {
    rows.push(...(await ask(ids.slice(from, from + IDS_PER_STATEMENT))));
  }
  return rows;
}
