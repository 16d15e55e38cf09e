import { LIMITS } from "../../../schema/limits.ts";
import type { SkuLevel } from "../../../schema/line.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type {
  Adjusted,
  AdjustItem,
  AdjustRefusal,
  SkuTerms,
  StockChange,
} from "../../../schema/rpc/sku-stock.ts";
import { logError } from "../../log.ts";
import type { SkuStore } from "../store.ts";
import { type Correction, decideCount, decideDifference, decideReturn } from "./correct.ts";
import type { CorrectionStore } from "./store.ts";

type Outcome = Omit<Adjusted, "level">;

/** Corrections of one SKU's stock by other hands than shoppers': each is made once, by its id, with its reason in the ledger. */
export class Corrections {
  readonly #stock: SkuStore;
  readonly #store: CorrectionStore;

  constructor(stock: SkuStore, store: CorrectionStore) {
    this.#stock = stock;
    this.#store = store;
  }

  /** A repeat gets the first outcome. A stale count is not noted: it stays stale. */
  make(terms: SkuTerms, item: AdjustItem, nowMs: number): Result<Outcome, AdjustRefusal> {
    try {
      return this.#stock.atomically(() => this.#make(terms, item, nowMs));
    } catch (error) {
      logError("sku_stock_adjust_failed", error, { adjustmentId: item.adjustmentId });
      return refuse({ code: "internal" });
    }
  }

  #make(terms: SkuTerms, item: AdjustItem, nowMs: number): Result<Outcome, AdjustRefusal> {
    const text = textOf(item);
    const before = this.#store.made(item.adjustmentId);
    if (before && before.change !== text) return refuse({ code: "idempotency_key_reused" });
    if (before) return ok({ outcome: "applied", delta: before.delta, short: before.short });
    if (item.change.kind === "count" && item.change.asOfMs < (this.#store.lastCountAsOfMs() ?? 0))
      return ok({ outcome: "stale", delta: 0, short: 0 });
    const decision = this.#decide(terms, item.change, nowMs);
    if (!decision.ok) return decision;
    const { kind, counts, units, delta, short, row } = decision.value;
    if (row) this.#stock.apply({ row, kind: null }, nowMs);
    this.#stock.moveCounts(counts);
    this.#stock.writeLedger({
      ...counts,
      kind,
      atMs: nowMs,
      quantity: units,
      ...(row ? { row } : {}),
      why: { adjustmentId: item.adjustmentId, reason: item.reason },
    });
    this.#store.note(item, { change: text, delta, short }, nowMs);
    return ok({ outcome: "applied", delta, short });
  }

  #decide(terms: SkuTerms, change: StockChange, nowMs: number): Result<Correction, AdjustRefusal> {
    const counts = this.#stock.level();
    switch (change.kind) {
      case "difference":
        return decideDifference(counts, change);
      case "return":
        return decideReturn(counts, change, this.#stock.reservationOfOrder(terms.skuId, change.orderId));
      case "count": {
        const { asOfMs } = change;
        if (asOfMs > nowMs + LIMITS.countSkewMaxMs) return refuse(invalid("asOf lies in the future"));
        if (asOfMs < nowMs - LIMITS.countAgeMaxMs) return refuse(invalid("asOf lies too far back"));
        const unsold = this.#store.unsoldAt(asOfMs);
        if (unsold === null) return refuse(invalid("asOf lies before this SKU was published"));
        return decideCount(counts, change, unsold + this.#store.countedSince(asOfMs));
      }
    }
  }
}

const invalid = (detail: string) => ({ code: "invalid_request" as const, detail });

/** The same request has the same text, whatever the order of its fields. */
function textOf({ change, reason }: AdjustItem): string {
  return JSON.stringify([reason, Object.entries(change).sort(([one], [other]) => (one < other ? -1 : 1))]);
}

/** What a caller is told: the outcome, and the level as it stands now. */
export function toAdjusted(
  made: Result<Outcome, AdjustRefusal>,
  level: SkuLevel,
): Result<Adjusted, AdjustRefusal> {
  return made.ok ? ok({ ...made.value, level }) : made;
}
