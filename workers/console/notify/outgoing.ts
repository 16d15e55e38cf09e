import * as z from "zod";
import { type EventId, EventType } from "../../../schema/events.ts";
import type { WebhookDeliveryRow, WebhookEndpointRow } from "../../../schema/tables.ts";
import type { EndpointId } from "../../../schema/webhooks.ts";
import { deliveryIdOf } from "./derive.ts";

/** An endpoint that is on, and what it wants to hear of. */
export type Listener = { endpointId: EndpointId; types: readonly EventType[] };

const EventTypes = z.array(EventType);

export function listenersFrom(endpoints: readonly WebhookEndpointRow[]): Listener[] {
  return endpoints.map(({ endpointId, eventTypes }) => ({
    endpointId: endpointId as EndpointId,
    types: EventTypes.parse(JSON.parse(eventTypes)),
  }));
}

/** One delivery for each endpoint that listens to this type. */
export function toDeliveries(
  eventId: EventId,
  type: EventType,
  listeners: readonly Listener[],
  nowMs: number,
): WebhookDeliveryRow[] {
  return listeners
    .filter(({ types }) => types.includes(type))
    .map(({ endpointId }) => ({
      deliveryId: deliveryIdOf(eventId, endpointId),
      eventId,
      endpointId,
      state: "pending",
      tries: 0,
      nextAtMs: nowMs,
      lastStatus: null,
      lastReason: null,
      createdAtMs: nowMs,
      updatedAtMs: nowMs,
    }));
}

/** The payload as the Standard Webhooks specification has it, byte for byte as it is signed. */
export function bodyOf(type: EventType, occurredAtMs: number, data: object): string {
  return JSON.stringify({ type, timestamp: new Date(occurredAtMs).toISOString(), data });
}
