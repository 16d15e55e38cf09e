import { migrate } from "../../durable-objects/migrate.ts";
import { MIGRATIONS } from "../../durable-objects/order-coordinator/migrations.ts";
import type { NotedReservation, OrderRecord } from "../../durable-objects/order-coordinator/records.ts";
import { OrderStore } from "../../durable-objects/order-coordinator/store.ts";
import { RESERVATIONS } from "./order-acts.ts";
import { memoryStorage } from "./order-storage.ts";
import { reservationId } from "./sku-stock-fakes.ts";

/** A coordinator's store, and what its rows say, read once between two changes: most acts change none, and each is checked. */
export class Rows {
  readonly store: OrderStore;
  #orders: OrderRecord[] | null = null;
  #baskets: NotedReservation[] | null = null;

  constructor() {
    const storage = memoryStorage(() => {
      this.#orders = null;
      this.#baskets = null;
    });
    migrate(storage, MIGRATIONS);
    this.store = new OrderStore(storage);
  }

  orders(): readonly OrderRecord[] {
    this.#orders ??= this.store.page(null);
    return this.#orders;
  }

  baskets(): readonly NotedReservation[] {
    if (this.#baskets) return this.#baskets;
    this.#baskets = [];
    for (let number = 1; number <= RESERVATIONS; number += 1) {
      const noted = this.store.reservation(reservationId(number));
      if (noted) this.#baskets.push(noted);
    }
    return this.#baskets;
  }
}
