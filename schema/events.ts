import * as z from "zod";
import { OrderId } from "./ids.ts";
import type { SkuLevel } from "./line.ts";

/** What an order may come to be, as told to others. One order may be confirmed, canceled or refunded more than once. */
export const ORDER_EVENT_TYPES = [
  "order.placed",
  "order.confirmed",
  "order.canceled",
  "order.refunded",
  "order.shipped",
] as const;
export type OrderEventType = (typeof ORDER_EVENT_TYPES)[number];

export const EVENT_TYPES = [...ORDER_EVENT_TYPES, "stock.changed"] as const;
export const EventType = z.enum(EVENT_TYPES);
export type EventType = z.infer<typeof EventType>;

const hex = (prefix: string) => z.string().regex(new RegExp(`^${prefix}[0-9a-f]{32}$`));

/** Derived from what happened, so that telling it twice is one event. */
export const EventId = hex("evt_").brand<"EventId">();
export type EventId = z.infer<typeof EventId>;

/** Derived from the event and the endpoint; the `webhook-id` of every try. */
export const DeliveryId = hex("dlv_").brand<"DeliveryId">();
export type DeliveryId = z.infer<typeof DeliveryId>;

/** Derived from the event; the same mail is one mail, however often it is sent. */
export const MailId = hex("mail_").brand<"MailId">();
export type MailId = z.infer<typeof MailId>;

/** On the queue `dropline-notifications`. "Look at this": everything else is read where it is kept. */
export const NotificationMessage = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("order"), orderId: OrderId, version: z.int().min(1) }),
  z.strictObject({ kind: z.literal("mail"), mailId: MailId }),
]);
export type NotificationMessage = z.infer<typeof NotificationMessage>;
export type OrderNotification = Extract<NotificationMessage, { kind: "order" }>;

/** On the queue `dropline-webhooks`, apart from the rest: an endpoint that hangs holds up no mail. */
export const DeliveryMessage = z.strictObject({ deliveryId: DeliveryId });
export type DeliveryMessage = z.infer<typeof DeliveryMessage>;

/** `data` of `stock.changed`: how it stood at `atMs`. Figures are absolute, so the latest one is enough. */
export type StockData = SkuLevel & { dropId: string; atMs: number };
