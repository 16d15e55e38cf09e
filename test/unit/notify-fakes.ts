import type { DeliveryId, NotificationMessage } from "../../schema/events.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { WebhookDeliveryRow, WebhookEndpointRow } from "../../schema/tables.ts";
import type { ReplayCursor } from "../../schema/webhooks.ts";
import type { NotifyDeps } from "../../workers/console/notify/deps.ts";
import type { WebhookStore } from "../../workers/console/webhooks/store.ts";
import { parseKeyset } from "../../workers/edge/keyset.ts";
import { keysetOf } from "./edge-keysets.ts";

export const NOTIFY_NOW_MS = 1_800_000_000_000;

const isAfter = (one: ReplayCursor, other: ReplayCursor) =>
  one.createdAtMs > other.createdAtMs ||
  (one.createdAtMs === other.createdAtMs && one.deliveryId > other.deliveryId);

/** Endpoints and deliveries as arrays, as far as the console's API asks for them. */
function fakeWebhooks(
  endpoints: WebhookEndpointRow[],
  deliveries: WebhookDeliveryRow[],
): Partial<WebhookStore> {
  const find = (endpointId: string) => endpoints.find((row) => row.endpointId === endpointId);
  return {
    endpoint: async (endpointId) => find(endpointId) ?? null,
    allEndpoints: async () => endpoints,
    async saveEndpoint(row) {
      const known = find(row.endpointId);
      if (known === undefined) endpoints.push({ ...row });
      else Object.assign(known, row);
    },
    async saveKeys(endpointId, { from, to }) {
      const known = find(endpointId);
      if (known?.keys !== from) return false;
      known.keys = to;
      return true;
    },
    async deleteEndpoint(endpointId) {
      endpoints.splice(endpoints.findIndex((row) => row.endpointId === endpointId) >>> 0, 1);
    },
    delivery: async (deliveryId) => deliveries.find((row) => row.deliveryId === deliveryId) ?? null,
    deliveries: async ({ after, limit }) =>
      deliveries.filter((row) => row.deliveryId > after).slice(0, limit),
    async replay(deliveryIds) {
      const found = deliveries.filter(
        (row) => deliveryIds.includes(row.deliveryId as DeliveryId) && row.state !== "pending",
      );
      for (const row of found) row.state = "pending";
      return found.map(({ deliveryId }) => deliveryId as DeliveryId);
    },
    toReplay: async ({ endpointId, fromMs, toMs, states, after }) =>
      deliveries
        .filter((row) => row.endpointId === endpointId && states.includes(row.state))
        .filter(({ createdAtMs }) => createdAtMs >= fromMs && createdAtMs < toMs)
        .map(({ deliveryId, createdAtMs }) => ({ deliveryId: deliveryId as DeliveryId, createdAtMs }))
        .filter((row) => after === null || isAfter(row, after))
        .sort((one, other) => (isAfter(one, other) ? 1 : -1))
        .slice(0, LIMITS.replayRowsMax),
  };
}

/** What the console's API needs of telling others; anything else was not expected. */
export function fakeNotify() {
  const endpoints: WebhookEndpointRow[] = [];
  const deliveries: WebhookDeliveryRow[] = [];
  const queued = { notifications: [] as NotificationMessage[], deliveries: [] as DeliveryId[] };
  let drawn = 0;
  const notify = {
    webhooks: fakeWebhooks(endpoints, deliveries),
    queueNotifications: async (messages: NotificationMessage[]) =>
      void queued.notifications.push(...messages),
    queueDeliveries: async (ids: DeliveryId[]) => void queued.deliveries.push(...ids),
    webhookKeys: parseKeyset("WEBHOOK_KEYS", keysetOf(["w1", 9])),
    linkKeys: parseKeyset("LINK_KEYS", keysetOf(["l1", 8])),
    mailer: null,
    storefrontUrl: "https://drops.shop.com",
    toLoopback: false,
    clock: { now: () => NOTIFY_NOW_MS },
    random: () => 0.5,
    randomHex: (bytes: number) => String(++drawn).padStart(bytes * 2, "0"),
  };
  return Object.assign(notify as unknown as NotifyDeps, { rows: { endpoints, deliveries }, queued });
}
