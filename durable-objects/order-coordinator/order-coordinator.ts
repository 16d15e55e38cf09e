import { DurableObject } from "cloudflare:workers";
import { type DropId, type OrderId, objectNames, type SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { PaymentMessage } from "../../schema/messages.ts";
import { ok, refuse } from "../../schema/result.ts";
import type {
  BasketAnswer,
  BasketGiveBackAnswer,
  BasketGiveBackItem,
  ChangeBasketAnswer,
  ChangeBasketItem,
  KeyedReserveItem,
} from "../../schema/rpc/baskets.ts";
import type { OrderCommand, OrderCommandAnswer } from "../../schema/rpc/order-commands.ts";
import type {
  OrderLookup,
  OrderQuery,
  OrdersAudit,
  PlaceAnswer,
  PlaceItem,
} from "../../schema/rpc/orders.ts";
import type {
  BeginAnswer,
  GatewayEvent,
  PaymentsBacklog,
  ReportAnswer,
  ReportItem,
} from "../../schema/rpc/payments.ts";
import type { KeyedWaitItem, WaitAnswer } from "../../schema/rpc/waiting-list.ts";
import { inTime } from "../in-time.ts";
import { logError } from "../log.ts";
import { migrate } from "../migrate.ts";
import { stubs } from "../stubs.ts";
import { tryRefusedAgain } from "./amend.ts";
import { toAnswer, toAudited } from "./answer.ts";
import { paymentsBacklog } from "./backlog.ts";
import { type Deps as ChangeDeps, changeBaskets } from "./change.ts";
import { takeCommand } from "./command.ts";
import { CommandOutbox } from "./command-outbox.ts";
import type { PinRefusalCode } from "./decide.ts";
import { Driver } from "./drive.ts";
import { giveBackInTurn } from "./give-back.ts";
import { limitsOf } from "./limits.ts";
import { MIGRATIONS } from "./migrations.ts";
import { Projector } from "./projection/projector.ts";
import { Reserver } from "./reserve.ts";
import { OrderStore } from "./store.ts";
import { takeOn } from "./take-on.ts";
import { type Deps as WaitDeps, waitForUnits } from "./wait.ts";

/**
 * The orders of one shard, each a saga: pin units, get the money authorized, commit the units, capture, confirm; or give
 * back whatever was taken. Every step is a row before it is a call, and one alarm takes up what was interrupted. Methods
 * take batches and answer in the same order; a repeat of an item gets the order as it stands.
 */
export class OrderCoordinator extends DurableObject<StateEnv> {
  readonly #store: OrderStore;
  readonly #driver: Driver;
  readonly #reserver: Reserver;
  readonly #keyed: ChangeDeps & WaitDeps;
  readonly #projector: Projector;
  #armedForMs: number | null = null;

  constructor(ctx: DurableObjectState, env: StateEnv) {
    super(ctx, env);
    this.#store = new OrderStore(ctx.storage);
    const around = {
      store: this.#store,
      sku: (dropId: DropId, skuId: SkuId) => ({
        key: objectNames.sku(dropId, skuId),
        api: stubs.sku(env, dropId, skuId),
      }),
      limits: limitsOf(env),
      inTime,
      nowMs: () => Date.now(),
    };
    const outbox = new CommandOutbox(env.PAYMENT_COMMANDS);
    this.#driver = new Driver({ ...around, send: (messages) => ctx.waitUntil(outbox.send(messages)) });
    this.#reserver = new Reserver(around);
    this.#keyed = { ...around, keys: this.#reserver };
    this.#projector = new Projector({
      store: this.#store,
      database: env.DB,
      notifications: env.NOTIFICATIONS,
    });
    ctx.blockConcurrencyWhile(async () => migrate(ctx.storage, MIGRATIONS));
  }

  /**
   * Reserves baskets at their SKUs' objects, all lines or none, one use of an idempotency key at a time: a key that made a
   * reservation with another body is refused. A repeat that overtakes its first request shares its answer.
   */
  reserve(items: KeyedReserveItem[]): Promise<BasketAnswer[]> {
    return this.#reserver.reserve(items);
  }

  /** Puts people on the waiting lists of their SKUs, or offers them what is free. A repeat gets the entry as it stands. */
  async wait(items: KeyedWaitItem[]): Promise<WaitAnswer[]> {
    return waitForUnits(this.#keyed, items);
  }

  /** Gives baskets back that no order has. A repeat changes nothing; a key that was used for one stays used. */
  async giveBack(items: BasketGiveBackItem[]): Promise<BasketGiveBackAnswer[]> {
    return giveBackInTurn(this.#keyed, items);
  }

  /** Takes baskets in the place of others, or those again when that is refused. However often it is asked, one follows each. */
  async changeBaskets(items: ChangeBasketItem[]): Promise<ChangeBasketAnswer[]> {
    return changeBaskets(this.#keyed, items);
  }

  /**
   * Pins the baskets, all lines or none, and writes the orders; answers once both are durable. From then on the order goes
   * its way by itself. A basket of which a line is gone is refused and leaves nothing behind. `unavailable` means that
   * nobody knows yet: the same id again tells.
   */
  async place(items: PlaceItem[]): Promise<PlaceAnswer[]> {
    const early = items.map((item): PlaceAnswer | null => {
      const existing = this.#store.load(item.orderId);
      if (!existing) return takeOn(this.#store, item, Date.now());
      if (existing.fingerprint !== item.fingerprint) return refuse({ code: "idempotency_key_reused" });
      if (this.#driver.isBusy(item.orderId))
        return refuse({ code: "request_in_progress", retryAfterMs: LIMITS.orderPollMs });
      return null;
    });
    const fresh = items.filter((_, index) => early[index] === null).map((item) => item.orderId);
    const { refused } = await this.#drive(fresh, "send");
    return items.map((item, index) => early[index] ?? this.#placed(item.orderId, refused.get(item.orderId)));
  }

  #placed(orderId: OrderId, pinRefusal: PinRefusalCode | undefined): PlaceAnswer {
    const record = this.#store.load(orderId);
    const refusal = pinRefusal ?? record?.facts.pinRefusal;
    if (refusal) return refuse({ code: refusal });
    if (!record || record.facts.units === "unpinned") {
      return refuse({ code: "unavailable", retryAfterMs: LIMITS.orderPollMs });
    }
    return ok(toAnswer(record, Date.now()));
  }

  /** Orders as their own shoppers may see them; anybody else's does not exist. */
  async read(items: OrderQuery[]): Promise<OrderLookup[]> {
    return items.map(({ orderId, shopperId }) => {
      const record = this.#store.load(orderId);
      if (!record || record.request.shopperId !== shopperId) return refuse({ code: "order_not_found" });
      return ok(toAnswer(record, Date.now()));
    });
  }

  /**
   * Cancels orders, sends money back, notes what was shipped: what is asked of orders after they were placed. Durable before
   * it is answered; money and units follow by themselves. A repeat gets the order as it stands.
   */
  async command(commands: OrderCommand[]): Promise<OrderCommandAnswer[]> {
    const refusals = commands.map((command) => takeCommand(this.#store, command, Date.now()));
    const taken = commands.filter((_, index) => refusals[index] === null).map(({ orderId }) => orderId);
    await this.#drive(taken, "send");
    return commands.map(({ orderId }, index) => {
      const refusal = refusals[index];
      const record = this.#store.load(orderId);
      if (refusal) return refuse(refusal);
      return record ? ok(toAnswer(record, Date.now())) : refuse({ code: "order_not_found" });
    });
  }

  /** Hands out commands, each to one consumer for one lease. null: stale, or another consumer has it. */
  async begin(messages: PaymentMessage[]): Promise<BeginAnswer[]> {
    const answers = messages.map((message) => this.#driver.begin(message));
    await this.#arm();
    return answers;
  }

  /** Takes outcomes, carries the orders on, and hands out their next commands, already begun for the same caller. */
  async report(items: ReportItem[]): Promise<ReportAnswer[]> {
    for (const { orderId, attempt, outcome } of items)
      this.#driver.record(orderId, { kind: "reported", attempt, outcome });
    const { begun } = await this.#drive(
      items.map((item) => item.orderId),
      "begin",
    );
    return items.map(({ orderId }) => {
      const command = begun.get(orderId) ?? null;
      begun.delete(orderId);
      return command;
    });
  }

  /** What gateways said by webhook. False: no such order here. */
  async gatewayEvents(events: GatewayEvent[]): Promise<boolean[]> {
    const known = events.map(
      (event) => this.#driver.record(event.orderId, { kind: "gateway", event }) !== null,
    );
    await this.#drive(
      events.map((event) => event.orderId),
      "send",
    );
    return known;
  }

  /** How far behind payments are, over all drops of this shard. */
  async paymentsBacklog(): Promise<PaymentsBacklog> {
    return paymentsBacklog(this.#store, Date.now());
  }

  /** Makes an open command due now, or tries again what a gateway refused for good. False: there is neither. */
  async redrive(orderId: OrderId): Promise<boolean> {
    const record = this.#store.load(orderId);
    if (!record) return false;
    const { facts } = record;
    const nowMs = Date.now();
    const again = tryRefusedAgain(facts);
    if (again) {
      this.#store.save(record, again, nowMs);
      await this.#drive([orderId], "send");
      return true;
    }
    if (!facts.open || facts.open.state === "begun") return false;
    this.#store.saveOpen(record, { ...facts, open: { ...facts.open, nextAtMs: nowMs } }, nowMs);
    await this.#arm();
    return true;
  }

  /** One page of everything this shard holds, by order id. */
  async audit(afterOrderId: string | null): Promise<OrdersAudit> {
    const page = this.#store.page(afterOrderId);
    const last = page.length === LIMITS.pageRowsMax ? page.at(-1) : undefined;
    return {
      orders: page.map((record) => toAudited(record, this.#store.attempts(record.orderId), Date.now())),
      next: last?.orderId ?? null,
    };
  }

  /** Wakes an object whose alarm was lost. Harmless at any time. */
  async knock(): Promise<void> {
    await this.alarm();
  }

  /** Wakes this object, wherever it is made, and tells its clock. Writes nothing: one that was never published to stays unborn. */
  async clockMs(): Promise<number> {
    return Date.now();
  }

  override async alarm(): Promise<void> {
    this.#armedForMs = null;
    const projecting = this.#projector.run();
    try {
      await this.#driver.drive(this.#driver.wake(this.#store.due(Date.now())), "send");
      await this.#briefly(projecting);
    } catch (error) {
      logError("order_coordinator_alarm_failed", error);
    } finally {
      await this.#arm();
    }
  }

  /** D1 gets a moment; if it takes longer, the alarm goes on without it and is armed again when it is done. */
  async #briefly(projecting: Promise<void>): Promise<void> {
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(() => patience.resolve(), LIMITS.projectionPatienceMs);
    this.ctx.waitUntil(projecting.then(() => this.#arm()));
    await Promise.race([projecting, patience.promise]);
    clearTimeout(timer);
  }

  /** Armed before the calls as well: should this process die in them, the alarm takes the orders up. */
  async #drive(orderIds: OrderId[], commands: "send" | "begin") {
    const armed = this.#arm();
    const driven = await this.#driver.drive(orderIds, commands);
    await armed;
    await this.#arm();
    return driven;
  }

  async #arm(): Promise<void> {
    const due = [this.#store.earliestDueMs(), this.#projector.dueAtMs()].filter((atMs) => atMs !== null);
    if (due.length === 0) return;
    const nextMs = Math.max(Math.min(...due), Date.now() + LIMITS.alarmMinDelayMs);
    if (this.#armedForMs !== null && this.#armedForMs <= nextMs) return;
    this.#armedForMs = nextMs;
    await this.ctx.storage.setAlarm(nextMs);
  }
}
