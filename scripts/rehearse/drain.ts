import { setTimeout as sleep } from "node:timers/promises";
import type { AuditedOrder } from "../../schema/rpc/orders.ts";
import type { Reservation } from "../../schema/rpc/sku-stock.ts";
import type { OrderRow } from "../../schema/tables.ts";

const LOOK_EVERY_MS = 1_000;
const NAMED_MAX = 5;

/** Where things stand: enough to say whether anything is still under way. */
export type Standing = {
  reservations: Reservation[];
  orders: AuditedOrder[];
  /** null: not looked at, since the objects are not done themselves. */
  orderRows: OrderRow[] | null;
  pendingWebhooks: number;
};

/** What is still under way, in words; empty when everything is final. Pure. */
export function unfinished({ reservations, orders, orderRows, pendingWebhooks }: Standing): string[] {
  const open = orders.filter((order) => !isSettled(order));
  const behind = orders.filter((order) => order.projectedVersion !== order.version);
  const held = reservations.filter((row) => row.state === "held" || row.state === "pinned");
  const words: string[] = [];
  if (open.length > 0) words.push(`${open.length} orders not final (${named(open.map(describeOrder))})`);
  if (held.length > 0)
    words.push(`${held.length} reservations held (${named(held.map(describeReservation))})`);
  if (behind.length > 0) words.push(`${behind.length} orders not yet in D1 as they are`);
  if (pendingWebhooks > 0) words.push(`${pendingWebhooks} webhooks under way`);
  if (orderRows !== null) {
    const versions = new Map<string, number>(orderRows.map((row) => [row.orderId, row.version]));
    const missing = orders.filter((order) => versions.get(order.orderId) !== order.version);
    if (missing.length > 0)
      words.push(`${missing.length} orders differ in D1 (${named(missing.map(describeOrder))})`);
  }
  return words;
}

/** Confirmed with its money or with all of it sent back, or canceled with none kept or blocked, and no command open. */
export function isSettled({ status, money, attempts, pollAfterMs }: AuditedOrder): boolean {
  const isOver =
    status === "confirmed"
      ? money === "captured" || money === "refunded"
      : status === "canceled" && money !== "captured" && money !== "authorized";
  return isOver && pollAfterMs === null && attempts.every((attempt) => attempt.state === "final");
}

export type Drained = { ok: boolean; seconds: number; left: string[] };

/** Looks once a second until nothing is under way, at most for `patienceMs`. */
export async function drain(
  look: () => Promise<Standing>,
  patienceMs: number,
  say: (words: string) => void,
): Promise<Drained> {
  const startedAt = Date.now();
  for (;;) {
    const left = unfinished(await look());
    const seconds = (Date.now() - startedAt) / 1_000;
    if (left.length === 0) return { ok: true, seconds, left };
    if (Date.now() - startedAt > patienceMs) return { ok: false, seconds, left };
    say(`draining: ${left.join("; ")}`);
    await sleep(LOOK_EVERY_MS);
  }
}

function describeOrder({ orderId, status, money, attempts, attention }: AuditedOrder): string {
  const last = attempts.at(-1);
  const attempt = last === undefined ? "" : `, ${last.operation} ${last.state}`;
  return `${orderId} ${status}, money ${money}${attempt}${attention === null ? "" : `, needs attention: ${attention}`}`;
}

const describeReservation = ({ reservationId, state }: Reservation) => `${reservationId} ${state}`;

function named(names: string[]): string {
  const rest = names.length - NAMED_MAX;
  return names.slice(0, NAMED_MAX).join(" | ") + (rest > 0 ? ` and ${rest} more` : "");
}
