import type { PublishedDrop } from "../../schema/drop-document.ts";
import { DropDocument } from "../../schema/drop-document.ts";
import type { OrderAnswer } from "../../schema/http.ts";
import { DropId, type ReservationId, type ShopperId, SkuId } from "../../schema/ids.ts";
import type { ClosedCohort, Snapshot } from "../../schema/line.ts";
import { totalMinor } from "../../schema/money.ts";
import { ok, refuse } from "../../schema/result.ts";
import type {
  EdgeApi,
  KeyedReserveItem,
  OrderQuery,
  PlaceItem,
  Reservation,
  ReserveItem,
} from "../../schema/rpc.ts";
import { createApp } from "../../workers/edge/app.ts";
import type { Clock, Deps, Lifetime, LogEntry } from "../../workers/edge/deps.ts";
import { parseKeyset } from "../../workers/edge/keyset.ts";

export const OPENS_AT = Date.parse("2027-03-01T10:00:00Z");
export const ORIGIN = "https://shop.example";
export const DROP = DropId.parse("runner");
export const SKU = SkuId.parse("runner-42");
export const SEED = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

export const secretOf = (fill: number) => Buffer.alloc(32, fill).toString("base64url");
export const keysetOf = (...keys: [string, number][]) =>
  JSON.stringify(keys.map(([kid, fill]) => ({ kid, secret: secretOf(fill) })));

/** Lets everything run that waits for nothing but its turn. */
export async function settle(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((done) => setImmediate(done));
}

/** Time that stands still until it is told to go on. */
export class FakeClock implements Clock {
  #nowMs: number;
  #timers: { atMs: number; act: () => void }[] = [];

  constructor(nowMs = OPENS_AT) {
    this.#nowMs = nowMs;
  }

  now = () => this.#nowMs;

  after = (ms: number, act: () => void) => {
    const timer = { atMs: this.#nowMs + ms, act };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  turn = () => Promise.resolve();

  get pending(): number {
    return this.#timers.length;
  }

  set(ms: number): void {
    this.#nowMs = ms;
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      await settle();
      const next = this.#timers.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.act();
    }
    this.#nowMs = untilMs;
    await settle();
  }
}

/** A request's context that remembers what it was asked to keep alive. */
export function fakeLifetime(): Lifetime & { works: Promise<unknown>[] } {
  const works: Promise<unknown>[] = [];
  return { works, waitUntil: (work) => works.push(work) };
}

export const documentOf = (changes: Record<string, unknown> = {}) =>
  DropDocument.parse({
    id: DROP,
    name: "Runner",
    description: "One shoe & <only> one.",
    currency: "EUR",
    lobbyOpensAt: "2027-03-01T09:00:00Z",
    opensAt: "2027-03-01T10:00:00Z",
    closesAt: "2027-03-01T12:00:00Z",
    skus: [
      { id: SKU, name: "Runner, EU 42", stock: 10, priceMinor: 12_900 },
      { id: "runner-43", name: "Runner, EU 43", stock: 5, priceMinor: 12_900, perShopper: 2 },
    ],
    ...changes,
  });

export const snapshotOf = (changes: Partial<Snapshot> = {}): Snapshot => ({
  dropId: DROP,
  version: "a".repeat(64),
  atMs: OPENS_AT,
  phase: "live",
  lobbyOpensAtMs: OPENS_AT - 3_600_000,
  opensAtMs: OPENS_AT,
  closesAtMs: OPENS_AT + 7_200_000,
  windowMs: 5_000,
  watermark: { cohort: -1, rank: 1 },
  joined: 1_000,
  admitted: 0,
  admitPerSecond: 20,
  skus: [{ skuId: SKU, stock: 10, available: 10, reserved: 0, sold: 0 }],
  soldOutAtMs: null,
  ...changes,
});

export const cohortOf = (cohort: number, count = 1_000): ClosedCohort => ({
  cohort,
  count,
  closedAtMs: OPENS_AT + cohort * 5_000,
  seed: SEED,
});

/** The objects behind the edge, in memory: as much of them as the edge can see. `calls` counts by method. */
export class FakeState implements EdgeApi {
  readonly calls: Record<string, number> = {};
  readonly joined: string[] = [];
  published$: PublishedDrop = { version: "a".repeat(64), publishedAtMs: 0, document: documentOf() };
  snapshot$ = snapshotOf();
  closed: ClosedCohort[] = [];
  joinCohort = 0;
  paymentUrl: string | null = null;
  readonly reservations = new Map<string, Reservation & { fingerprint: string }>();
  readonly orders = new Map<string, { item: PlaceItem; answer: OrderAnswer }>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async join(dropId: DropId, ticketIds: Uint8Array) {
    this.#count("join");
    if (dropId !== DROP) return refuse({ code: "drop_not_found" as const });
    this.joined.push(...(Buffer.from(ticketIds).toString("hex").match(/.{32}/g) ?? []));
    const place = { cohort: this.joinCohort, cohortClosesAtMs: OPENS_AT + this.joinCohort * 5_000 };
    return ok(Array.from({ length: ticketIds.byteLength / 16 }, () => place));
  }

  async snapshot(dropId: DropId) {
    this.#count("snapshot");
    return dropId === DROP ? ok(this.snapshot$) : refuse({ code: "drop_not_found" as const });
  }

  async published(dropId: DropId) {
    this.#count("published");
    return dropId === DROP ? ok(this.published$) : refuse({ code: "drop_not_found" as const });
  }

  async closedCohorts(_dropId: DropId, afterCohort: number) {
    this.#count("closedCohorts");
    return ok(this.closed.filter(({ cohort }) => cohort > afterCohort).slice(0, 1_000));
  }

  async record(dropId: DropId, afterCohort: number, afterStep: number) {
    this.#count("record");
    const cohorts = this.closed.filter(({ cohort }) => cohort > afterCohort);
    return ok({ dropId, cohorts, steps: [], more: afterStep > 1_000 });
  }

  async reserve(_shard: number, items: KeyedReserveItem[]) {
    this.#count("reserve");
    return items.map(({ dropId: _dropId, skuId, ...item }) => this.#reserveOne(skuId, item));
  }

  async place(_shard: number, items: PlaceItem[]) {
    this.#count("place");
    return items.map((item) => this.#placeOne(item));
  }

  async readOrders(_shard: number, items: OrderQuery[]) {
    this.#count("readOrders");
    return items.map(({ orderId, shopperId }) => {
      const order = this.orders.get(orderId);
      if (order?.item.shopperId !== shopperId) return refuse({ code: "order_not_found" as const });
      return ok(order.answer);
    });
  }

  change(orderId: string, changes: Partial<OrderAnswer>): void {
    const order = this.orders.get(orderId);
    if (order !== undefined) order.answer = { ...order.answer, ...changes };
  }

  #reserveOne(skuId: SkuId, item: ReserveItem) {
    const known = this.reservations.get(item.reservationId);
    if (known?.fingerprint === item.fingerprint) return ok(known);
    if (known !== undefined) return refuse({ code: "idempotency_key_reused" as const });
    const sku = this.published$.document.skus.find(({ id }) => id === skuId);
    if (sku === undefined) return refuse({ code: "sku_not_found" as const });
    const nowMs = this.#clock.now();
    const reservation: Reservation & { fingerprint: string } = {
      ...item,
      skuId,
      unitPriceMinor: sku.priceMinor,
      currency: this.published$.document.currency,
      version: this.published$.version,
      state: "held",
      createdAtMs: nowMs,
      deadlineAtMs: nowMs + 300_000,
      orderId: null,
    };
    this.reservations.set(item.reservationId, reservation);
    return ok(reservation);
  }

  #placeOne(item: PlaceItem) {
    const known = this.orders.get(item.orderId);
    if (known?.item.fingerprint === item.fingerprint) return ok(known.answer);
    if (known !== undefined) return refuse({ code: "idempotency_key_reused" as const });
    const reservation = this.reservations.get(item.reservationId as ReservationId);
    if (reservation === undefined) return refuse({ code: "reservation_not_found" as const });
    const answer: OrderAnswer = {
      orderId: item.orderId,
      dropId: item.dropId,
      status: "awaiting_payment",
      cancelReason: null,
      money: "none",
      skuId: item.skuId,
      quantity: reservation.quantity,
      totalMinor: totalMinor(reservation.unitPriceMinor, reservation.quantity),
      currency: reservation.currency,
      paymentUrl: this.paymentUrl,
      placedAtMs: this.#clock.now(),
      updatedAtMs: this.#clock.now(),
      pollAfterMs: 1_000,
    };
    this.orders.set(item.orderId, { item, answer });
    return ok(answer);
  }

  #count(method: string): void {
    this.calls[method] = (this.calls[method] ?? 0) + 1;
  }
}

export function fakeDeps(changes: Partial<Deps> = {}) {
  const clock = new FakeClock();
  const state = new FakeState(clock);
  const logs: LogEntry[] = [];
  let bytes = 0;
  const deps: Deps = {
    state: () => state,
    publishedDrops: async () => [
      { id: DROP, name: "Runner", opensAt: "2027-03-01T10:00:00Z", closesAt: "2027-03-01T12:00:00Z" },
    ],
    allowAddress: async () => true,
    allowShopper: async () => true,
    sessionKeys: parseKeyset("SESSION_KEYS", keysetOf(["s1", 1])),
    ticketKeys: parseKeyset("TICKET_KEYS", keysetOf(["t1", 2])),
    clock,
    random: () => 0.5,
    randomHex: (length) => (++bytes).toString(16).padStart(length * 2, "0"),
    log: (entry) => logs.push(entry),
    ...changes,
  };
  return { deps, clock, state, logs };
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
    const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
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
