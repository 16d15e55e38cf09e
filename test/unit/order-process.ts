import { takeCommand } from "../../durable-objects/order-coordinator/command.ts";
import { Driver, type Deps as DriverDeps } from "../../durable-objects/order-coordinator/drive.ts";
import {
  type Deps as GiveBackDeps,
  giveBackBaskets,
} from "../../durable-objects/order-coordinator/give-back.ts";
import type { LimitApi } from "../../durable-objects/order-coordinator/limits.ts";
import {
  Reserver,
  type Deps as ReserverDeps,
  type SkuApi as ReserverSkuApi,
} from "../../durable-objects/order-coordinator/reserve.ts";
import type { SkuApi as DriverSkuApi } from "../../durable-objects/order-coordinator/stock-steps.ts";
import { takeOn } from "../../durable-objects/order-coordinator/take-on.ts";
import type { SkuId } from "../../schema/ids.ts";
import type { PaymentMessage } from "../../schema/messages.ts";
import type { Result } from "../../schema/result.ts";
import type { KeyedReserveItem } from "../../schema/rpc/baskets.ts";
import type { OrderCommand } from "../../schema/rpc/order-commands.ts";
import type { PlaceItem } from "../../schema/rpc/orders.ts";
import type { BegunCommand, GatewayEvent, ReportItem } from "../../schema/rpc/payments.ts";
import type { AdjustItem, Reservation } from "../../schema/rpc/sku-stock.ts";
import { shopperOf, TERMS } from "./order-acts.ts";
import type { World } from "./order-world.ts";
import { type bench, reservationId } from "./sku-stock-fakes.ts";

type Bench = ReturnType<typeof bench>;
type CoordinatorSkuApi = DriverSkuApi & ReserverSkuApi;

/** One life of a coordinator's process, wired like the object: what it has in memory dies with it. */
export class Coordinator {
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
    this.#driver = new Driver({ ...this.#around, send: (messages) => world.payments.send(messages) });
    this.#reserver = new Reserver(this.#around);
  }

  #limits(): LimitApi {
    const world = this.#world;
    const isAlive = () => this.#isAlive;
    return {
      claim: (items) =>
        world.callLimits("claim", () => items.map((item) => world.limits.claim(item)), isAlive),
      giveBack: (items) =>
        world.callLimits("unclaim", () => items.map((item) => world.limits.unclaim(item)), isAlive),
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
