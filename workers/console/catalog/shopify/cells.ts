import type { RowRefusalCode } from "../../../../schema/catalog.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import type { AmountMinor, Currency } from "../../../../schema/money.ts";
import { ok, type Result, refuse } from "../../../../schema/result.ts";

/** What is wrong with the text of one cell. */
export type CellComplaint = { code: RowRefusalCode; message: string };
type Read<Value> = Result<Value, CellComplaint>;

const no = (code: RowRefusalCode, message: string) => refuse({ code, message });

/** How many digits the currency's minor unit has: 2 for EUR, 0 for JPY, 3 for KWD. */
export function minorDigits(currency: Currency): number {
  return (
    new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2
  );
}

/** A price as Shopify writes it (`1234.50`), exactly and without a float. Zeros past the currency's digits say nothing. */
export function readPrice(text: string, currency: Currency): Read<AmountMinor> {
  const parts = /^(\d{1,15})(?:\.(\d{0,15}))?$/.exec(text.trim());
  if (parts === null)
    return no(
      "not_a_price",
      `"${shown(text)}" is not a price: digits, and a point before the last ones, as in 1234.50.`,
    );
  const digits = minorDigits(currency);
  const [, whole = "", fraction = ""] = parts;
  if (/[1-9]/.test(fraction.slice(digits)))
    return no(
      "price_too_fine",
      `${currency} has ${digits} digits after the point; "${shown(text)}" has more.`,
    );
  const minor = BigInt(whole + fraction.slice(0, digits).padEnd(digits, "0"));
  if (minor > BigInt(LIMITS.amountMinorMax))
    return no("price_too_large", `"${shown(text)}" is above ${writePrice(LIMITS.amountMinorMax, currency)}.`);
  return ok(Number(minor) as AmountMinor);
}

/** The price with the currency's digits: `1234.50`. */
export function writePrice(amountMinor: number, currency: Currency): string {
  const digits = minorDigits(currency);
  if (digits === 0) return String(amountMinor);
  const text = String(amountMinor).padStart(digits + 1, "0");
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

export function readBoolean(text: string): Read<boolean> {
  const word = text.trim().toLowerCase();
  if (word === "true") return ok(true);
  if (word === "false") return ok(false);
  return no("not_a_boolean", `"${shown(text)}" is neither TRUE nor FALSE.`);
}

/** A quantity may be negative: Shopify writes what was sold beyond the stock so. */
export function checkNumber(text: string, form: "whole" | "decimal"): Read<null> {
  const isNumber = form === "whole" ? /^-?\d{1,15}$/ : /^\d{1,15}(?:\.\d{1,15})?$/;
  return isNumber.test(text.trim()) ? ok(null) : no("not_a_number", `"${shown(text)}" is not a number.`);
}

export function checkLabel(text: string): Read<null> {
  return text.length <= LIMITS.catalogTextMaxChars
    ? ok(null)
    : no(
        "text_too_long",
        `It has ${text.length} characters; at most ${LIMITS.catalogTextMaxChars} are taken.`,
      );
}

/** In messages, so that a pasted page does not fill a report. */
export function shown(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`;
}
