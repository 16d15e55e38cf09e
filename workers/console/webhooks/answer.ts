import type { WebhookEndpointRow } from "../../../schema/tables.ts";
import { parseKeys, signingNow } from "./signing-keys.ts";

/** An endpoint as the brand sees it: when its keys sign, never what they are. */
export function toEndpointAnswer(row: WebhookEndpointRow, nowMs: number) {
  const { keys, eventTypes, ...shown } = row;
  return {
    ...shown,
    eventTypes: JSON.parse(eventTypes) as string[],
    keys: signingNow(parseKeys(keys), nowMs).map(({ createdAtMs, retiresAtMs }) => ({
      createdAtMs,
      retiresAtMs,
    })),
  };
}
export type EndpointAnswer = ReturnType<typeof toEndpointAnswer>;
