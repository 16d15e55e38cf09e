import * as z from "zod";
import { LIMITS } from "./limits.ts";

/** ISO 4217, upper case. The number of minor digits is the currency's own (`Intl` knows it). */
export const Currency = z
  .string()
  .regex(/^[A-Z]{3}$/, "three upper-case letters, as in ISO 4217")
  .brand<"Currency">();
export type Currency = z.infer<typeof Currency>;

/** An exact amount in the currency's minor unit (cents). Never a float. */
export const AmountMinor = z.int().min(0).max(LIMITS.amountMinorMax).brand<"AmountMinor">();
export type AmountMinor = z.infer<typeof AmountMinor>;

/** Unit price times quantity. @throws when the product leaves the exact range: that is a broken document, not an outcome. */
export function totalMinor(unitPriceMinor: AmountMinor, quantity: number): AmountMinor {
  return AmountMinor.parse(unitPriceMinor * quantity);
}

/** For people: `€ 129.00` in the reader's locale. */
export function formatMinor(amountMinor: AmountMinor, currency: Currency, locale = "en"): string {
  const format = new Intl.NumberFormat(locale, { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(amountMinor / 10 ** digits);
}
