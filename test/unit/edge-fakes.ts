import assert from "node:assert/strict";
import type { PublishedDrop } from "../../schema/drop-document.ts";
import { DropDocument } from "../../schema/drop-document.ts";
import type { OrderAnswer, PricedLine } from "../../schema/http.ts";
import {
  DropId,
  identityShardOf,
  type ShopperId,
  SkuId,
  shardOfDrop,
  shardOfOrder,
} from "../../schema/ids.ts";
import type { LimitClaim } from "../../schema/limit-guard.ts";
import { LIMITS } from "../../schema/limits.ts";
import {
  type ClosedCohort,
  type LedgerPage,
  type RecordHead,
  recordKeys,
  type SignedRoot,
  type Snapshot,
  type WatermarkStep,
} from "../../schema/line.ts";
import type { MailMessage } from "../../schema/mail.ts";
import { AmountMinor, totalMinor } from "../../schema/money.ts";
import { ok, refuse } from "../../schema/result.ts";
import type {
  Basket,
  BasketAnswer,
  BasketGiveBackItem,
  BasketRefusal,
  CancelAnswer,
  CancelItem,
  ChangeBasketAnswer,
  ChangeBasketItem,
  EdgeApi,
  JoinedPlace,
  KeyedReserveItem,
  KeyedWaitItem,
  OrderQuery,
  PlaceAnswer,
  PlaceItem,
  RecordPart,
  RecordPartAnswer,
  WaitingEntry,
  WaitingQuery,
} from "../../schema/rpc.ts";
import { createApp } from "../../workers/edge/app.ts";
import type { Clock, Deps, Lifetime, LogEntry } from "../../workers/edge/deps.ts";
import { parseCustomerKeys } from "../../workers/edge/identity/customer-keys.ts";
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

  /** A turn that begins while it is set ends with it. */
  stopped: Promise<void> | null = null;

  turn = () => this.stopped ?? Promise.resolve();

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
  isPaused: false,
  message: null,
  lobbyOpensAtMs: OPENS_AT - 3_600_000,
  opensAtMs: OPENS_AT,
  closesAtMs: OPENS_AT + 7_200_000,
  windowMs: 5_000,
  watermark: { cohort: -1, rank: 1 },
  standbyBefore: { cohort: -1, rank: 1 },
  isStandbyOpen: false,
  joined: 1_000,
  admitted: 0,
  rootedThrough: -1,
  revealedThrough: -1,
  waitsForBeacon: null,
  admitPerSecond: 20,
  pacePerSecond: 20,
  noShowShare: 0,
  skus: [{ skuId: SKU, stock: 10, available: 10, reserved: 0, sold: 0 }],
  soldOutAtMs: null,
  ...changes,
});

/** As if every cohort before it had as many people. */
export const cohortOf = (cohort: number, count = 1_000): ClosedCohort => ({
  cohort,
  count,
  root: SEED,
  closedAtMs: OPENS_AT + cohort * 5_000,
  beaconRound: null,
  signature: SEED + SEED,
  before: cohort * count,
  link: SEED,
  beaconSignature: null,
  seed: SEED,
  revealedAtMs: OPENS_AT + cohort * 5_000 + 40,
});

/** Of two chunks, whose ids are `chunkOf`. */
export const rootOf = (cohort: number): SignedRoot => {
  const { count, root, closedAtMs, beaconRound, signature } = cohortOf(cohort);
  return { cohort, count, chunks: [SEED, SEED], root, closedAtMs, beaconRound, signature };
};
export const chunkOf = (cohort: number, chunk: number) => new Uint8Array(32).fill(16 * cohort + chunk);

export const headOf = (changes: Partial<RecordHead> = {}): RecordHead => ({
  dropId: DROP,
  version: "a".repeat(64),
  atMs: OPENS_AT,
  commitment: {
    dropId: DROP,
    anchor: SEED,
    links: 32_767,
    publicKey: SEED,
    beacon: null,
    committedAtMs: OPENS_AT - 7_200_000,
    signature: SEED + SEED,
  },
  notes: [{ atMs: OPENS_AT - 7_200_000, what: "published", detail: "a".repeat(64) }],
  rootedThrough: -1,
  revealedThrough: -1,
  steps: 0,
  joined: 1_000,
  heldApart: 0,
  ledgers: [{ skuId: SKU, rows: 0, hash: "0".repeat(64) }],
  ...changes,
});

/** The objects behind the edge, in memory: as much of them as the edge can see. `calls` counts by method. */
export class FakeState implements EdgeApi {
  readonly calls: Record<string, number> = {};
  readonly joined: string[] = [];
  /** Places in the line by ticket id. */
  readonly places$ = new Map<string, JoinedPlace>();
  published$: PublishedDrop = { version: "a".repeat(64), publishedAtMs: 0, document: documentOf() };
  snapshot$ = snapshotOf();
  /** Cohorts whose seeds are out; every number up to the last of them is closed. */
  closed: ClosedCohort[] = [];
  /** Cohorts after them whose roots are out. */
  rooted: number[] = [];
  steps: WatermarkStep[] = [];
  ledgers: RecordHead["ledgers"] = [{ skuId: SKU, rows: 0, hash: "0".repeat(64) }];
  /** By `<sku>/<page>`. */
  readonly ledgerPages = new Map<string, LedgerPage>();
  /** What the line has put into KV, and how often it was asked for each key. */
  readonly stored = new Map<string, string | Uint8Array>();
  readonly storedAsked: string[] = [];
  joinCohort = 0;
  paymentUrl: string | null = null;
  /** What a new basket is refused for; a repeat gets its basket all the same. */
  refuseBasket: (item: KeyedReserveItem) => BasketRefusal | null = () => null;
  readonly reservations = new Map<string, { item: KeyedReserveItem; basket: Basket; isGivenBack: boolean }>();
  readonly waiting = new Map<string, { item: KeyedWaitItem; entry: WaitingEntry }>();
  readonly counted = new Map<string, number>();
  readonly claims$ = new Set<string>();
  readonly cancels = new Map<string, string>();
  readonly orders = new Map<string, { item: PlaceItem; answer: OrderAnswer }>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async join(dropId: DropId, ticketIds: Uint8Array, heldApart: Uint8Array) {
    this.#count("join");
    if (dropId !== DROP) return refuse({ code: "drop_not_found" as const });
    this.joined.push(...(Buffer.from(ticketIds).toString("hex").match(/.{32}/g) ?? []));
    assert.equal(heldApart.byteLength, ticketIds.byteLength / 16);
    return ok(
      [...heldApart].map((byte, at) => ok(this.#placeInLine(ticketIds, { at, isHeldApart: byte === 1 }))),
    );
  }

  async snapshot(dropId: DropId) {
    this.#count("snapshot");
    if (dropId !== DROP) return refuse({ code: "drop_not_found" as const });
    const { revealedThrough, rootedThrough } = this.#reach();
    return ok({ ...this.snapshot$, revealedThrough, rootedThrough });
  }

  async published(dropId: DropId) {
    this.#count("published");
    return dropId === DROP ? ok(this.published$) : refuse({ code: "drop_not_found" as const });
  }

  async closedCohorts(_dropId: DropId, afterCohort: number) {
    this.#count("closedCohorts");
    return ok(this.closed.filter(({ cohort }) => cohort > afterCohort).slice(0, 1_000));
  }

  async recordHead(dropId: DropId) {
    this.#count("recordHead");
    if (dropId !== DROP) return refuse({ code: "drop_not_found" as const });
    return ok(headOf({ ...this.#reach(), steps: this.steps.length, ledgers: this.ledgers }));
  }

  async recordPart(dropId: DropId, part: RecordPart): Promise<RecordPartAnswer> {
    this.#count("recordPart");
    if (dropId !== DROP) return refuse({ code: "drop_not_found" as const });
    const told = this.#partOf(part);
    if (told === null) return ok(null);
    const { content, isFinal } = told;
    return ok({ body: content instanceof Uint8Array ? content : JSON.stringify(content), isFinal });
  }

  async ledgerPage(_dropId: DropId, skuId: SkuId, page: number) {
    this.#count("ledgerPage");
    return this.ledgerPages.get(`${skuId}/${page}`) ?? null;
  }

  /** Puts everything into KV that the line would have put there by now. */
  store(): void {
    const { rootedThrough, revealedThrough } = this.#reach();
    const put = (key: string, part: RecordPart) => {
      const told = this.#partOf(part);
      if (told === null) return;
      const { content } = told;
      this.stored.set(key, content instanceof Uint8Array ? content : JSON.stringify(content));
    };
    for (let cohort = 0; cohort <= rootedThrough; cohort++) {
      put(recordKeys.root(DROP, cohort), { kind: "root", cohort });
      for (const chunk of [0, 1])
        put(recordKeys.chunk(DROP, cohort, chunk), { kind: "chunk", cohort, chunk });
    }
    for (let page = 0; (page + 1) * LIMITS.cohortsPerPage - 1 <= revealedThrough; page++)
      put(recordKeys.cohorts(DROP, page), { kind: "cohorts", page });
    for (let page = 0; (page + 1) * LIMITS.stepsPerPage <= this.steps.length; page++)
      put(recordKeys.steps(DROP, page), { kind: "steps", page });
  }

  #partOf(part: RecordPart): { content: object; isFinal: boolean } | null {
    const { revealedThrough } = this.#reach();
    if (part.kind === "cohorts") {
      const first = part.page * LIMITS.cohortsPerPage;
      const last = first + LIMITS.cohortsPerPage - 1;
      const cohorts = this.closed.filter(({ cohort }) => cohort >= first && cohort <= last);
      const isComplete = revealedThrough >= last;
      return { content: { page: part.page, isComplete, cohorts }, isFinal: isComplete };
    }
    if (part.kind === "steps") {
      const first = part.page * LIMITS.stepsPerPage;
      const steps = this.steps.slice(first, first + LIMITS.stepsPerPage);
      const isComplete = steps.length === LIMITS.stepsPerPage;
      return { content: { page: part.page, isComplete, steps }, isFinal: isComplete };
    }
    const { cohort } = part;
    const isThere = this.closed.some((closed) => closed.cohort === cohort) || this.rooted.includes(cohort);
    if (!isThere) return null;
    if (part.kind === "root") return { content: rootOf(cohort), isFinal: true };
    return part.chunk < 2 ? { content: chunkOf(cohort, part.chunk), isFinal: true } : null;
  }

  #reach() {
    const revealedThrough = this.closed.at(-1)?.cohort ?? -1;
    return { revealedThrough, rootedThrough: this.rooted.at(-1) ?? revealedThrough };
  }

  async reserve(shard: number, items: KeyedReserveItem[]) {
    this.#count("reserve");
    for (const { dropId } of items)
      assert(shardOfDrop(dropId) === shard, "a reservation in another drop's shard");
    return items.map((item) => this.#reserveOne(item));
  }

  async giveBack(shard: number, items: BasketGiveBackItem[]) {
    this.#count("giveBack");
    return items.map(({ reservationId, dropId, shopperId }) => {
      assert(shardOfDrop(dropId) === shard, "a reservation in another drop's shard");
      const known = this.reservations.get(reservationId);
      if (known?.item.shopperId !== shopperId || known.item.dropId !== dropId)
        return refuse({ code: "reservation_not_found" as const });
      const isOrdered = [...this.orders.values()].some(({ item }) => item.reservationId === reservationId);
      if (isOrdered) return refuse({ code: "reservation_taken" as const });
      known.isGivenBack = true;
      return ok(null);
    });
  }

  /** One after the other: what comes at once is the coordinator's own test. */
  async changeBaskets(shard: number, items: ChangeBasketItem[]): Promise<ChangeBasketAnswer[]> {
    this.#count("changeBaskets");
    return Promise.all(
      items.map(async (item) => {
        const made = this.reservations.get(item.reservationId);
        if (made && made.item.fingerprint !== item.fingerprint)
          return refuse({ code: "idempotency_key_reused" as const });
        if (made && !made.isGivenBack) return ok({ kind: "changed" as const, basket: made.basket });
        if (item.isPaused) return refuse({ code: "drop_paused" as const });
        const [given] = await this.giveBack(shard, [{ ...item, reservationId: item.replaces }]);
        if (given?.ok === false) return given;
        const taken = this.#reserveOne(item);
        if (taken.ok) return ok({ kind: "changed" as const, basket: taken.value });
        const { refusal } = taken;
        const { lines = [] } = this.reservations.get(item.replaces)?.item ?? {};
        const again = this.#reserveOne({ ...item, lines, reservationId: item.againAs });
        return ok(
          again.ok ? { kind: "kept" as const, basket: again.value, refusal } : { kind: "lost", refusal },
        );
      }),
    );
  }

  /** Exact like the object; nothing lapses. */
  async countIdentity(shard: number, items: LimitClaim[]) {
    this.#count("countIdentity");
    return items.map(({ identity, claimId, units, max }) => {
      assert(identityShardOf(identity) === shard, "an identity in another shard");
      if (this.claims$.has(`${identity} ${claimId}`)) return ok({ units });
      const taken = (this.counted.get(identity) ?? 0) + units;
      if (taken > max) return refuse({ code: "shopper_limit_reached" as const });
      this.counted.set(identity, taken);
      this.claims$.add(`${identity} ${claimId}`);
      return ok({ units });
    });
  }

  async wait(shard: number, items: KeyedWaitItem[]) {
    this.#count("wait");
    return items.map((item) => {
      assert(shardOfDrop(item.dropId) === shard, "an entry in another drop's shard");
      const known = this.waiting.get(item.reservationId);
      if (known !== undefined && known.item.fingerprint !== item.fingerprint)
        return refuse({ code: "idempotency_key_reused" as const });
      const { reservationId, skuId, quantity } = item;
      const fresh = { reservationId, skuId, quantity, state: "waiting" as const, offerEndsAtMs: null };
      const entry = known?.entry ?? { ...fresh, ahead: this.waiting.size };
      this.waiting.set(reservationId, { item, entry });
      return ok(entry);
    });
  }

  async showWaiting(dropId: DropId, skuId: SkuId, items: WaitingQuery[]) {
    this.#count("showWaiting");
    return items.map(({ reservationId, shopperId }) => {
      const known = this.waiting.get(reservationId);
      const isTheirs = known?.item.shopperId === shopperId && known.item.dropId === dropId;
      return isTheirs && known.item.skuId === skuId
        ? ok(known.entry)
        : refuse({ code: "waiting_entry_not_found" as const });
    });
  }

  async leaveWaiting(dropId: DropId, skuId: SkuId, items: WaitingQuery[]) {
    for (const { reservationId, shopperId } of items) {
      const known = this.waiting.get(reservationId);
      if (known?.item.shopperId === shopperId)
        known.entry = { ...known.entry, state: "left", ahead: null, offerEndsAtMs: null };
    }
    return this.showWaiting(dropId, skuId, items);
  }

  async place(shard: number, items: PlaceItem[]): Promise<PlaceAnswer[]> {
    this.#count("place");
    for (const { orderId } of items) assert(shardOfOrder(orderId) === shard, "an order in another shard");
    return items.map((item) => this.#placeOne(item));
  }

  async cancelOrders(shard: number, items: CancelItem[]): Promise<CancelAnswer[]> {
    this.#count("cancelOrders");
    return items.map(({ orderId, shopperId, commandId, fingerprint }) => {
      assert.equal(shardOfOrder(orderId), shard);
      const known = this.orders.get(orderId);
      if (known?.item.shopperId !== shopperId) return refuse({ code: "order_not_found" });
      const before = this.cancels.get(commandId);
      if (before === fingerprint) return ok(known.answer);
      if (before !== undefined) return refuse({ code: "idempotency_key_reused" });
      if (known.answer.status === "canceled") return refuse({ code: "order_canceled" });
      this.cancels.set(commandId, fingerprint);
      known.answer = { ...known.answer, status: "canceled", cancelReason: "by_shopper", isCancelable: false };
      return ok(known.answer);
    });
  }

  async readOrders(shard: number, items: OrderQuery[]) {
    this.#count("readOrders");
    for (const { orderId } of items) assert(shardOfOrder(orderId) === shard, "an order in another shard");
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

  /** The first place and the first judgment stand. */
  #placeInLine(
    ticketIds: Uint8Array,
    { at, isHeldApart }: { at: number; isHeldApart: boolean },
  ): JoinedPlace {
    const id = Buffer.from(ticketIds.subarray(16 * at, 16 * at + 16)).toString("hex");
    const cohortClosesAtMs = OPENS_AT + this.joinCohort * 5_000;
    const place = this.places$.get(id) ?? {
      cohort: this.joinCohort,
      chunk: 0,
      isHeldApart,
      cohortClosesAtMs,
    };
    this.places$.set(id, place);
    return place;
  }

  #reserveOne(item: KeyedReserveItem): BasketAnswer {
    const known = this.reservations.get(item.reservationId);
    if (known && known.item.fingerprint !== item.fingerprint)
      return refuse({ code: "idempotency_key_reused" });
    if (known?.isGivenBack) return refuse({ code: "reservation_given_back" });
    if (known) return ok(known.basket);
    if (item.isPaused) return refuse({ code: "drop_paused" });
    const refusal = this.refuseBasket(item);
    if (refusal !== null) return refuse(refusal);
    const { document } = this.published$;
    const lines: PricedLine[] = [];
    for (const { skuId, quantity } of item.lines) {
      const sku = document.skus.find(({ id }) => id === skuId);
      if (sku === undefined) return refuse({ code: "sku_not_found", skuId });
      const unitPriceMinor = sku.priceMinor;
      lines.push({ skuId, quantity, unitPriceMinor, totalMinor: totalMinor(unitPriceMinor, quantity) });
    }
    const basket: Basket = {
      reservationId: item.reservationId,
      lines,
      subtotalMinor: lines.reduce((sum, line) => sum + line.totalMinor, 0) as Basket["subtotalMinor"],
      currency: document.currency,
      deadlineAtMs: this.#clock.now() + 300_000,
    };
    this.reservations.set(item.reservationId, { item, basket, isGivenBack: false });
    return ok(basket);
  }

  #placeOne(item: PlaceItem) {
    const known = this.orders.get(item.orderId);
    if (known?.item.fingerprint === item.fingerprint) return ok(known.answer);
    if (known !== undefined) return refuse({ code: "idempotency_key_reused" as const });
    if (!item.terms.ok) return item.terms;
    const reservation = this.reservations.get(item.reservationId)?.basket;
    if (reservation === undefined) return refuse({ code: "reservation_not_found" as const });
    const answer: OrderAnswer = {
      orderId: item.orderId,
      dropId: item.dropId,
      status: "awaiting_payment",
      cancelReason: null,
      money: "none",
      lines: reservation.lines,
      subtotalMinor: reservation.subtotalMinor,
      charges: [],
      totalMinor: reservation.subtotalMinor,
      currency: reservation.currency,
      refund: "none",
      refundedMinor: AmountMinor.parse(0),
      fulfillment: "unshipped",
      shipments: [],
      shippingAddress: null,
      consents: null,
      isCancelable: false,
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
