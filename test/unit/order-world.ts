import { migrate } from "../../durable-objects/migrate.ts";
import { isSettled, newFacts, statusOf } from "../../durable-objects/order-coordinator/decide.ts";
import { Driver } from "../../durable-objects/order-coordinator/drive.ts";
import { MIGRATIONS } from "../../durable-objects/order-coordinator/migrations.ts";
import { type OrderRecord, OrderStore } from "../../durable-objects/order-coordinator/store.ts";
import { unitsTaken } from "../../durable-objects/sku-stock/decide.ts";
import type { OrderId } from "../../schema/ids.ts";
import type { PaymentMessage } from "../../schema/messages.ts";
import type { BegunCommand, GatewayEvent, PlaceItem, ReportItem, StepAnswer } from "../../schema/rpc.ts";
import { Gateway, type Mood, type Payment } from "./order-gateway.ts";
import { memoryStorage } from "./order-storage.ts";
import {
  bench,
  fingerprint,
  full,
  orderId,
  reservationId,
  reserveItem,
  shopperId,
  terms,
} from "./sku-stock-fakes.ts";

export type Act =
  | { act: "deliver" | "duplicate" | "lose" | "detach"; pick: number; mood: Mood }
  | { act: "reserve" | "place" | "pay" | "forfeit" | "ghost"; pick: number }
  | { act: "flow"; count: number }
  | { act: "outage"; isOn: boolean }
  | { act: "advance"; ms: number }
  | { act: "crash" | "alarm" };

/** Something that is on its way. Lost, its sender hears of a failure; detached, it hears so too, and the thing still arrives later. */
type Parcel = { label: string; arrive(mood: Mood): void; lose(): void; isLossless?: boolean };

const SHOPPERS = 4;
export const RESERVATIONS = 7;
const TERMS = terms({ stock: 2, perShopper: 1, reservationTtlMs: 30_000 });

/**
 * Everything around one coordinator: the SKU's object (its real decisions), a gateway, a queue with its consumers, the
 * clock. The driver and the store are the real ones. Nothing happens by itself: whoever plays chooses what arrives, is
 * lost, comes twice or late, and when the coordinator's process dies with all that it had in memory.
 */
export class World {
  readonly parcels: Parcel[] = [];
  readonly sku = bench(full(TERMS.stock), TERMS);
  readonly gateway: Gateway;
  readonly acknowledged = new Set<OrderId>();
  readonly everCommitted = new Set<OrderId>();
  readonly capturesOf = new Map<OrderId, number>();
  readonly journal: string[] = [];
  readonly failures: unknown[] = [];
  /** The gateway answers nothing readable to anybody. */
  #isOut = false;
  readonly #storage = memoryStorage();
  readonly store = new OrderStore(this.#storage);
  #coordinator: Coordinator;

  constructor() {
    migrate(this.#storage, MIGRATIONS);
    this.gateway = new Gateway({
      announce: (event) => this.#announce(event),
      onCapture: (payment) => this.#onCapture(payment),
    });
    this.#coordinator = new Coordinator(this);
  }

  get nowMs(): number {
    return this.sku.nowMs;
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
    this.#isOut = false;
    for (let turn = 0; turn < 5_000; turn += 1) {
      const parcel = this.parcels.shift();
      const dueAtMs = this.store.earliestDueMs();
      if (parcel) parcel.arrive("fine");
      else if (dueAtMs === null) break;
      else {
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

  /** What must hold at every moment. */
  check(): void {
    if (this.failures.length > 0) throw this.failures[0];
    const { stock, available, reserved, sold } = this.sku.counts;
    const rows = [...this.sku.rows.values()];
    const units = (...states: string[]) =>
      rows.filter((row) => states.includes(row.state)).reduce((sum, row) => sum + row.quantity, 0);
    must(Math.min(available, reserved, sold) >= 0, "a count is negative");
    must(stock === available + reserved + sold, "units are not conserved");
    must(reserved === units("held", "pinned") && sold === units("committed"), "counts and rows differ");
    for (let number = 1; number <= SHOPPERS; number += 1) {
      const taken = unitsTaken(rows.filter((row) => row.shopperId === shopperId(number)));
      must(taken <= TERMS.perShopper, "a shopper has more than the limit");
    }
    for (const record of this.orders()) {
      const row = rows.find((one) => one.orderId === record.orderId);
      if (statusOf(record.facts) === "confirmed") {
        must(row?.state === "committed", "confirmed without a unit");
        must(this.capturesOf.get(record.orderId) === 1, "confirmed without exactly one capture");
      }
    }
  }

  /** What must hold once everything is over. */
  checkAtRest(): void {
    const orders = this.orders();
    const known = new Set(orders.map((order) => order.orderId));
    for (const id of this.acknowledged) must(known.has(id), "an acknowledged order is lost");
    for (const record of orders) this.#checkEnd(record);
    for (const row of this.sku.rows.values()) {
      must(row.state !== "held" && row.state !== "pinned", `${row.reservationId} is ${row.state} for ever`);
      if (row.state !== "committed" || row.orderId === null) continue;
      const owner = orders.find((order) => order.orderId === row.orderId);
      must(
        owner && statusOf(owner.facts) === "confirmed",
        "units are sold to an order that is not confirmed",
      );
    }
    for (const payment of this.gateway.payments.values()) {
      must(known.has(payment.orderId), "money of an order that does not exist");
    }
  }

  #checkEnd({ orderId: id, facts }: OrderRecord): void {
    const status = statusOf(facts);
    must(isSettled(facts), `${id} is ${status} and not settled`);
    const kept = [...this.gateway.payments.values()].filter(
      (payment) =>
        payment.orderId === id && (payment.status === "authorized" || payment.status === "captured"),
    );
    if (status === "confirmed") {
      must(
        kept.filter(({ status: money }) => money === "captured").length === 1,
        "confirmed without its money",
      );
      must(facts.money === "captured", "confirmed with other money");
      must(kept.length === 1 || facts.attention !== null, "money is kept twice, and nobody told");
      return;
    }
    must(status === "canceled", `${id} ended as ${status}`);
    must(facts.cancelReason !== null, "canceled for no reason");
    must(kept.length === 0 || facts.attention !== null, `canceled, and ${kept[0]?.status} money kept`);
  }

  orders(): OrderRecord[] {
    return this.store.page(null);
  }

  #perform(act: Exclude<Act, { act: "flow" }>): void {
    switch (act.act) {
      case "deliver":
      case "duplicate":
      case "lose":
      case "detach":
        this.#handle(act);
        return;
      case "reserve": {
        this.#sweep();
        const number = (act.pick % RESERVATIONS) + 1;
        const shopper = shopperId(((number - 1) % SHOPPERS) + 1);
        this.note(`reserve ${number}: ${this.sku.reserve(reserveItem(number, { shopperId: shopper }))}`);
        return;
      }
      case "place":
        // Known gap, see the last test of order-drive.test.ts: a pin that overtakes its own reservation.
        if (!this.sku.row((act.pick % RESERVATIONS) + 1)) return;
        this.#coordinator.place(toItem((act.pick % RESERVATIONS) + 1));
        return;
      case "pay": {
        const session = pickOf([...this.gateway.sessions.values()], act.pick);
        if (session) this.note(`pay ${session.ref}`);
        if (session) this.gateway.pay(session);
        return;
      }
      case "forfeit": {
        const payment = pickOf([...this.gateway.payments.values()], act.pick);
        if (payment) this.note(`forfeit ${payment.ref}`);
        if (payment) this.gateway.forfeit(payment);
        return;
      }
      case "ghost": {
        const order = pickOf(this.orders().filter(canGetGhostMoney), act.pick);
        if (order) this.note(`ghost money for ${order.orderId}`);
        if (order) this.gateway.authorize(order.orderId, order.facts.totalMinor, null, true);
        return;
      }
      case "advance":
        this.note(`${act.ms} ms pass`);
        this.#advance(act.ms);
        return;
      case "outage":
        this.note(`the gateway is ${act.isOn ? "out" : "back"}`);
        this.#isOut = act.isOn;
        return;
      case "crash":
        this.note("the coordinator dies");
        this.#coordinator.die();
        this.#coordinator = new Coordinator(this);
        return;
      case "alarm":
        if ((this.store.earliestDueMs() ?? Number.POSITIVE_INFINITY) <= this.nowMs) this.#coordinator.alarm();
        return;
    }
  }

  #handle({ act, pick, mood }: Extract<Act, { pick: number; mood: Mood }>): void {
    if (this.parcels.length === 0) return;
    const at = pick % this.parcels.length;
    const parcel = this.parcels[at];
    if (!parcel) return;
    const isKept = act === "duplicate" || act === "detach" || (act === "lose" && parcel.isLossless);
    if (!isKept) this.parcels.splice(at, 1);
    this.note(`${act} ${parcel.label}${mood === "fine" ? "" : ` (${mood})`}`);
    if (act === "deliver" || act === "duplicate") parcel.arrive(mood);
    else parcel.lose();
  }

  note(line: string): void {
    this.journal.push(`${this.nowMs - TERMS.opensAtMs} ${line}`);
  }

  #advance(ms: number): void {
    this.sku.nowMs += ms;
  }

  /** Deadlines are exact at each decision, as in the object. */
  #sweep(): void {
    for (const row of [...this.sku.rows.values()]) {
      if (row.state === "held" && row.deadlineAtMs <= this.nowMs) this.sku.lapse(numberOf(row.reservationId));
    }
  }

  // The coordinator's neighbors ---------------------------------------------------------------------------------------

  callSku<Item extends { reservationId: string }>(
    label: string,
    items: Item[],
    act: (item: Item) => string,
    isAlive: () => boolean,
  ): Promise<StepAnswer[]> {
    return new Promise((resolve, reject) => {
      const fail = () => isAlive() && reject(new Error("the call failed"));
      this.parcels.push({
        label: `${label} to the SKU`,
        arrive: () => {
          this.#sweep();
          const answers = items.map((item) => this.#answer(act(item), item.reservationId));
          for (const row of this.sku.rows.values())
            if (row.state === "committed" && row.orderId) this.everCommitted.add(row.orderId);
          this.parcels.push({
            label: `${label}: ${answers.map((one) => (one.ok ? one.value.state : one.refusal.code))}`,
            arrive: () => isAlive() && resolve(answers),
            lose: fail,
          });
        },
        lose: fail,
      });
    });
  }

  #answer(said: string, id: string): StepAnswer {
    const row = this.sku.rows.get(id);
    const isRefused =
      !row ||
      !/^(pinned|commit|late|release|reverse|lapse|held|committed|released|lapsed)( again)?$/.test(said);
    if (isRefused) return { ok: false, refusal: { code: said as "reservation_lapsed" } };
    return { ok: true, value: row };
  }

  send(messages: PaymentMessage[]): void {
    for (const message of messages) {
      this.parcels.push({
        label: `message ${message.orderId.at(-1)}:${message.attempt}`,
        arrive: () => this.#consume(this.#coordinator.begin(message)),
        lose: () => {},
      });
    }
  }

  #consume(command: BegunCommand | null): void {
    if (!command) return;
    const { orderId: id, attempt } = command;
    const label = `${command.mode} ${command.operation} of ${id.at(-1)}:${attempt}`;
    const report = (outcome: ReportItem["outcome"]) =>
      this.parcels.push({
        label: `report ${label}: ${outcome.kind}`,
        arrive: () =>
          this.#coordinator.report([{ orderId: id, attempt, outcome }], (next) => this.#consume(next)),
        lose: () => {},
      });
    const giveUp = () => report({ kind: "unknown", reason: "timeout" });
    this.parcels.push({
      label,
      arrive: (mood) => {
        const outcome = this.gateway.run(command, this.#isOut ? "dead" : mood, this.nowMs);
        this.parcels.push({
          label: `answer to ${label}: ${outcome.kind}`,
          arrive: () => report(outcome),
          lose: giveUp,
        });
      },
      lose: giveUp,
    });
  }

  #announce(event: GatewayEvent): void {
    const isGhost = this.gateway?.payments.get(event.paymentRef ?? "")?.isGhost ?? false;
    this.parcels.push({
      label: `webhook ${event.kind} ${event.paymentRef ?? event.sessionRef} of ${event.orderId.at(-1)}`,
      arrive: () => this.#coordinator.gatewayEvent(event),
      lose: () => {},
      // Nobody but this webhook knows of such money.
      isLossless: isGhost,
    });
  }

  #onCapture(payment: Payment): void {
    const captures = (this.capturesOf.get(payment.orderId) ?? 0) + 1;
    this.capturesOf.set(payment.orderId, captures);
    must(captures === 1, "an order is captured twice");
    must(this.everCommitted.has(payment.orderId), "captured without a unit");
  }
}

/** One life of a coordinator's process, wired like the object: what it has in memory dies with it. */
class Coordinator {
  readonly #world: World;
  readonly #driver: Driver;
  #isAlive = true;
  #isAlarmRunning = false;

  constructor(world: World) {
    this.#world = world;
    const isAlive = () => this.#isAlive;
    this.#driver = new Driver({
      store: world.store,
      sku: () => ({
        key: "the SKU",
        api: {
          pin: (items) => world.callSku("pin", items, (item) => world.sku.pin(item), isAlive),
          commit: (items) => world.callSku("commit", items, (item) => world.sku.commit(item), isAlive),
          release: (items) => world.callSku("release", items, (item) => world.sku.release(item), isAlive),
        },
      }),
      send: (messages) => world.send(messages),
      nowMs: () => world.nowMs,
    });
  }

  die(): void {
    this.#isAlive = false;
  }

  place(item: PlaceItem): void {
    const { store } = this.#world;
    if (!store.load(item.orderId)) {
      store.insert(item, newFacts(item.payment.kind, item.unknownHoldMs), this.#world.nowMs);
    } else if (this.#driver.isBusy(item.orderId)) return;
    this.#world.note(`place ${item.orderId.at(-1)}`);
    this.#goOn(this.#driver.drive([item.orderId], "send"), () => {
      const record = store.load(item.orderId);
      if (record && record.facts.units !== "unpinned") this.#world.acknowledged.add(item.orderId);
    });
  }

  begin(message: PaymentMessage): BegunCommand | null {
    return this.#driver.begin(message);
  }

  report(items: ReportItem[], follow: (next: BegunCommand | null) => void): void {
    for (const { orderId: id, attempt, outcome } of items)
      this.#driver.record(id, { kind: "reported", attempt, outcome });
    const ids = items.map((item) => item.orderId);
    this.#goOn(this.#driver.drive(ids, "begin"), ({ begun }) => {
      for (const command of begun.values()) follow(command);
    });
  }

  gatewayEvent(event: GatewayEvent): void {
    if (this.#driver.record(event.orderId, { kind: "gateway", event }))
      this.#goOn(this.#driver.drive([event.orderId], "send"), () => {});
  }

  alarm(): void {
    if (this.#isAlarmRunning) return;
    this.#isAlarmRunning = true;
    const due = this.#world.store.due(this.#world.nowMs);
    this.#world.send(due.flatMap((record) => this.#driver.wake(record) ?? []));
    const ids = due.map((record) => record.orderId);
    this.#goOn(this.#driver.drive(ids, "send"), () => {
      this.#isAlarmRunning = false;
    });
  }

  #goOn<Value>(work: Promise<Value>, then: (value: Value) => void): void {
    work.then(then).catch((error) => this.#world.failures.push(error));
  }
}

function toItem(number: number): PlaceItem {
  return {
    orderId: orderId(number),
    fingerprint: fingerprint(number),
    shopperId: shopperId(((number - 1) % SHOPPERS) + 1),
    dropId: TERMS.dropId,
    skuId: TERMS.skuId,
    reservationId: reservationId(number),
    email: "shopper@example.com",
    payment: number % 2 === 0 ? { kind: "token", token: "tok_visa" } : { kind: "redirect" },
    returnUrl: "https://shop.example.com/order",
    gateway: "sandbox",
    paymentWindowMs: 60_000,
    unknownHoldMs: 120_000,
    commandResendMs: 10_000,
  };
}

/** One authorize is open at most, and its own money is what a webhook is taken for; other money comes before or after. */
function canGetGhostMoney({ facts: { lastAttempt, open } }: OrderRecord): boolean {
  return lastAttempt > 0 && open?.operation !== "session" && open?.operation !== "authorize";
}

const numberOf = (id: string) => Number.parseInt(id.slice(4), 16);
const pickOf = <Value>(values: Value[], pick: number): Value | undefined => values[pick % values.length];
const settled = () => new Promise<void>((done) => setImmediate(done));

function must(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Error(what);
}
