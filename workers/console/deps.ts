import { kvKeys, type PublishedDrop, PublishedSummary } from "../../schema/drop-document.ts";
import type { DropId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { EdgeForConsole, PaymentsForConsole } from "../../schema/preflight.ts";
import type { ConsoleApi } from "../../schema/rpc/entrypoints.ts";
import { parseKeyset } from "../edge/keyset.ts";
import { type Mailer, postedMail } from "../mail.ts";
import { requireSecrets } from "../misconfigured.ts";
import { d1Parking } from "../queue/store.ts";
import { type CatalogHints, kvCatalog } from "./catalog/hints.ts";
import { type CatalogStore, d1Catalog } from "./catalog/store.ts";
import { d1Mails } from "./mails/store.ts";
import type { NotifyDeps } from "./notify/deps.ts";
import { d1Tellings } from "./notify/store.ts";
import { d1Records, type Records } from "./store.ts";
import { d1Webhooks } from "./webhooks/store.ts";

/** The brand's documents in KV. A read may be a minute old: whoever must publish what was just written sends it along. */
export type Documents = {
  read(dropId: DropId): Promise<string | null>;
  write(dropId: DropId, document: unknown): Promise<void>;
  /** A hint for lists of drops, with its times as they stand; nothing is decided from it. */
  writePublished(
    published: PublishedDrop,
    times: Pick<PublishedSummary, "opensAt" | "closesAt">,
  ): Promise<void>;
};

export type Deps = {
  state: ConsoleApi;
  payments: PaymentsForConsole;
  edge: EdgeForConsole;
  documents: Documents;
  records: Records;
  catalog: CatalogStore;
  /** What the edge reads of the catalog. */
  hints: CatalogHints;
  /** What others are told of, and how: mails and webhooks. */
  notify: NotifyDeps;
  operatorToken: string;
  /** What warehouses sign their stock with; null: there is no such door. */
  stockSyncSecret: string | null;
  nowMs: () => number;
};

/** The only place of this Worker that touches its bindings. @throws Misconfigured when its token is missing or malformed. */
export function depsFrom(env: ConsoleEnv): Deps {
  requireSecrets("console", env);
  return {
    state: env.STATE,
    payments: env.PAYMENTS as unknown as PaymentsForConsole,
    edge: env.EDGE as unknown as EdgeForConsole,
    documents: kvDocuments(env.CONFIG),
    records: d1Records(env.DB),
    catalog: d1Catalog(env.DB),
    hints: kvCatalog(env.CONFIG),
    notify: notifyDepsFrom(env),
    operatorToken: env.OPERATOR_TOKEN,
    stockSyncSecret: (env as { STOCK_SYNC_SECRET?: string }).STOCK_SYNC_SECRET || null,
    nowMs: () => Date.now(),
  };
}

/** For the consumers and the cron, which have no more of the console than this. @throws when a keyset is malformed. */
export function notifyDepsFrom(env: ConsoleEnv): NotifyDeps {
  const fetch: typeof globalThis.fetch = (...request) => globalThis.fetch(...request);
  return {
    tellings: d1Tellings(env.DB),
    webhooks: d1Webhooks(env.DB),
    mails: d1Mails(env.DB),
    parking: d1Parking(env.DB),
    queueNotifications: (messages) => sendAll(env.NOTIFICATIONS, messages),
    queueDeliveries: (deliveryIds) =>
      sendAll(
        env.WEBHOOKS,
        deliveryIds.map((deliveryId) => ({ deliveryId })),
      ),
    snapshot: (dropId: DropId) => env.STATE.snapshot(dropId),
    async document(dropId) {
      const published = await env.STATE.published(dropId, null);
      return published.ok ? published.value.document : null;
    },
    webhookKeys: parseKeyset("WEBHOOK_KEYS", env.WEBHOOK_KEYS),
    linkKeys: parseKeyset("LINK_KEYS", env.LINK_KEYS),
    mailer: env.MAIL_URL === "" || env.ORDER_MAILS !== "yes" ? null : mailerFrom(env, fetch),
    storefrontUrl: env.STOREFRONT_URL,
    toLoopback: env.WEBHOOKS_TO_LOOPBACK === "yes",
    fetch,
    clock: { now: () => Date.now() },
    random: () => Math.random(),
    randomHex: (bytes) => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex"),
    log: (entry) => console[entry.level](JSON.stringify(entry)),
  };
}

function mailerFrom(env: ConsoleEnv, fetch: typeof globalThis.fetch): Mailer {
  return postedMail({ url: env.MAIL_URL, apiKey: env.MAIL_API_KEY, from: env.MAIL_FROM, fetch });
}

async function sendAll(queue: Queue, bodies: unknown[]): Promise<void> {
  for (let from = 0; from < bodies.length; from += LIMITS.queueBatchMax) {
    await queue.sendBatch(bodies.slice(from, from + LIMITS.queueBatchMax).map((body) => ({ body })));
  }
}

type Kv = Pick<KVNamespace, "get" | "put">;

export function kvDocuments(kv: Kv): Documents {
  return {
    read: (dropId) => kv.get(kvKeys.draft(dropId)),
    async write(dropId, document) {
      await kv.put(kvKeys.draft(dropId), JSON.stringify(document, null, 2));
    },
    async writePublished(published, times) {
      const { id, name } = published.document;
      const metadata: PublishedSummary = PublishedSummary.parse({ name, ...times });
      await kv.put(kvKeys.published(id), JSON.stringify(published), { metadata });
    },
  };
}
