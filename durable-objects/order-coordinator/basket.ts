import type { BasketLine, PricedLine } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { type AmountMinor, totalMinor } from "../../schema/money.ts";
import { refuse } from "../../schema/result.ts";
import type { BasketAnswer } from "../../schema/rpc/baskets.ts";
import type { Reservation } from "../../schema/rpc/sku-stock.ts";

/**
 * The one order in which lines are asked for. Two baskets that want the last units of the same SKUs meet at the first of
 * them, and one of the two gets all: neither can hold what the other still needs.
 */
export function inSkuOrder(lines: readonly BasketLine[]): BasketLine[] {
  return lines.toSorted((one, other) => (one.skuId < other.skuId ? -1 : 1));
}

export function unitsOf(lines: readonly BasketLine[]): number {
  return lines.reduce((units, { quantity }) => units + quantity, 0);
}

/** At the price that the reservation holds. */
export function priced({ skuId, quantity, unitPriceMinor }: Reservation): PricedLine {
  return { skuId, quantity, unitPriceMinor, totalMinor: totalMinor(unitPriceMinor, quantity) };
}

/** Each line is within the largest amount; their sum need not be, and then it is no `AmountMinor`. */
export function sumMinor(lines: readonly PricedLine[]): AmountMinor {
  return lines.reduce((sum, line) => sum + line.totalMinor, 0) as AmountMinor;
}

/** What all its lines' reservations make. Its total follows from them alone. */
export function toBasket(held: readonly [Reservation, ...Reservation[]]): BasketAnswer {
  const lines = held.map(priced);
  const subtotalMinor = sumMinor(lines);
  if (subtotalMinor > LIMITS.amountMinorMax) return refuse({ code: "basket_total_too_large" });
  const [{ reservationId, currency }] = held;
  const deadlineAtMs = Math.min(...held.map((line) => line.deadlineAtMs));
  return { ok: true, value: { reservationId, lines, subtotalMinor, currency, deadlineAtMs } };
}
