import type { BasketLine, PricedLine } from "../http.ts";
import type { DropId, Fingerprint, ReservationId, ShopperId, TicketId } from "../ids.ts";
import type { AmountMinor, Currency } from "../money.ts";
import type { Refusal } from "../refusals.ts";
import type { Result } from "../result.ts";
import type { ReserveRefusal } from "./sku-stock.ts";

/** A basket on its way to its SKUs, by way of the coordinator that watches over its idempotency key. */
export type KeyedReserveItem = {
  reservationId: ReservationId;
  fingerprint: Fingerprint;
  dropId: DropId;
  shopperId: ShopperId;
  ticketId: TicketId;
  /** 1 to `basketLinesMax`, each of another SKU, in any order. */
  lines: BasketLine[];
  /** Whose units these are, at the strength that the drop declares. Every limit counts by it. */
  identity: string;
  /** Units of all SKUs that one identity may hold or have bought; null: only each SKU's own limit. */
  unitsPerShopper: number | null;
  /** The document's: a claim on a limit ends a little after it. */
  reservationTtlMs: number;
  /** Nothing new is taken now; a repeat gets its first answer. */
  isPaused?: boolean;
};

/** A basket as its SKUs' objects hold it: `lines` by SKU id. It lapses with the first of its lines. */
export type Basket = {
  reservationId: ReservationId;
  lines: PricedLine[];
  subtotalMinor: AmountMinor;
  currency: Currency;
  deadlineAtMs: number;
};

/** `skuId` names the line that was refused, where it was one line. */
export type BasketRefusal =
  | ReserveRefusal
  | Refusal<"reservation_given_back" | "basket_total_too_large" | "drop_paused">;

export type BasketAnswer = Result<Basket, BasketRefusal>;

export type BasketGiveBackItem = { reservationId: ReservationId; dropId: DropId; shopperId: ShopperId };

export type BasketGiveBackAnswer = Result<
  null,
  Refusal<"reservation_not_found" | "reservation_taken" | "unavailable">
>;

/** A basket in the place of another. `againAs`: under which id that one's lines are taken again, should this be refused. */
export type ChangeBasketItem = KeyedReserveItem & { replaces: ReservationId; againAs: ReservationId };

export type ChangedBasket =
  | { kind: "changed"; basket: Basket }
  /** What is held instead: the old lines again, since the change was refused, or what an earlier change took. */
  | { kind: "kept"; basket: Basket; refusal: BasketRefusal | null }
  /** Refused, and the old lines went to somebody else meanwhile. */
  | { kind: "lost"; refusal: BasketRefusal };

export type ChangeBasketAnswer = Result<
  ChangedBasket,
  Refusal<
    | "reservation_not_found"
    | "reservation_taken"
    | "reservation_given_back"
    | "idempotency_key_reused"
    | "drop_paused"
    | "unavailable"
  >
>;
