import type { OrderId } from "../../schema/ids.ts";
import { apply } from "./apply.ts";
import type { Event } from "./decide.ts";
import type { OrderRecord } from "./records.ts";
import type { OrderStore } from "./store.ts";

type Deps = { store: Pick<OrderStore, "load" | "save">; nowMs(): number };

/** Records what happened to an order. Facts that do not change cost nothing. null: there is no such order. */
export function noteEvent({ store, nowMs }: Deps, orderId: OrderId, event: Event): OrderRecord | null {
  const record = store.load(orderId);
  if (!record) return null;
  const atMs = nowMs();
  store.save(record, apply(record.facts, event, atMs), atMs);
  return record;
}
