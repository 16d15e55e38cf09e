import type { ConsoleApi } from "../../schema/rpc/entrypoints.ts";
import type { AttemptRow, OperatorLogRow, OrderRow, ParkedMessageRow } from "../../schema/tables.ts";
import { createApp } from "../../workers/console/app.ts";
import { type Deps, kvDocuments } from "../../workers/console/deps.ts";
import type { Records } from "../../workers/console/store.ts";
import { fakeCatalog } from "./catalog-store.ts";
import { fakeNotify } from "./notify-fakes.ts";

export const OPERATOR_TOKEN = "operator-token-of-this-test";
export const STOCK_SYNC_SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
export const NOW_MS = 1_800_000_000_000;

/** A KV namespace in memory that also keeps what was put beside each key. */
export function fakeKv() {
  const entries = new Map<string, { text: string; metadata: unknown }>();
  const kv = {
    entries,
    get: async (key: string) => entries.get(key)?.text ?? null,
    put: async (key: string, text: string, options?: { metadata?: unknown }) => {
      entries.set(key, { text, metadata: options?.metadata });
    },
  };
  return kv;
}

export type Rows = {
  orders: OrderRow[];
  attempts: AttemptRow[];
  parked: ParkedMessageRow[];
  log: OperatorLogRow[];
};

/** D1's tables as arrays, in key order. */
export function fakeRecords(rows: Rows): Records {
  const after = <Row>(list: Row[], follows: (row: Row) => boolean, limit: number) =>
    list.filter(follows).slice(0, limit);
  return {
    orders: async ({ dropId, after: key, limit }) =>
      after(rows.orders, (row) => row.orderId > key && (dropId === null || row.dropId === dropId), limit),
    attempts: async ({ orderId, attempt, limit }) =>
      after(
        rows.attempts,
        (row) => row.orderId > orderId || (row.orderId === orderId && row.attempt > attempt),
        limit,
      ),
    parked: async (key, limit) => after(rows.parked, (row) => row.messageId > key, limit),
    parkedMessage: async (messageId) => rows.parked.find((row) => row.messageId === messageId) ?? null,
    markRedriven: async (messageId, atMs) => {
      for (const row of rows.parked) if (row.messageId === messageId) row.redrivenAtMs = atMs;
    },
    operatorLog: async (entry, limit) => after(rows.log, (row) => row.entry > entry, limit),
    appendOperatorLog: async (entry) => {
      rows.log.push({ ...entry, entry: rows.log.length + 1 });
    },
  };
}

/** The whole console over fakes: `call` sends a request as the operator unless `headers` say otherwise. */
export function fakeConsole(state: Partial<ConsoleApi> = {}) {
  const kv = fakeKv();
  const rows: Rows = { orders: [], attempts: [], parked: [], log: [] };
  const shop = fakeCatalog();
  const untouched = () => Promise.reject(new Error("this test did not expect a call to the state"));
  const deps: Deps = {
    state: {
      publish: untouched,
      published: untouched,
      preflight: untouched,
      stockAudit: untouched,
      adjustStock: untouched,
      commandLine: untouched,
      ordersAudit: untouched,
      commandOrder: untouched,
      redrive: untouched,
      snapshot: untouched,
      ...state,
    },
    payments: { probeGateways: untouched },
    edge: { probeCheckout: untouched },
    documents: kvDocuments(kv as unknown as KVNamespace),
    records: fakeRecords(rows),
    catalog: shop.catalog,
    hints: shop.hints,
    notify: fakeNotify(),
    operatorToken: OPERATOR_TOKEN,
    stockSyncSecret: STOCK_SYNC_SECRET,
    nowMs: () => NOW_MS,
  };
  const app = createApp(() => deps);
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const init: RequestInit = {
      method,
      headers: { Authorization: `Bearer ${OPERATOR_TOKEN}`, "Content-Type": "application/json", ...headers },
    };
    if (body !== undefined) init.body = typeof body === "string" ? body : JSON.stringify(body);
    const response = await app.request(path, init);
    // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
    return { status: response.status, headers: response.headers, body: (await response.json()) as any };
  };
  return { deps, kv, rows, shop, call };
}

export const draft = (changes: Record<string, unknown> = {}) => ({
  id: "spring",
  name: "Spring",
  currency: "EUR",
  lobbyOpensAt: "2027-03-01T09:00:00Z",
  opensAt: "2027-03-01T10:00:00Z",
  closesAt: "2027-03-01T12:00:00Z",
  skus: [{ id: "runner-42", name: "Runner 42", stock: 10, priceMinor: 12_900 }],
  ...changes,
});
