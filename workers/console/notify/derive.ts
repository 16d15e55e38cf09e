import { createHash } from "node:crypto";
import type { DeliveryId, EventId, MailId } from "../../../schema/events.ts";
import type { DropId, OrderId, SkuId } from "../../../schema/ids.ts";
import type { EndpointId } from "../../../schema/webhooks.ts";
import type { Happened } from "./milestones.ts";

/** Ids that follow from what they name, so that whoever tells it again names the same row. */

export function orderEventId(orderId: OrderId, { type, nth }: Happened): EventId {
  return `evt_${hash("dropline/event/1", orderId, type, String(nth))}` as EventId;
}

export function stockEventId(dropId: DropId, skuId: SkuId, nth: number): EventId {
  return `evt_${hash("dropline/stock-event/1", dropId, skuId, String(nth))}` as EventId;
}

export function deliveryIdOf(eventId: EventId, endpointId: EndpointId): DeliveryId {
  return `dlv_${hash("dropline/delivery/1", eventId, endpointId)}` as DeliveryId;
}

export function mailIdOf(eventId: EventId): MailId {
  return `mail_${hash("dropline/mail/1", eventId)}` as MailId;
}

function hash(...parts: string[]): string {
  return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 32);
}
