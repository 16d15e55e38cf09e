import type { ShippingRegion } from "./drop-document.ts";
import type { OrderCharge } from "./http.ts";
import { LIMITS } from "./limits.ts";
import type { AmountMinor } from "./money.ts";
import { ELSEWHERE } from "./places.ts";
import type { Refusal } from "./refusals.ts";
import { ok, type Result, refuse } from "./result.ts";
import type { Charging } from "./rpc/orders.ts";

type Region = Extract<Charging, { kind: "table" }>["region"];
type Priced = { charges: OrderCharge[]; totalMinor: AmountMinor };
export type ChargesRefusal = Refusal<"shipping_quote_invalid" | "basket_total_too_large">;

const WHOLE_PERMYRIAD = 10_000;

/** The region that a country is in: one that names it, or else the one for everywhere else. */
export function regionFor(regions: readonly ShippingRegion[], country: string): ShippingRegion | undefined {
  return (
    regions.find(({ countries }) => countries.includes(country)) ??
    regions.find(({ countries }) => countries.includes(ELSEWHERE))
  );
}

/**
 * What an order costs beside its lines, and in all. Shipping is the region's. Tax is on lines and shipping together, in one
 * sum: a fraction of the minor unit is rounded half up, once. Included tax is named for information and adds nothing. A
 * quote stands as the brand signed it, for these lines at these prices alone.
 */
export function chargesOf(
  charging: Charging,
  { subtotalMinor, currency }: { subtotalMinor: AmountMinor; currency: string },
): Result<Priced, ChargesRefusal> {
  if (charging.kind === "quote") {
    const isForThese = charging.subtotalMinor === subtotalMinor && charging.currency === currency;
    if (!isForThese)
      return refuse({ code: "shipping_quote_invalid", detail: "the quote is for lines of another price" });
  }
  const charges = charging.kind === "none" ? [] : listOf(charging, subtotalMinor);
  const added = charges.reduce((sum, charge) => sum + (charge.isIncluded ? 0 : charge.amountMinor), 0);
  const totalMinor = (subtotalMinor + added) as AmountMinor;
  return totalMinor > LIMITS.amountMinorMax
    ? refuse({ code: "basket_total_too_large" })
    : ok({ charges, totalMinor });
}

function listOf(charging: Exclude<Charging, { kind: "none" }>, subtotalMinor: AmountMinor): OrderCharge[] {
  if (charging.kind === "quote") return charging.charges;
  const { region } = charging;
  const { label, amountMinor, isTaxIncluded, taxRatePermyriad } = region;
  const shipping: OrderCharge = { kind: "shipping", label, amountMinor, isIncluded: false };
  if (taxRatePermyriad === 0) return [shipping];
  return [
    shipping,
    {
      kind: "tax",
      label: `Tax ${taxRatePermyriad / 100} %`,
      amountMinor: taxMinor(subtotalMinor + amountMinor, region),
      isIncluded: isTaxIncluded,
    },
  ];
}

/** Exact: below 2^53 for twice the largest amount at 100 %. */
function taxMinor(baseMinor: number, { taxRatePermyriad, isTaxIncluded }: Region): AmountMinor {
  const whole = WHOLE_PERMYRIAD + (isTaxIncluded ? taxRatePermyriad : 0);
  return Math.floor((2 * baseMinor * taxRatePermyriad + whole) / (2 * whole)) as AmountMinor;
}
