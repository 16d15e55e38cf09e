import {
  type Counts,
  type Decision,
  decideCommit,
  decideLapse,
  decidePin,
  decideRelease,
  decideReserve,
  type ReservationRow,
} from "../../durable-objects/sku-stock/decide.ts";
import type {
  DropId,
  Fingerprint,
  OrderId,
  ReservationId,
  ShopperId,
  SkuId,
  TicketId,
} from "../../schema/ids.ts";
import type { AmountMinor, Currency } from "../../schema/money.ts";
import type { CommitItem, PinItem, ReleaseItem, ReserveItem, SkuTerms } from "../../schema/rpc.ts";

export const OPENS_AT_MS = 1_800_000_000_000;

export const terms = (over: Partial<SkuTerms> = {}): SkuTerms => ({
  dropId: "a-drop" as DropId,
  skuId: "a-sku" as SkuId,
  version: "v".repeat(64),
  publishedAtMs: OPENS_AT_MS - 86_400_000,
  stock: 3,
  unitPriceMinor: 12_900 as AmountMinor,
  currency: "EUR" as Currency,
  perShopper: 2,
  reservationTtlMs: 60_000,
  opensAtMs: OPENS_AT_MS,
  closesAtMs: OPENS_AT_MS + 86_400_000,
  levelPushIntervalMs: 250,
  ...over,
});

const hex = (number: number, digits: number) => number.toString(16).padStart(digits, "0");
export const shopperId = (number: number) => `shp_${hex(number, 32)}` as ShopperId;
export const reservationId = (number: number) => `rsv_${hex(number, 32)}` as ReservationId;
export const orderId = (number: number, shard = 0) => `ord_${hex(shard, 2)}${hex(number, 32)}` as OrderId;
export const ticketId = (number: number) => hex(number, 32) as TicketId;
export const fingerprint = (number: number) => hex(number, 64) as Fingerprint;

export const reserveItem = (number: number, over: Partial<ReserveItem> = {}): ReserveItem => ({
  reservationId: reservationId(number),
  fingerprint: fingerprint(number),
  shopperId: shopperId(number),
  ticketId: ticketId(number),
  quantity: 1,
  ...over,
});

export const full = (stock: number): Counts => ({ stock, available: stock, reserved: 0, sold: 0 });

/** One SKU's units as plain values, moved by the real decisions: a small model of the object around them. */
export function bench(counts: Counts = full(3), ours: SkuTerms = terms()) {
  const rows = new Map<string, ReservationRow>();
  const rowsOf = (shopper: string | undefined) =>
    [...rows.values()].filter((row) => row.shopperId === shopper);
  const bench = {
    counts,
    rows,
    nowMs: ours.opensAtMs,
    row: (number: number) => rows.get(reservationId(number)),
    reserve: (item: ReserveItem) =>
      take(
        decideReserve({
          terms: ours,
          counts: bench.counts,
          existing: rows.get(item.reservationId) ?? null,
          shopperRows: rowsOf(item.shopperId),
          item,
          nowMs: bench.nowMs,
        }),
      ),
    pin: (item: PinItem) => take(decidePin(rows.get(item.reservationId) ?? null, item)),
    commit: (item: CommitItem) => {
      const row = rows.get(item.reservationId) ?? null;
      const shopperRows = rowsOf(row?.shopperId);
      return take(decideCommit({ terms: ours, row, shopperRows, item, counts: bench.counts }));
    },
    release: (item: ReleaseItem) =>
      take(decideRelease(rows.get(item.reservationId) ?? null, item, bench.counts)),
    lapse: (number: number) => {
      const row = rows.get(reservationId(number));
      if (!row) throw new Error("no such row");
      const change = decideLapse(row, bench.counts);
      rows.set(row.reservationId, change.row);
      if (change.kind) bench.counts = change.counts;
    },
  };
  function take<Reason extends { code: string }>(decision: Decision<Reason>) {
    if (!decision.ok) return decision.refusal.code;
    const { row, change } = decision.value;
    if (!change) return `${row.state} again`;
    rows.set(row.reservationId, change.row);
    if (change.kind) bench.counts = change.counts;
    return change.kind ?? row.state;
  }
  return bench;
}
