import type { DropId, ReservationId, ShopperId, SkuId } from "../ids.ts";
import type { Refusal } from "../refusals.ts";
import type { Result } from "../result.ts";
import type { WaitingState } from "../statuses.ts";
import type { KeyedReserveItem } from "./baskets.ts";
import type { ReserveItem } from "./sku-stock.ts";

/** An entry of a waiting list on its way to its SKU, under the id that its offer's reservation will have. */
export type WaitItem = Omit<ReserveItem, "isFirstLine">;

export type KeyedWaitItem = WaitItem & { dropId: DropId; skuId: SkuId } & Pick<
    KeyedReserveItem,
    "unitsPerShopper" | "isPaused"
  >;

export type WaitingQuery = { reservationId: ReservationId; shopperId: ShopperId };

/** `ahead`: people who wait before it, null once it waits no longer. `offerEndsAtMs`: while it is offered. */
export type WaitingEntry = {
  reservationId: ReservationId;
  skuId: SkuId;
  quantity: number;
  state: WaitingState;
  ahead: number | null;
  offerEndsAtMs: number | null;
};

export type WaitRefusal = Refusal<
  | "waiting_list_closed"
  | "waiting_list_full"
  | "already_waiting"
  | "shopper_limit_reached"
  | "sku_not_found"
  | "drop_not_open"
  | "drop_closed"
  | "drop_paused"
  | "idempotency_key_reused"
  | "unavailable"
  | "internal"
>;

export type WaitAnswer = Result<WaitingEntry, WaitRefusal>;

export type WaitingAnswer = Result<WaitingEntry, Refusal<"waiting_entry_not_found">>;
