import { decideReturn } from "../../durable-objects/sku-stock/correcting/correct.ts";
import {
  type Counts,
  type Decision,
  decideCommit,
  decideGiveBack,
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
import { ok } from "../../schema/result.ts";
import type { OrderTerms } from "../../schema/rpc/orders.ts";
import type {
  AdjustAnswer,
  AdjustItem,
  CommitItem,
  GiveBackAnswer,
  GiveBackItem,
  PinItem,
  ReleaseItem,
  ReserveItem,
  SkuTerms,
} from "../../schema/rpc/sku-stock.ts";

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
  isRemoved: false,
  waitingOpen: true,
  offerTtlMs: 30_000,
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
  identity: `session:${over.shopperId ?? shopperId(number)}`,
  ticketId: ticketId(number),
  quantity: 1,
  isFirstLine: true,
  ...over,
});

/** An order of a drop that ships nothing, has no terms and counts nobody. */
export const orderTerms = (over: Partial<OrderTerms> = {}): OrderTerms => ({
  shippingAddress: null,
  charging: { kind: "none" },
  termsVersion: null,
  claims: [],
  unitsPerInstrument: null,
  cancelWindowMs: 60_000,
  ...over,
});

export const full = (stock: number): Counts => ({ stock, available: stock, reserved: 0, sold: 0 });

/** One SKU's units as plain values, moved by the real decisions: a small model of the object around them. */
export function bench(counts: Counts = full(3), ours: SkuTerms = terms()) {
  const rows = new Map<string, ReservationRow>();
  const rowsOf = (shopper: string | undefined) =>
    [...rows.values()].filter((row) => row.identity === shopper);
  const adjusted = new Set<string>();
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
          shopperRows: rowsOf(item.identity),
          arePromised: false,
          item,
          nowMs: bench.nowMs,
        }),
      ),
    pin: (item: PinItem) => take(decidePin(rows.get(item.reservationId) ?? null, item)),
    commit: (item: CommitItem) => {
      const row = rows.get(item.reservationId) ?? null;
      const shopperRows = rowsOf(row?.identity);
      return take(decideCommit({ terms: ours, row, shopperRows, item, counts: bench.counts }));
    },
    release: (item: ReleaseItem) =>
      take(decideRelease(rows.get(item.reservationId) ?? null, item, bench.counts)),
    giveBack: (item: GiveBackItem): GiveBackAnswer => {
      const decision = decideGiveBack(rows.get(item.reservationId) ?? null, item, bench.counts);
      if (!decision.ok) return decision;
      if (decision.value?.kind) {
        rows.delete(item.reservationId);
        bench.counts = decision.value.counts;
      }
      return ok(null);
    },
    adjust: ({ adjustmentId, change }: AdjustItem): AdjustAnswer => {
      if (change.kind !== "return") throw new Error("only returns here");
      const level = { skuId: ours.skuId, ...bench.counts };
      const made = ok({ outcome: "applied" as const, delta: 0, short: 0, level });
      if (adjusted.has(adjustmentId)) return made;
      const row = [...rows.values()].find(({ orderId: owner }) => owner === change.orderId) ?? null;
      const decision = decideReturn(bench.counts, change, row);
      if (!decision.ok) return decision;
      adjusted.add(adjustmentId);
      bench.counts = decision.value.counts;
      if (decision.value.row) rows.set(decision.value.row.reservationId, decision.value.row);
      return made;
    },
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
