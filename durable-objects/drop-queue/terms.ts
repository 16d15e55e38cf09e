import type { DropDocument } from "../../schema/drop-document.ts";
import type { SkuTerms } from "../../schema/rpc/sku-stock.ts";
import { levelPushIntervalMs, type Schedule } from "./decide.ts";
import type { SkuRow } from "./store.ts";

/**
 * What the SKUs of a drop are to sell by: the document's terms, within the times as they stand. `termsAtMs` orders them.
 * SKUs that only an earlier document had are told that they are gone.
 */
export function termsOf(
  { document, version }: { document: DropDocument; version: string },
  {
    schedule,
    termsAtMs,
    known,
  }: {
    schedule: Pick<Schedule, "opensAtMs" | "closesAtMs">;
    termsAtMs: number;
    known: readonly SkuRow[];
  },
): SkuTerms[] {
  const { opensAtMs, closesAtMs } = schedule;
  const kept = new Set<string>(document.skus.map((sku) => sku.id));
  const terms = document.skus.map((sku) => ({
    dropId: document.id,
    skuId: sku.id,
    version,
    publishedAtMs: termsAtMs,
    stock: sku.stock,
    unitPriceMinor: sku.priceMinor,
    currency: document.currency,
    perShopper: sku.perShopper,
    reservationTtlMs: document.timing.reservationTtlMs,
    opensAtMs,
    closesAtMs,
    levelPushIntervalMs: levelPushIntervalMs(document.skus.length),
    isRemoved: false,
    waitingOpen: document.waitingList.isOpen,
    offerTtlMs: document.waitingList.offerMs,
  }));
  const removed = known
    .filter((sku) => !kept.has(sku.terms.skuId))
    .map((sku) => ({ ...sku.terms, version, publishedAtMs: termsAtMs, stock: 0, isRemoved: true }));
  return [...terms, ...removed];
}
