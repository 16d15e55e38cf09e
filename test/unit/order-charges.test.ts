import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chargesOf } from "../../schema/charges.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { AmountMinor } from "../../schema/money.ts";
import type { Charging } from "../../schema/rpc/orders.ts";

const minor = (amount: number) => amount as AmountMinor;
const table = (over: { amountMinor?: number; taxRatePermyriad?: number; isTaxIncluded?: boolean } = {}) => ({
  kind: "table" as const,
  region: {
    label: "Parcel",
    amountMinor: minor(over.amountMinor ?? 490),
    taxRatePermyriad: over.taxRatePermyriad ?? 1_900,
    isTaxIncluded: over.isTaxIncluded ?? true,
  },
});
const charged = (charging: Charging, subtotalMinor: number) =>
  chargesOf(charging, { subtotalMinor: minor(subtotalMinor), currency: "EUR" });

describe("a region's charges", () => {
  test("included tax is named and adds nothing", () => {
    expect(charged(table(), 14_700)).toEqual({
      ok: true,
      value: {
        charges: [
          { kind: "shipping", label: "Parcel", amountMinor: 490, isIncluded: false },
          { kind: "tax", label: "Tax 19 %", amountMinor: 2_425, isIncluded: true },
        ],
        totalMinor: 15_190,
      },
    });
  });

  test("tax on top is on lines and shipping together", () => {
    const cost = charged(table({ isTaxIncluded: false, taxRatePermyriad: 550 }), 9_510);
    expect(cost).toMatchObject({ value: { totalMinor: 10_550 } });
    expect(cost).toMatchObject({ value: { charges: [{}, { label: "Tax 5.5 %", amountMinor: 550 }] } });
  });

  test.each([
    [50, 100, 1],
    [49, 100, 0],
    [150, 100, 2],
    [1, 10_000, 1],
  ])("half of the minor unit is rounded up: %i at %i is %i", (subtotalMinor, taxRatePermyriad, tax) => {
    const cost = charged(table({ amountMinor: 0, taxRatePermyriad, isTaxIncluded: false }), subtotalMinor);
    expect(cost).toMatchObject({ value: { totalMinor: subtotalMinor + tax } });
  });

  test("no tax is no line", () => {
    expect(charged(table({ taxRatePermyriad: 0 }), 100)).toMatchObject({
      value: { charges: [{ kind: "shipping" }], totalMinor: 590 },
    });
  });

  test("the total is lines, shipping and added tax, exactly, for all amounts and rates", () => {
    const amount = fc.integer({ min: 0, max: LIMITS.amountMinorMax / 4 });
    fc.assert(
      fc.property(
        amount,
        amount,
        fc.integer({ min: 0, max: 10_000 }),
        fc.boolean(),
        (lines, parcel, rate, inside) => {
          const cost = charged(
            table({ amountMinor: parcel, taxRatePermyriad: rate, isTaxIncluded: inside }),
            lines,
          );
          if (!cost.ok) throw new Error("refused");
          const tax = cost.value.charges.find(({ kind }) => kind === "tax")?.amountMinor ?? 0;
          expect(cost.value.totalMinor).toBe(lines + parcel + (inside ? 0 : tax));
          // Within half a minor unit of the true tax, in whole numbers: |tax * 10000 - base * rate| * 2 <= 10000.
          const [base, whole] = [BigInt(lines + parcel), BigInt(10_000 + (inside ? rate : 0))];
          const off = BigInt(tax) * whole - base * BigInt(rate);
          expect((off < 0n ? -off : off) * 2n <= whole).toBe(true);
        },
      ),
    );
  });

  test("an order may cost the largest amount and not one more", () => {
    const lines = LIMITS.amountMinorMax - 490;
    expect(charged(table({ taxRatePermyriad: 0 }), lines)).toMatchObject({ ok: true });
    expect(charged(table({ taxRatePermyriad: 0 }), lines + 1)).toMatchObject({
      refusal: { code: "basket_total_too_large" },
    });
  });
});

describe("a quote", () => {
  const quote: Charging = {
    kind: "quote",
    currency: "EUR",
    subtotalMinor: 14_700,
    charges: [{ kind: "shipping", label: "Courier", amountMinor: minor(990), isIncluded: false }],
  };
  test("stands as it was signed, for these lines", () => {
    expect(charged(quote, 14_700)).toEqual({
      ok: true,
      value: { charges: quote.charges, totalMinor: 15_690 },
    });
  });
  test("is refused for lines of another price or currency", () => {
    expect(charged(quote, 14_701)).toMatchObject({ refusal: { code: "shipping_quote_invalid" } });
    expect(charged({ ...quote, currency: "USD" }, 14_700)).toMatchObject({
      refusal: { code: "shipping_quote_invalid" },
    });
  });
});

test("a drop that ships nothing charges nothing", () => {
  expect(charged({ kind: "none" }, 100)).toEqual({ ok: true, value: { charges: [], totalMinor: 100 } });
});
