import type { BasketLine, OrderAnswer } from "../http.ts";
import type { DropId, Fingerprint, OrderId, ShopperId } from "../ids.ts";
import type { Refusal } from "../refusals.ts";
import type { Result } from "../result.ts";

/** What is asked of an order after it was placed. `commandId` names it: its repeat changes nothing and gets the order as it stands. */
export type OrderAct =
  | { kind: "cancel"; by: "shopper" }
  /** `restock`: false when units that were paid for are no longer there to be sold. */
  | { kind: "cancel"; by: "brand"; restock: boolean; reason: string }
  /** Null: all that is left of the amount. `lines`: what comes back, for sale again with `restock`. */
  | {
      kind: "refund";
      amountMinor: number | null;
      lines: BasketLine[];
      restock: boolean;
      reason: string;
    }
  /** Bought units that are back; moves no money. The drop must be the order's. */
  | { kind: "return"; dropId: DropId; line: BasketLine; isResellable: boolean; reason: string }
  /** Null: all units that were not shipped yet. */
  | {
      kind: "ship";
      carrier: string;
      trackingNumber: string;
      trackingUrl: string | null;
      lines: BasketLine[] | null;
    };

export type OrderCommand = {
  orderId: OrderId;
  commandId: string;
  fingerprint: Fingerprint;
  /** Whose order it must be; null: the brand asks. */
  shopperId: ShopperId | null;
  act: OrderAct;
};

export type OrderActRefusal = Refusal<
  | "order_canceled"
  | "order_shipped"
  | "cancel_window_over"
  | "order_not_confirmed"
  | "refund_in_progress"
  | "refund_exceeds_captured"
  | "return_exceeds_sold"
  | "shipment_exceeds_order"
  | "request_in_progress"
>;

export type OrderCommandRefusal =
  | OrderActRefusal
  | Refusal<"order_not_found" | "idempotency_key_reused" | "too_many_commands">;

/** A shopper's own: the only command that the edge may give. */
export type CancelItem = Omit<OrderCommand, "act" | "shopperId"> & { shopperId: ShopperId };

export type CancelAnswer = Result<
  OrderAnswer,
  Refusal<
    | "order_not_found"
    | "order_canceled"
    | "order_shipped"
    | "cancel_window_over"
    | "request_in_progress"
    | "too_many_commands"
    | "idempotency_key_reused"
  >
>;

export type OrderCommandAnswer = Result<OrderAnswer, OrderCommandRefusal>;
