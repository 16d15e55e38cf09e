import * as z from "zod";
import { ORDER_EVENT_TYPES, type OrderEventType } from "../../../schema/events.ts";
import type { OrderRow } from "../../../schema/tables.ts";

/** What of an order was told: how far each thing had come when it was last looked at, and how often that was told. */
export const Told = z.partialRecord(
  z.enum(ORDER_EVENT_TYPES),
  z.strictObject({ extent: z.int().min(0), times: z.int().min(1) }),
);
export type Told = z.infer<typeof Told>;

/** `nth`: an order that late money revives is confirmed after it was canceled; money goes back, and parcels leave, in parts. */
export type Happened = { type: OrderEventType; nth: number };

type Standing = Pick<OrderRow, "status" | "money" | "refundedMinor" | "shipments">;

/** 0: it is not so. What comes in parts is told whenever there is more of it. */
const EXTENT: Record<OrderEventType, (order: Standing) => number> = {
  "order.placed": () => 1,
  "order.confirmed": ({ status }) => Number(status === "confirmed"),
  "order.canceled": ({ status }) => Number(status === "canceled"),
  // Of an order that cost nothing, nothing goes back.
  "order.refunded": ({ money, refundedMinor }) => Math.max(refundedMinor, Number(money === "refunded")),
  "order.shipped": ({ shipments }) => shipments.length,
};

/** What has come to be since an order was last told of, in the order of its life, and what is told once that is. */
export function sinceTold(told: Told, order: Standing): { happened: Happened[]; told: Told } {
  const happened: Happened[] = [];
  const after: Told = { ...told };
  for (const type of ORDER_EVENT_TYPES) {
    const before = told[type];
    const extent = EXTENT[type](order);
    if (extent > (before?.extent ?? 0)) {
      const nth = (before?.times ?? 0) + 1;
      happened.push({ type, nth });
      after[type] = { extent, times: nth };
    } else if (before !== undefined && before.extent !== extent) after[type] = { ...before, extent };
  }
  return { happened, told: after };
}

const LAST_WORD: readonly OrderEventType[] = [
  "order.refunded",
  "order.canceled",
  "order.shipped",
  "order.confirmed",
  "order.placed",
];

/** Of what came to be together, the one thing that a shopper is written about: the last word has the rest in it. */
export function worthAMail(happened: readonly Happened[]): Happened | undefined {
  for (const type of LAST_WORD) {
    const found = happened.find((one) => one.type === type);
    if (found !== undefined) return found;
  }
  return undefined;
}
