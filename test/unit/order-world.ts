import {
  type ClaimRow,
  decideClaim,
  decideReturn,
  isLive,
} from "../../durable-objects/limit-guard/decide.ts";
import { migrate } from "../../durable-objects/migrate.ts";
import { claimsOf, unitsClaimed } from "../../durable-objects/order-coordinator/claims.ts";
import { takeCommand } from "../../durable-objects/order-coordinator/command.ts";
import { isForGood, isSettled, statusOf } from "../../durable-objects/order-coordinator/decide.ts";
import {
  Driver,
  type Deps as DriverDeps,
  type SkuApi as DriverSkuApi,
} from "../../durable-objects/order-coordinator/drive.ts";
import {
  type Deps as GiveBackDeps,
  giveBackBaskets,
} from "../../durable-objects/order-coordinator/give-back.ts";
import type { LimitApi } from "../../durable-objects/order-coordinator/limits.ts";
import { MIGRATIONS } from "../../durable-objects/order-coordinator/migrations.ts";
import {
  Reserver,
  type Deps as ReserverDeps,
  type SkuApi as ReserverSkuApi,
} from "../../durable-objects/order-coordinator/reserve.ts";
import { type OrderRecord, OrderStore } from "../../durable-objects/order-coordinator/store.ts";
import { takeOn } from "../../durable-objects/order-coordinator/take-on.ts";
import { unitsTaken } from "../../durable-objects/sku-stock/decide.ts";
import type { OrderId, SkuId } from "../../schema/ids.ts";
import type {
  LimitClaim,
  LimitClaimAnswer,
  LimitReturn,
  LimitReturnAnswer,
} from "../../schema/limit-guard.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { PaymentMessage } from "../../schema/messages.ts";
import { ok, type Result } from "../../schema/result.ts";
import type {
  AdjustAnswer,
  AdjustItem,
  BegunCommand,
  GatewayEvent,
  GiveBackAnswer,
  KeyedReserveItem,
  OrderCommand,
  PlaceItem,
  ReportItem,
  Reservation,
  ReserveAnswer,
  StepAnswer,
} from "../../schema/rpc.ts";
import { Gateway, type Mood, type Payment } from "./order-gateway.ts";
import { memoryStorage } from "./order-storage.ts";
import {
  bench,
  fingerprint,
  full,
  orderId,
  orderTerms,
  reservationId,
  reserveItem,
  shopperId,
  terms,
} from "./sku-stock-fakes.ts";

export type Act =
  | { act: "deliver" | "duplicate" | "lose" | "detach"; pick: number; mood: Mood }
  | { act: "reserve" | "give_back" | "place" | "rival" | "pay" | "forfeit" | "ghost"; pick: number }
  | { act: "cancel"; pick: number; by: "shopper" | "brand"; restock: boolean }
  | { act: "refund"; pick: number; amountMinor: number | null; units: number; restock: boolean }
  | { act: "ship"; pick: number; isWhole: boolean }
  | { act: "return"; pick: number; line: number; isResellable: boolean }
  | { act: "again" | "late"; pick: number }
  | { act: "flow"; count: number }
  | { act: "outage"; isOn: boolean }
  | { act: "advance"; ms: number }
  | { act: "crash" | "alarm" };

type Bench = ReturnType<typeof bench>;
type CoordinatorSkuApi = DriverSkuApi & ReserverSkuApi;

/** Something that is on its way. Lost, its sender hears of a failure; detached, it hears so too, and the thing still arrives later. */
type Parcel = {
  label: string;
  arrive(mood: Mood): void;
  lose(): void;
  isLossless?: boolean;
  /** After this it is on its way no more, and a limit need not remember what it was overtaken by. */
  endsAtMs?: number;
};

const SHOPPERS = 4;
export const RESERVATIONS = 7;
const TERMS = terms({ stock: 2, perShopper: 1, reservationTtlMs: 30_000 });
const SKUS = ["a-sku", "b-sku", "c-sku"] as SkuId[];
/** What the baskets hold, by their numbers; a shopper has two of them, which overlap. */
const BASKETS: readonly SkuId[][] = ["a", "ab", "b", "abc", "ac", "bc", "a"].map((letters) =>
  [...letters].map((letter) => `${letter}-sku` as SkuId),
);

/**
 * Everything around one coordinator: the SKUs' objects (their real decisions), a gateway, a queue with its consumers, the
 * clock. Reserver, driver and store are the real ones. Nothing happens by itself: whoever plays chooses what arrives, is
 * lost, comes twice or late, and when the coordinator's process dies with all that it had in memory. Without `baskets` all
 * orders are of one unit of one SKU, and reserved at once.
 */
export class World {
  readonly parcels: Parcel[] = [];
  /** Copies of calls to the limits, which arrive when everybody has gone on. */
  readonly late: Parcel[] = [];
  readonly skus = new Map(SKUS.map((skuId) => [skuId, bench(full(TERMS.stock), { ...TERMS, skuId })]));
  readonly #hasBaskets: boolean;
  readonly gateway: Gateway;
  readonly acknowledged = new Set<OrderId>();
  readonly everCommitted = new Set<OrderId>();
  readonly capturesOf = new Map<OrderId, number>();
  readonly journal: string[] = [];
  readonly failures: unknown[] = [];
  /** The LimitGuard: claims by identity, and what it remembers of those that were given back, of its real decisions. */
  readonly claims = new Map<string, ClaimRow[]>();
  readonly #fences = new Map<string, { step: number; untilMs: number }>();
  readonly #commands: OrderCommand[] = [];
  /** Orders that somebody said are canceled. */
  readonly #over = new Set<OrderId>();
  readonly hasLimits: boolean;
  /** The gateway answers nothing readable to anybody. */
  #isOut = false;
  readonly #storage = memoryStorage();
  readonly store = new OrderStore(this.#storage);
  #coordinator: Coordinator;

  constructor({ baskets = false, limits = false } = {}) {
    this.#hasBaskets = baskets;
    this.hasLimits = limits;
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
    this.#isOut = false;
    for (let turn = 0; turn < 5_000; turn += 1) {
      const parcel = this.parcels.shift() ?? this.late.shift();
      const dueAtMs = this.store.earliestDueMs();
      if (parcel) this.#isGone(parcel) ? parcel.lose() : parcel.arrive("fine");
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
    for (const sku of this.skus.values()) this.#checkSku(sku);
    for (let number = 1; number <= RESERVATIONS; number += 1) this.#checkBasketCounted(number);
    for (const record of this.orders()) {
      if (isForGood(record.facts.cancelReason)) this.#over.add(record.orderId);
      must(
        !this.#over.has(record.orderId) || statusOf(record.facts) === "canceled",
        "a canceled order is revived",
      );
      this.#checkCounted(record);
      if (statusOf(record.facts) !== "confirmed") continue;
      must(
        unitsClaimed(record, "commit") === 0 || this.unitsOf(record).every((state) => state === "committed"),
        "confirmed without its units",
      );
      must(this.capturesOf.get(record.orderId) === 1, "confirmed without exactly one capture");
    }
  }

  /** The units of an order that goes on count, each in all its limits. */
  #checkCounted(record: OrderRecord): void {
    const { wanted, units, pinRefusal, returns } = record.facts;
    const holds = wanted === "sell" && pinRefusal === null && units !== "unpinned" && units !== "returned";
    const least = unitsClaimed(record, returns.length > 0 ? "return" : "commit");
    if (!holds || least === 0) return;
    for (const { identity, claimId } of claimsOf(record, units === "committed" ? "commit_late" : "pin")) {
      const claim = this.claims.get(identity)?.find((row) => row.claimId === claimId);
      must(claim?.untilMs === null && claim.units >= least, `${identity} counts less than ${least} units`);
    }
  }

  /** So does a basket that no order has, until its claim's own deadline. */
  #checkBasketCounted(number: number): void {
    const noted = this.store.reservation(reservationId(number));
    if (!noted?.claim?.made || noted.isGivenBack || noted.orderId !== null) return;
    const rows = noted.lines.map(({ skuId }) => this.skuOf(skuId).rows.get(noted.reservationId));
    if (noted.claim.made.untilMs <= this.nowMs || !rows.every((row) => row?.state === "held")) return;
    const { identity } = noted.claim;
    const claim = this.claims.get(identity)?.find((row) => row.claimId === noted.reservationId);
    must(
      claim?.units === rows.length && isLive(claim, this.nowMs),
      `${identity} does not count basket ${number}`,
    );
  }

  /** What the SKUs hold for each line of an order. */
  unitsOf({ orderId: id, request }: OrderRecord): string[] {
    return request.lines.map(({ skuId }) => {
      const row = this.skuOf(skuId).rows.get(request.reservationId);
      return row?.orderId === id ? row.state : "none";
    });
  }

  #checkSku(sku: Bench): void {
    const { stock, available, reserved, sold } = sku.counts;
    const rows = [...sku.rows.values()];
    const units = (...states: string[]) =>
      rows
        .filter((row) => states.includes(row.state))
        .reduce((sum, row) => sum + row.quantity - row.returned, 0);
    must(Math.min(available, reserved, sold) >= 0, "a count is negative");
    must(stock === available + reserved + sold, "units are not conserved");
    must(reserved === units("held", "pinned") && sold === units("committed"), "counts and rows differ");
    for (let number = 1; number <= SHOPPERS; number += 1) {
      const taken = unitsTaken(rows.filter((row) => row.shopperId === shopperId(number)));
      must(taken <= TERMS.perShopper, "a shopper has more than the limit");
    }
  }

  /** What must hold once everything is over. */
  checkAtRest(): void {
    const orders = this.orders();
    const known = new Set(orders.map((order) => order.orderId));
    for (const id of this.acknowledged) must(known.has(id), "an acknowledged order is lost");
    for (const record of orders) this.#checkEnd(record);
    this.#checkLastingClaims(orders);
    const rows = [...this.skus.values()].flatMap((sku) => [...sku.rows.values()]);
    for (const row of rows) {
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

  #checkEnd(record: OrderRecord): void {
    const { orderId: id, facts } = record;
    const status = statusOf(facts);
    const states = this.unitsOf(record);
    must(facts.refund === null || facts.attention !== null, `${id} owes a refund, and nobody told`);
    must(facts.returns.length === 0, `${id} has units that never came back`);
    const unitsLeft = unitsClaimed(record, "commit");
    const isSold = status === "confirmed" && unitsLeft > 0;
    const isWhole = states.every((state) => (state === "committed") === isSold);
    must(isWhole, `${id} is ${status} with ${states}`);
    this.#checkClaims(record, isSold ? unitsLeft : 0);
    must(facts.token === null, `${id} keeps its token`);
    must(isSettled(facts), `${id} is ${status} and not settled`);
    const kept = [...this.gateway.payments.values()].filter(
      (payment) =>
        payment.orderId === id && (payment.status === "authorized" || payment.status === "captured"),
    );
    const own = this.gateway.payments.get(facts.paymentRef ?? "");
    must((own?.refundedMinor ?? 0) === facts.refundedMinor, "more or less went back than is known");
    if (status === "confirmed") {
      must(own?.status === facts.money, "confirmed with other money");
      must(
        facts.money === "captured" || facts.refundedMinor === facts.totalMinor,
        "confirmed without its money",
      );
      const others = kept.filter(({ ref }) => ref !== facts.paymentRef);
      must(others.length === 0 || facts.attention !== null, "money is kept twice, and nobody told");
      return;
    }
    must(status === "canceled", `${id} ended as ${status}`);
    must(facts.cancelReason !== null, "canceled for no reason");
    must(kept.length === 0 || facts.attention !== null, `canceled, and ${kept[0]?.status} money kept`);
  }

  /** Claims end as the units do. */
  #checkClaims({ orderId: id, request, facts }: OrderRecord, units: number): void {
    const instrument = facts.instrument === null ? [] : [`instrument:${facts.instrument}`];
    const own = [...request.claims.map(({ identity }) => identity), ...(this.hasLimits ? instrument : [])];
    const claims = [
      ...own.map((identity) => ({ identity, claimId: id as string })),
      ...(request.basketClaim
        ? [{ identity: request.basketClaim.identity, claimId: request.reservationId }]
        : []),
    ];
    for (const { identity, claimId } of claims) {
      const claim = this.claims
        .get(identity)
        ?.find((row) => row.claimId === claimId && isLive(row, this.nowMs));
      must((claim?.units ?? 0) === units, `${identity} counts ${claim?.units} units and not ${units}`);
    }
  }

  /** Nothing counts for ever that no order has sold. */
  #checkLastingClaims(orders: OrderRecord[]): void {
    const ids = new Set<string>(orders.flatMap((order) => [order.orderId, order.request.reservationId]));
    for (const [identity, rows] of this.claims)
      for (const { claimId, untilMs } of rows)
        must(untilMs !== null || ids.has(claimId), `${identity} counts units of nobody's ${claimId}`);
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
        const number = (act.pick % RESERVATIONS) + 1;
        if (this.#hasBaskets) this.#coordinator.reserve(this.#toBasket(number));
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
      case "late": {
        const [parcel] = this.late.splice(act.pick % Math.max(1, this.late.length), 1);
        if (parcel) this.note(`late: ${parcel.label}`);
        if (parcel && !this.#isGone(parcel)) parcel.arrive("fine");
        return;
      }
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
        // A process takes its time to come up, and numbers its tries by the clock.
        this.#advance(1);
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
    if (!isKept || parcel.endsAtMs !== undefined) this.parcels.splice(at, 1);
    if (isKept && parcel.endsAtMs !== undefined) this.late.push(parcel);
    this.note(`${act} ${parcel.label}${mood === "fine" ? "" : ` (${mood})`}`);
    if ((act === "deliver" || act === "duplicate") && !this.#isGone(parcel)) parcel.arrive(mood);
    else parcel.lose();
  }

  #isGone({ endsAtMs }: Parcel): boolean {
    return endsAtMs !== undefined && endsAtMs <= this.nowMs;
  }

  #command(command: OrderCommand): void {
    this.#commands.push(command);
    this.#coordinator.command(command);
  }

  #toBasket(number: number): KeyedReserveItem {
    return {
      ...reserveItem(number, { shopperId: shopperOf(number) }),
      dropId: TERMS.dropId,
      lines: this.linesOf(number).map((skuId) => ({ skuId, quantity: 1 })),
      identity: `mail:${shopperOf(number)}`,
      unitsPerShopper: this.hasLimits ? 3 : null,
      reservationTtlMs: TERMS.reservationTtlMs,
    };
  }

  #reserveAtOnce(number: number): void {
    this.#sweep();
    const item = this.#toBasket(number);
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
    return new Promise((resolve, reject) => {
      const fail = () => isAlive() && reject(new Error("the call failed"));
      this.parcels.push({
        label: `${label} to ${skuId} for ${items.map((item) => item.reservationId.at(-1))}`,
        arrive: () => {
          this.#sweep();
          const answers = items.map((item) => act(sku, item));
          this.#noteCommitted();
          this.parcels.push({
            label: `${label}: ${answers.map(saidBy)}`,
            arrive: () => isAlive() && resolve(answers),
            lose: fail,
          });
        },
        lose: fail,
      });
    });
  }

  callLimits<Answer>(label: string, act: () => Answer, isAlive: () => boolean): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const fail = () => isAlive() && reject(new Error("the call failed"));
      this.parcels.push({
        label,
        endsAtMs: this.nowMs + LIMITS.limitFenceMs,
        arrive: () => {
          const answer = act();
          this.parcels.push({
            label: `${label}: done`,
            arrive: () => isAlive() && resolve(answer),
            lose: fail,
          });
        },
        lose: fail,
      });
    });
  }

  claim(item: LimitClaim): LimitClaimAnswer {
    const known = this.#knownOf(item);
    const { answer, write } = decideClaim(known, item, this.nowMs);
    if (write) this.#keep(item, known.rows, write);
    return answer;
  }

  unclaim(item: LimitReturn): LimitReturnAnswer {
    const known = this.#knownOf(item);
    const { answer, change } = decideReturn(known, item, this.nowMs);
    if (change === null) return answer;
    this.#keep(item, known.rows, change.row);
    const untilMs = this.nowMs + LIMITS.limitFenceMs;
    this.#fences.set(`${item.identity} ${item.claimId}`, { step: item.step, untilMs });
    return answer;
  }

  #knownOf({ identity, claimId }: { identity: string; claimId: string }) {
    const fence = this.#fences.get(`${identity} ${claimId}`);
    const isRemembered = fence !== undefined && fence.untilMs > this.nowMs;
    return { rows: this.claims.get(identity) ?? [], fence: isRemembered ? fence.step : null };
  }

  /** As the object does, which takes the lapsed ones out as it goes. */
  #keep({ identity, claimId }: LimitReturn | LimitClaim, rows: ClaimRow[], row: ClaimRow | null): void {
    const others = rows.filter((one) => one.claimId !== claimId && isLive(one, this.nowMs));
    this.claims.set(identity, row ? [...others, row] : others);
  }

  /** Orders that had all their units at one time: only such may be captured. */
  #noteCommitted(): void {
    for (const record of this.orders())
      if (this.unitsOf(record).every((state) => state === "committed"))
        this.everCommitted.add(record.orderId);
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
  readonly #around: Omit<DriverDeps, "send"> & ReserverDeps & GiveBackDeps;
  readonly #driver: Driver;
  readonly #reserver: Reserver;
  #isAlive = true;
  #isAlarmRunning = false;

  constructor(world: World) {
    this.#world = world;
    this.#around = {
      store: world.store,
      sku: (_, skuId) => ({ key: skuId, api: this.#callsTo(skuId) }),
      limits: () => ({ key: "limits", api: this.#limits() }),
      // Nothing is late here: it arrives, or its caller is told that it failed.
      inTime: (work) => work,
      nowMs: () => world.nowMs,
    };
    this.#driver = new Driver({ ...this.#around, send: (messages) => world.send(messages) });
    this.#reserver = new Reserver(this.#around);
  }

  #limits(): LimitApi {
    const world = this.#world;
    const isAlive = () => this.#isAlive;
    return {
      claim: (items) => world.callLimits("claim", () => items.map((item) => world.claim(item)), isAlive),
      giveBack: (items) =>
        world.callLimits("unclaim", () => items.map((item) => world.unclaim(item)), isAlive),
    };
  }

  #callsTo(skuId: SkuId): CoordinatorSkuApi {
    const world = this.#world;
    const isAlive = () => this.#isAlive;
    const to = (label: string) => ({ label, skuId });
    return {
      reserve: (items) =>
        world.callSku(to("reserve"), items, (sku, item) => toAnswer(sku, sku.reserve(item), item), isAlive),
      giveBack: (items) => world.callSku(to("give back"), items, (sku, item) => sku.giveBack(item), isAlive),
      pin: (items) =>
        world.callSku(to("pin"), items, (sku, item) => toAnswer(sku, sku.pin(item), item), isAlive),
      commit: (items) =>
        world.callSku(to("commit"), items, (sku, item) => toAnswer(sku, sku.commit(item), item), isAlive),
      release: (items) =>
        world.callSku(to("release"), items, (sku, item) => toAnswer(sku, sku.release(item), item), isAlive),
      adjust: (items) =>
        world.callSku(to("return"), items.map(named), (sku, item) => sku.adjust(item), isAlive),
    };
  }

  die(): void {
    this.#isAlive = false;
  }

  reserve(item: KeyedReserveItem): void {
    const number = item.reservationId.at(-1);
    this.#world.note(`reserve ${number}`);
    this.#goOn(this.#reserver.reserve([item]), ([answer]) => {
      this.#world.note(`reserve ${number}: ${answer?.ok ? "held" : answer?.refusal.code}`);
    });
  }

  giveBack(number: number): void {
    const item = {
      reservationId: reservationId(number),
      dropId: TERMS.dropId,
      shopperId: shopperOf(number),
    };
    this.#goOn(
      this.#reserver
        .quiet(item.reservationId)
        .then(() => (this.#isAlive ? giveBackBaskets(this.#around, [item]) : [])),
      ([answer]) => this.#world.note(`give back ${number}: ${answer?.ok ? "done" : answer?.refusal.code}`),
    );
  }

  place(item: PlaceItem): void {
    const { store } = this.#world;
    if (!store.load(item.orderId)) {
      if (takeOn(store, item, this.#world.nowMs) !== null) return;
    } else if (this.#driver.isBusy(item.orderId)) return;
    this.#world.note(`place ${item.orderId.at(-1)}`);
    this.#goOn(this.#driver.drive([item.orderId], "send"), () => {
      const record = store.load(item.orderId);
      if (record && record.facts.units !== "unpinned" && record.facts.pinRefusal === null)
        this.#world.acknowledged.add(item.orderId);
    });
  }

  command(command: OrderCommand): void {
    const { orderId: id, act } = command;
    const refusal = takeCommand(this.#world.store, command, this.#world.nowMs);
    this.#world.note(`${act.kind} ${id.at(-1)}: ${refusal?.code ?? "taken"}`);
    if (!refusal) this.#goOn(this.#driver.drive([id], "send"), () => {});
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
    const ids = this.#driver.wake(this.#world.store.due(this.#world.nowMs));
    this.#goOn(this.#driver.drive(ids, "send"), () => {
      this.#isAlarmRunning = false;
    });
  }

  #goOn<Value>(work: Promise<Value>, then: (value: Value) => void): void {
    work.then(then).catch((error) => this.#world.failures.push(error));
  }
}

function toCommand(
  { orderId: id, facts }: OrderRecord,
  act: Extract<Act, { act: "cancel" | "refund" | "return" | "ship" }>,
  number: number,
): OrderCommand {
  const command = {
    orderId: id,
    commandId: `command ${number}`,
    fingerprint: fingerprint(number),
    shopperId: null,
  };
  switch (act.act) {
    case "cancel": {
      const { by, restock } = act;
      return {
        ...command,
        act: by === "shopper" ? { kind: "cancel", by } : { kind: "cancel", by, restock, reason: "said so" },
      };
    }
    case "refund": {
      const { amountMinor, restock } = act;
      const lines = facts.lines.slice(0, act.units).map(({ skuId }) => ({ skuId, quantity: 1 }));
      return { ...command, act: { kind: "refund", amountMinor, lines, restock, reason: "said so" } };
    }
    case "return": {
      const { skuId } = facts.lines[act.line % facts.lines.length] ?? { skuId: TERMS.skuId };
      const { isResellable } = act;
      const line = { skuId, quantity: 1 };
      return {
        ...command,
        act: { kind: "return", dropId: TERMS.dropId, line, isResellable, reason: "came back" },
      };
    }
    case "ship": {
      const lines = act.isWhole ? null : facts.lines.slice(0, 1).map(({ skuId }) => ({ skuId, quantity: 1 }));
      return {
        ...command,
        act: { kind: "ship", carrier: "Post", trackingNumber: String(number), trackingUrl: null, lines },
      };
    }
  }
}

/** Two people with two orders each may have one; a card may buy three units. */
function limitsFor(number: number) {
  return { claims: [{ identity: `contact:${number % 3}`, max: 4 }], unitsPerInstrument: 3 };
}

function toItem(number: number, hasLimits: boolean): PlaceItem {
  return {
    orderId: orderId(number),
    fingerprint: fingerprint(number),
    shopperId: shopperOf(number),
    dropId: TERMS.dropId,
    reservationId: reservationId(number),
    email: "shopper@example.com",
    payment: number % 2 === 0 ? { kind: "token", token: "tok_visa" } : { kind: "redirect" },
    returnUrl: "https://shop.example.com/order",
    gateway: "sandbox",
    paymentWindowMs: 60_000,
    unknownHoldMs: 120_000,
    commandResendMs: 10_000,
    terms: ok(orderTerms(hasLimits ? limitsFor(number) : {})),
  };
}

/** Another order of the same basket: only one of the two can have it. */
function toRival(number: number, hasLimits: boolean): PlaceItem {
  const rival = number + RESERVATIONS;
  return { ...toItem(number, hasLimits), orderId: orderId(rival), fingerprint: fingerprint(rival) };
}

/** One authorize, or session, is open at most, and its own money is what a webhook is taken for; other money comes before or after. */
function canGetGhostMoney({ facts: { lastAttempt, open, isSessionOpen } }: OrderRecord): boolean {
  return (
    lastAttempt > 0 && !isSessionOpen && open?.operation !== "session" && open?.operation !== "authorize"
  );
}

/** A correction is called by its order, for the journal. */
const named = (item: AdjustItem) => ({
  ...item,
  reservationId: item.change.kind === "return" ? item.change.orderId : "",
});

/** What the object says, as an answer. */
function toAnswer<Code extends "internal">(
  sku: Bench,
  said: string,
  { reservationId: id }: { reservationId: string },
): Result<Reservation, { code: Code }> {
  const row = sku.rows.get(id);
  const isDone =
    /^(reserve|pinned|commit|late|release|reverse|lapse|held|committed|released|lapsed)( again)?$/.test(said);
  if (!row || !isDone) return { ok: false, refusal: { code: said as Code } };
  return { ok: true, value: row };
}

function saidBy(answer: StepAnswer | ReserveAnswer | GiveBackAnswer | AdjustAnswer): string {
  if (!answer.ok) return answer.refusal.code;
  return answer.value && "state" in answer.value ? answer.value.state : "done";
}

const shopperOf = (number: number) => shopperId(((number - 1) % SHOPPERS) + 1);
const numberOf = (id: string) => Number.parseInt(id.slice(4), 16);
const pickOf = <Value>(values: Value[], pick: number): Value | undefined => values[pick % values.length];
const settled = () => new Promise<void>((done) => setImmediate(done));

function must(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Error(what);
}
