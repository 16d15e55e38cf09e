import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { Currency } from "../../schema/money.ts";
import { readPrice, writePrice } from "../../workers/console/catalog/shopify/cells.ts";
import { guard, unguard } from "../../workers/console/catalog/shopify/guard.ts";
import { readProductFile, reportOf } from "../../workers/console/catalog/shopify/read-file.ts";
import { textOfHtml } from "../../workers/console/catalog/text-of-html.ts";
import { anyFile, bytesOf, EUR, recordsOf, taken, written } from "./catalog-files.ts";
import { example } from "./catalog-rows.ts";

describe("Shopify's own file", () => {
  test.each(["shopify-apparel.csv", "shopify-apparel-new.csv"])(
    "%s goes in, out and in again equal",
    (name) => {
      const bytes = example(name);
      const first = taken(bytes);
      expect(reportOf({ ok: true, value: first })).toEqual({ products: 20, variants: 22, refused: [] });
      const out = written(first);
      expect(recordsOf(out)).toEqual(recordsOf(new TextDecoder().decode(bytes)));
      expect(taken(bytesOf(out))).toEqual(first);
      expect(written(taken(bytesOf(out)))).toBe(out);
    },
  );

  test("both generations say the same products", () => {
    const [older, newer] = ["shopify-apparel.csv", "shopify-apparel-new.csv"].map((name) =>
      taken(example(name)),
    );
    expect(newer?.products.map(({ product }) => product)).toEqual(
      older?.products.map(({ product }) => product),
    );
    const sized = older?.products.find(({ product }) => product.handle === "classic-varsity-top")?.product;
    expect(sized).toMatchObject({
      options: ["Size"],
      tags: ["women"],
      isPublished: true,
      vendor: "partners-demo",
    });
    expect(sized?.variants.map(({ options, priceMinor }) => [options, priceMinor])).toEqual([
      [["Small"], 6_000],
      [["Medium"], 6_000],
      [["Large"], 6_000],
    ]);
    expect(older?.products[0]?.product.options).toEqual([]);
  });
});

describe("any file of either generation", () => {
  test.each([0, 1] as const)(
    "survives (generation %i): cells, rows, columns and their order",
    (generation) => {
      fc.assert(
        fc.property(anyFile(generation), ({ text, records, products }) => {
          const first = taken(bytesOf(text));
          expect(first.refused).toEqual([]);
          expect(first.products).toHaveLength(products);
          const kept = [[...first.layout.columns], ...first.products.flatMap(({ rows }) => rows)];
          expect(kept).toEqual(records.map((record) => record.map(unguard)));
          const out = written(first);
          // Byte for byte the same cells, but that formulas are guarded now.
          expect(recordsOf(out)).toEqual(kept.map((record) => record.map(guard)));
          const again = taken(bytesOf(out));
          expect(again.layout).toEqual(first.layout);
          expect(again.products.map(({ product, rows }) => ({ product, rows }))).toEqual(
            first.products.map(({ product, rows }) => ({ product, rows })),
          );
          expect(written(again)).toBe(out);
        }),
        { numRuns: 80 },
      );
    },
  );

  test("never throws on bytes", () => {
    const nasty = fc.array(
      fc.constantFrom(
        "Handle",
        "Title",
        "Variant Price",
        ",",
        '"',
        "\n",
        "\r",
        "a",
        "1",
        "'",
        "=",
        "\0",
        "é",
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(nasty, (parts) => {
        const report = reportOf(
          readProductFile(bytesOf(`Handle,Title,Variant Price\n${parts.join("")}`), EUR),
        );
        for (const { line, message } of report.refused)
          expect([line >= 1, message !== ""]).toEqual([true, true]);
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(readProductFile(bytes, EUR).ok).toBe(false);
      }),
    );
  });
});

describe("prices are exact", () => {
  test.each([
    ["EUR", "50", 5_000],
    ["EUR", "0.07", 7],
    ["EUR", "1.10", 110],
    ["EUR", "1.1000", 110],
    ["EUR", "4.35", 435],
    ["JPY", "5000", 5_000],
    ["JPY", "5000.00", 5_000],
    ["KWD", "1.234", 1_234],
    ["KWD", "1.5", 1_500],
  ])("%s %s is %i", (currency, text, minor) => {
    expect(readPrice(text, Currency.parse(currency))).toEqual({ ok: true, value: minor });
  });

  test.each([
    ["JPY", "5000.5", "price_too_fine"],
    ["EUR", "1.005", "price_too_fine"],
    ["KWD", "1.2345", "price_too_fine"],
    ["EUR", "1e3", "not_a_price"],
    ["EUR", "€ 5", "not_a_price"],
    ["EUR", "9".repeat(15), "price_too_large"],
    ["EUR", "9".repeat(16), "not_a_price"],
  ])("%s %s is refused", (currency, text, code) => {
    expect(readPrice(text, Currency.parse(currency))).toMatchObject({ ok: false, refusal: { code } });
  });

  test("what is written reads as the same amount, in every currency", () => {
    const amount = fc.integer({ min: 0, max: LIMITS.amountMinorMax });
    fc.assert(
      fc.property(amount, fc.constantFrom("EUR", "JPY", "KWD", "CLF"), (minor, code) => {
        const currency = Currency.parse(code);
        expect(readPrice(writePrice(minor, currency), currency)).toEqual({ ok: true, value: minor });
      }),
    );
  });
});

describe("a cell that a spreadsheet would run", () => {
  test.each([
    "=HYPERLINK(1)",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "'=1",
    "-",
    "+49 30 1",
  ])("%j is guarded", (cell) => {
    expect(guard(cell)).toBe(`'${cell}`);
  });
  test.each(["-5", "-5.50", "+3", "5", "a=b", "", " =1", "'", "it's"])("%j is left as it is", (cell) => {
    expect(guard(cell)).toBe(cell);
  });
  test("comes back as it was, whatever it is", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^'{0,3}[=+\-@\t\r'5]{0,4}$/)), (cell) => {
        expect(unguard(guard(cell))).toBe(cell);
        expect(guard(cell)).not.toMatch(/^[=@\t\r\n]/);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("markup becomes text", () => {
  test.each([
    ["<p>One</p><p>Two<br>three</p>", "One\nTwo\nthree"],
    ["a<script>alert(1)</script>b<style>p{}</style>c", "abc"],
    ["<img src=x onerror=alert(1)>x", "x"],
    ["<!-- no --><b>Fish &amp; &#67;hips&nbsp;&unknown;</b>", "Fish & Chips &unknown;"],
    ["1 < 2 and 3 > 2", "1 < 2 and 3 > 2"],
    ["<scr<script>x</script>ipt>alert(1)", "alert(1)"],
    ["<script>never closed", ""],
  ])("%j", (html, text) => {
    expect(textOfHtml(html)).toBe(text);
  });
});
