import type { NotedReservation, OrderRecord } from "../../durable-objects/order-coordinator/records.ts";
import type { OrderId, SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { KeyedReserveItem } from "../../schema/rpc/baskets.ts";
import type { OrderCommand } from "../../schema/rpc/order-commands.ts";
import type { AdjustAnswer, GiveBackAnswer, ReserveAnswer, StepAnswer } from "../../schema/rpc/sku-stock.ts";
import {
  type Act,
  BASKETS,
  canGetGhostMoney,
  RESERVATIONS,
  SKUS,
  TERMS,
  toBasket,
  toCommand,
  toItem,
  toRival,
} from "./order-acts.ts";
import { checkAlways, checkAtRest } from "./order-checks.ts";
import { Limits } from "./order-limits.ts";
import { Payments } from "./order-payments.ts";
import { Post } from "./order-post.ts";
import { Coordinator } from "./order-process.ts";
import { Rows } from "./order-rows.ts";
import { bench, full, reserveItem } from "./sku-stock-fakes.ts";

type Bench = ReturnType<typeof bench>;

/**
 * Everything around one coordinator: the SKUs' objects (their real decisions), a gateway, a queue with its consumers, the
 * clock. Reserver, driver and store are the real ones. Nothing happens by itself: whoever plays chooses what arrives, is
 * lost, comes twice or late, and when the coordinator's process dies with all that it had in memory. Without `baskets` all
 * orders are of one unit of one SKU, and reserved at once.
 */
export class World {
  readonly post = new Post({ nowMs: () => this.nowMs, note: (line) => this.note(line) });
  readonly limits = new Limits(() => this.nowMs);
  readonly skus = new Map(SKUS.map((skuId) => [skuId, bench(full(TERMS.stock), { ...TERMS, skuId })]));
  readonly #hasBaskets: boolean;
  readonly payments: Payments;
  readonly acknowledged = new Set<OrderId>();
  readonly #everCommitted = new Set<OrderId>();
  readonly journal: string[] = [];
  readonly failures: unknown[] = [];
  readonly #commands: OrderCommand[] = [];
  /** Orders that somebody said are canceled. */
  readonly over = new Set<OrderId>();
  readonly hasLimits: boolean;
  readonly #rows = new Rows();
  readonly store = this.#rows.store;
  #coordinator: Coordinator;

  constructor({ baskets = false, limits = false } = {}) {
    this.#hasBaskets = baskets;
    this.hasLimits = limits;
    this.payments = new Payments({
      post: this.post,
      nowMs: () => this.nowMs,
      coordinator: () => this.#coordinator,
      hadItsUnits: (id) => this.#everCommitted.has(id),
    });
    this.#coordinator = new Coordinator(this);
  }

  get nowMs(): number {
    return this.sku.nowMs;
  }

  /** The only one, where there are no baskets. */
  get sku(): Bench {
    return this.skuOf(TERMS.skuId);
  }

  skuOf(skuId: SkuId): Bench {
    const sku = this.skus.get(skuId);
    if (!sku) throw new Error(`no ${skuId}`);
    return sku;
  }

  linesOf(number: number): SkuId[] {
    return this.#hasBaskets ? (BASKETS[number - 1] ?? []) : [TERMS.skuId];
  }

  async play(act: Act): Promise<void> {
    if (act.act === "flow") {
      for (let turn = 0; turn < act.count; turn += 1) {
        await this.play({ act: "deliver", pick: 0, mood: "fine" });
        await this.play({ act: "alarm" });
      }
      return;
    }
    this.#perform(act);
    await settled();
    this.check();
  }

  /** Faults off: everything on its way arrives, alarms fire when due. Throws when that has no end. */
  async drain(): Promise<void> {
    this.payments.isOut = false;
    for (let turn = 0; turn < 5_000; turn += 1) {
      if (!this.post.deliverNext()) {
        const dueAtMs = this.store.earliestDueMs();
        if (dueAtMs === null) break;
        this.#advance(Math.max(0, dueAtMs - this.nowMs));
        this.#coordinator.alarm();
      }
      await settled();
      this.check();
      if (turn === 4_999) throw new Error("it never comes to rest");
    }
    this.#advance(TERMS.reservationTtlMs);
    this.#sweep();
    this.check();
  }

  check(): void {
    if (this.failures.length > 0) throw this.failures[0];
    checkAlways(this);
  }

  /** What the SKUs hold for each line of an order. */
  unitsOf({ orderId: id, request }: OrderRecord): string[] {
    return request.lines.map(({ skuId }) => {
      const row = this.skuOf(skuId).rows.get(request.reservationId);
      return row?.orderId === id ? row.state : "none";
    });
  }

  checkAtRest(): void {
    checkAtRest(this);
  }

  orders(): readonly OrderRecord[] {
    return this.#rows.orders();
  }

  baskets(): readonly NotedReservation[] {
    return this.#rows.baskets();
  }

  #perform(act: Exclude<Act, { act: "flow" }>): void {
    switch (act.act) {
      case "deliver":
      case "duplicate":
      case "lose":
      case "detach":
        this.post.handle(act);
        return;
      case "reserve": {
        const number = (act.pick % RESERVATIONS) + 1;
        if (this.#hasBaskets) this.#coordinator.reserve(this.#basket(number));
        else this.#reserveAtOnce(number);
        return;
      }
      case "give_back":
        this.#coordinator.giveBack((act.pick % RESERVATIONS) + 1);
        return;
      case "place":
        this.#coordinator.place(toItem((act.pick % RESERVATIONS) + 1, this.hasLimits));
        return;
      case "rival":
        this.#coordinator.place(toRival((act.pick % RESERVATIONS) + 1, this.hasLimits));
        return;
      case "cancel":
      case "refund":
      case "return":
      case "ship": {
        const order = pickOf(this.orders(), act.pick);
        if (order) this.#command(toCommand(order, act, this.#commands.length));
        return;
      }
      case "again": {
        const command = pickOf(this.#commands, act.pick);
        if (command) this.#command(command);
        return;
      }
      case "late":
        this.post.handleLate(act.pick);
        return;
      case "pay": {
        const session = pickOf([...this.payments.gateway.sessions.values()], act.pick);
        if (session) this.note(`pay ${session.ref}`);
        if (session) this.payments.gateway.pay(session);
        return;
      }
      case "forfeit": {
        const payment = pickOf([...this.payments.gateway.payments.values()], act.pick);
        if (payment) this.note(`forfeit ${payment.ref}`);
        if (payment) this.payments.gateway.forfeit(payment);
        return;
      }
      case "ghost": {
        const order = pickOf(this.orders().filter(canGetGhostMoney), act.pick);
        if (order) this.note(`ghost money for ${order.orderId}`);
        if (order) this.payments.gateway.authorize(order.orderId, order.facts.totalMinor, null, true);
        return;
      }
      case "advance":
        this.note(`${act.ms} ms pass`);
        this.#advance(act.ms);
        return;
      case "outage":
        this.note(`the gateway is ${act.isOn ? "out" : "back"}`);
        this.payments.isOut = act.isOn;
        return;
      case "crash":
        this.note("the coordinator dies");
        this.#coordinator.die();
        // A process takes its time to come up, and numbers its tries by the clock.
        this.#advance(1);
        this.#coordinator = new Coordinator(this);
        return;
      case "alarm":
        if ((this.store.earliestDueMs() ?? Number.POSITIVE_INFINITY) <= this.nowMs) this.#coordinator.alarm();
        return;
    }
  }

  #command(command: OrderCommand): void {
    this.#commands.push(command);
    this.#coordinator.command(command);
  }

  #basket(number: number): KeyedReserveItem {
    return toBasket(number, this.linesOf(number), this.hasLimits);
  }

  #reserveAtOnce(number: number): void {
    this.#sweep();
    const item = this.#basket(number);
    const said = this.sku.reserve(reserveItem(number, { shopperId: item.shopperId }));
    if (said === "reserve") this.store.noteReservation({ ...item, claim: null });
    this.note(`reserve ${number}: ${said}`);
  }

  note(line: string): void {
    this.journal.push(`${this.nowMs - TERMS.opensAtMs} ${line}`);
  }

  #advance(ms: number): void {
    for (const sku of this.skus.values()) sku.nowMs += ms;
  }

  /** Deadlines are exact at each decision, as in the object. */
  #sweep(): void {
    for (const sku of this.skus.values()) {
      for (const row of [...sku.rows.values()]) {
        if (row.state === "held" && row.deadlineAtMs <= this.nowMs) sku.lapse(numberOf(row.reservationId));
      }
    }
  }

  // The coordinator's neighbors ---------------------------------------------------------------------------------------

  callSku<
    Item extends { reservationId: string },
    Answer extends StepAnswer | ReserveAnswer | GiveBackAnswer | AdjustAnswer,
  >(
    { label, skuId }: { label: string; skuId: SkuId },
    items: Item[],
    act: (sku: Bench, item: Item) => Answer,
    isAlive: () => boolean,
  ): Promise<Answer[]> {
    const sku = this.skuOf(skuId);
    return this.post.call({
      label: `${label} to ${skuId} for ${items.map((item) => item.reservationId.at(-1))}`,
      isAlive,
      act: () => {
        this.#sweep();
        const answers = items.map((item) => act(sku, item));
        this.#noteCommitted();
        return answers;
      },
      said: (answers) => `${label}: ${answers.map(saidBy)}`,
    });
  }

  callLimits<Answer>(label: string, act: () => Answer, isAlive: () => boolean): Promise<Answer> {
    const endsAtMs = this.nowMs + LIMITS.limitFenceMs;
    return this.post.call({ label, endsAtMs, isAlive, act, said: () => `${label}: done` });
  }

  /** Orders that had all their units at one time: only such may be captured. */
  #noteCommitted(): void {
    for (const record of this.orders())
      if (this.unitsOf(record).every((state) => state === "committed"))
        this.#everCommitted.add(record.orderId);
  }
}

function saidBy(answer: StepAnswer | ReserveAnswer | GiveBackAnswer | AdjustAnswer): string {
  if (!answer.ok) return answer.refusal.code;
  return answer.value && "state" in answer.value ? answer.value.state : "done";
}

const numberOf = (id: string) => Number.parseInt(id.slice(4), 16);
const pickOf = <Value>(values: readonly Value[], pick: number): Value | undefined =>
  values[pick % values.length];
const settled = () => new Promise<void>((done) => setImmediate(done));
