import type { ShopperId } from "../../schema/ids.ts";
import type { MailMessage } from "../../schema/mail.ts";
import { createApp } from "../../workers/edge/app.ts";
import type { Deps, LogEntry } from "../../workers/edge/deps.ts";
import { parseCustomerKeys } from "../../workers/edge/identity/customer-keys.ts";
import { parseKeyset } from "../../workers/edge/keyset.ts";
import { FakeClock } from "./edge-clock.ts";
import { keysetOf } from "./edge-keysets.ts";
import { cohortOf, DROP, ORIGIN } from "./edge-samples.ts";
import { FakeState } from "./edge-state.ts";

export function fakeDeps(changes: Partial<Deps> = {}) {
  const clock = new FakeClock();
  const state = new FakeState(clock);
  const logs: LogEntry[] = [];
  const mails: MailMessage[] = [];
  let bytes = 0;
  const deps: Deps = {
    state: () => state,
    snapshot: (dropId) => state.snapshot(dropId),
    publishedDrops: async () => [
      { id: DROP, name: "Runner", opensAt: "2027-03-01T10:00:00Z", closesAt: "2027-03-01T12:00:00Z" },
    ],
    catalog: {
      index: async () => ({ version: 0, products: [] }),
      product: async () => null,
      purge: async () => {},
    },
    record: {
      text: async (key) => {
        state.storedAsked.push(key);
        return (state.stored.get(key) as string | undefined) ?? null;
      },
      bytes: async (key) => {
        state.storedAsked.push(key);
        return (state.stored.get(key) as Uint8Array<ArrayBuffer> | undefined) ?? null;
      },
    },
    allowAddress: async () => true,
    allowShopper: async () => true,
    allowMailFrom: async () => true,
    challenges: null,
    widget: null,
    mailer: { send: async (mail) => void mails.push(mail) },
    brandQuotes: { ask: async (url) => Promise.reject(new Error(`nobody is at ${url}`)) },
    customerKeys: parseCustomerKeys("CUSTOMER_KEYS", undefined),
    apiOrigins: new Set(),
    sessionKeys: parseKeyset("SESSION_KEYS", keysetOf(["s1", 1])),
    ticketKeys: parseKeyset("TICKET_KEYS", keysetOf(["t1", 2])),
    linkKeys: parseKeyset("LINK_KEYS", keysetOf(["l1", 3])),
    clock,
    random: () => 0.5,
    randomHex: (length) => (++bytes).toString(16).padStart(length * 2, "0"),
    log: (entry) => logs.push(entry),
    ...changes,
  };
  return { deps, clock, state, logs, mails };
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
export type Answer = { status: number; headers: Headers; text: string; body: any };

/** The whole edge over fakes. `call` is an API client, with a session once `open` was called. */
export function fakeEdge(changes: Partial<Deps> = {}) {
  const fakes = fakeDeps(changes);
  const app = createApp(fakes.deps);
  const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} };

  async function send(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await app.request(`${ORIGIN}${path}`, init, {}, context as unknown as ExecutionContext);
    const text = await response.text();
    const isJson = text !== "" && (response.headers.get("Content-Type") ?? "").includes("json");
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? JSON.parse(text) : undefined,
    };
  }

  async function open(): Promise<Caller> {
    const { body } = await send("/v1/sessions", { method: "POST" });
    return callerOf(body.session, body.shopperId);
  }

  function callerOf(session: string, shopperId: ShopperId): Caller {
    const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
      send(path, {
        method: "POST",
        headers: {
          Authorization: `Bearer ${session}`,
          "Content-Type": "application/json",
          "Idempotency-Key": "k1",
          ...headers,
        },
        body: typeof body === "string" ? body : JSON.stringify(body),
      });
    const get = (path: string) => send(path, { headers: { Authorization: `Bearer ${session}` } });
    return { session, shopperId, post, get };
  }

  return { ...fakes, app, send, open };
}

export type Caller = {
  session: string;
  shopperId: ShopperId;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(path: string): Promise<Answer>;
};

/** Everybody of cohort 0 is admitted. */
export function admitAll(state: FakeState): void {
  state.closed = [cohortOf(0)];
  state.snapshot$ = { ...state.snapshot$, watermark: { cohort: 0, rank: 1 } };
}

/** A shopper with ticket and pass. */
export async function admitted(edge: ReturnType<typeof fakeEdge>) {
  admitAll(edge.state);
  const caller = await edge.open();
  const { ticket } = (await caller.post(`/v1/drops/${DROP}/tickets`, {})).body;
  const { pass } = (await caller.post(`/v1/drops/${DROP}/passes`, { ticket })).body;
  return { ...caller, ticket, pass } as Caller & { ticket: string; pass: string };
}
