import assert from "node:assert/strict";
import type { OrderAnswer, PricedLine } from "../../schema/http.ts";
import { type DropId, identityShardOf, type SkuId, shardOfDrop, shardOfOrder } from "../../schema/ids.ts";
import type { LimitClaim } from "../../schema/limit-guard.ts";
import { AmountMinor, totalMinor } from "../../schema/money.ts";
import { ok, refuse } from "../../schema/result.ts";
import type {
  Basket,
  BasketAnswer,
  BasketGiveBackItem,
  BasketRefusal,
  ChangeBasketAnswer,
  ChangeBasketItem,
  KeyedReserveItem,
} from "../../schema/rpc/baskets.ts";
import type { EdgeApi } from "../../schema/rpc/entrypoints.ts";
import type { CancelAnswer, CancelItem } from "../../schema/rpc/order-commands.ts";
import type { OrderQuery, PlaceAnswer, PlaceItem } from "../../schema/rpc/orders.ts";
import type { KeyedWaitItem, WaitingEntry, WaitingQuery } from "../../schema/rpc/waiting-list.ts";
import type { Clock } from "../../workers/edge/deps.ts";
import { FakeLine } from "./edge-line-state.ts";

/** All objects behind the edge, in memory: as much of them as the edge can see. */
export class FakeState extends FakeLine implements EdgeApi {
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
    super();
    this.#clock = clock;
  }

  async reserve(shard: number, items: KeyedReserveItem[]) {
    this.count("reserve");
    for (const { dropId } of items)
      assert(shardOfDrop(dropId) === shard, "a reservation in another drop's shard");
    return items.map((item) => this.#reserveOne(item));
  }

  async giveBack(shard: number, items: BasketGiveBackItem[]) {
    this.count("giveBack");
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
    this.count("changeBaskets");
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
    this.count("countIdentity");
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
    this.count("wait");
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
    this.count("showWaiting");
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
    this.count("place");
    for (const { orderId } of items) assert(shardOfOrder(orderId) === shard, "an order in another shard");
    return items.map((item) => this.#placeOne(item));
  }

  async cancelOrders(shard: number, items: CancelItem[]): Promise<CancelAnswer[]> {
    this.count("cancelOrders");
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
    this.count("readOrders");
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
}
