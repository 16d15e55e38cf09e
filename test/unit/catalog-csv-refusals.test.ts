import { describe, expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { bytesOf, complaints, csv, refusedFile, taken } from "./catalog-files.ts";
import { HEAD, many } from "./catalog-rows.ts";

describe("a file is refused as a whole, in words and with its line,", () => {
  test("when a quote never closes or stands where it cannot", () => {
    expect(refusedFile(bytesOf('Handle,Title,Variant Price\na,"A\nb",1\nc,"C,3\nd,D,4\n'))).toMatchObject({
      code: "quote_unclosed",
      line: 4,
    });
    expect(refusedFile(bytesOf('Handle,Title,Variant Price\na,"A" b,1\n'))).toMatchObject({
      code: "quote_misplaced",
      line: 2,
    });
  });

  test("when it is not UTF-8", () => {
    const text = "Handle,Title,Variant Price\na,Café,1\n";
    const utf16 = Buffer.from(text, "utf16le");
    expect(refusedFile(Buffer.concat([Buffer.from([0xff, 0xfe]), utf16])).code).toBe("encoding_utf16");
    expect(refusedFile(utf16).code).toBe("encoding_utf16");
    expect(refusedFile(Buffer.from(utf16).swap16()).code).toBe("encoding_utf16");
    const latin1 = refusedFile(Buffer.from(text, "latin1"));
    expect(latin1).toMatchObject({ code: "encoding_not_utf8", line: 2 });
    expect(latin1.message).toContain("Save the file as CSV in UTF-8");
    expect(
      taken(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)])).products[0]?.product.title,
    ).toBe("Café");
  });

  test("when it is too large, by one byte", () => {
    const row = (index: number, size: number) => `p${index},P,1,`.padEnd(size - 1, "x").concat("\n");
    const filled = (size: number) => {
      let text = "Handle,Title,Variant Price,Note\n";
      for (let index = 0; text.length < size; index += 1) {
        const rest = size - text.length;
        text += row(index, rest > 100_000 ? 50_000 : rest > 50_000 ? 40_000 : rest);
      }
      return bytesOf(text);
    };
    expect(taken(filled(LIMITS.catalogFileMaxBytes)).refused).toEqual([]);
    expect(refusedFile(filled(LIMITS.catalogFileMaxBytes + 1)).code).toBe("file_too_large");
  });

  test("when it has a row, a column or a product too many", () => {
    const rows = (count: number) =>
      csv(
        HEAD,
        ...many(count, (index) =>
          index % 4_000 === 0 ? [`p${index}`, "P", "1"] : [`p${index - (index % 4_000)}`, "", ""],
        ),
      );
    expect(taken(rows(LIMITS.catalogRowsMax)).products).toHaveLength(LIMITS.catalogRowsMax / 4_000);
    expect(refusedFile(rows(LIMITS.catalogRowsMax + 1))).toMatchObject({
      code: "too_many_rows",
      line: LIMITS.catalogRowsMax + 2,
    });
    const columns = (count: number) =>
      csv([...HEAD, ...many(count - 3, (index) => [`c${index}`]).flat()], ["a", "A", "1"]);
    expect(taken(columns(LIMITS.catalogColumnsMax)).products).toHaveLength(1);
    expect(refusedFile(columns(LIMITS.catalogColumnsMax + 1)).code).toBe("too_many_columns");
    const products = (count: number) => csv(HEAD, ...many(count, (index) => [`p${index}`, "P", "1"]));
    expect(taken(products(LIMITS.catalogProductsPerFileMax)).products).toHaveLength(
      LIMITS.catalogProductsPerFileMax,
    );
    expect(refusedFile(products(LIMITS.catalogProductsPerFileMax + 1)).code).toBe("too_many_products");
  });

  test("when it has a cell or a refused row too many", () => {
    const cells = (count: number) =>
      bytesOf(`Handle,Title,Variant Price\na,A,1\nb,"${",".repeat(count - 9)}",1`);
    expect(refusedFile(cells(LIMITS.catalogCellsMax + 1)).code).toBe("too_many_cells");
    expect(complaints(cells(LIMITS.catalogCellsMax))).toEqual(["product_too_large@3:null"]);
    const refused = (count: number) => csv(HEAD, ...many(count, () => ["", "", "x"]));
    expect(taken(refused(LIMITS.catalogRefusedMax)).refused).toHaveLength(LIMITS.catalogRefusedMax);
    expect(refusedFile(refused(LIMITS.catalogRefusedMax + 1))).toMatchObject({
      code: "too_many_refused",
      line: 2,
    });
  });

  test.each<[string, Uint8Array, string, string]>([
    ["empty", bytesOf("\n\n"), "file_empty", "nothing"],
    ["without a handle", csv(["Title", "Price"]), "column_missing", "URL handle"],
    ["with semicolons", bytesOf("Handle;Title;Variant Price\na;A;1\n"), "column_missing", "commas"],
    ["with a column twice", csv(["Handle", "Title", "Variant Price", "Title"]), "column_twice", "Title"],
    [
      "with one column of each generation",
      csv(["Handle", "Title", "Variant Price", "Price"]),
      "column_twice",
      "Variant Price",
    ],
    ["with a column without name", csv(["Handle", "Title", "Variant Price", ""]), "column_unnamed", "4"],
  ])("when it is %s", (_, bytes, code, word) => {
    const refusal = refusedFile(bytes);
    expect(refusal.code).toBe(code);
    expect(refusal.message).toContain(word);
  });
});

describe("a product with a refused row is refused whole", () => {
  test("and the others are taken; lines count those inside of cells", () => {
    const bytes = bytesOf(
      'Handle,Title,Option1 Name,Option1 Value,Variant Price\r\na,"A\r\nB",Size,S,1\r\na,,,M,1.999\r\nb,B,,,2\r\na,,,L,1\r\nc,,,,x\r\n',
    );
    expect(complaints(bytes)).toEqual([
      "handle_again@2:Handle",
      "handle_again@6:Handle",
      "not_a_price@7:Variant Price",
      "title_missing@7:Title",
    ]);
    expect(taken(bytes).products.map(({ product }) => product.handle)).toEqual(["b"]);
  });

  const columns = [
    "Handle",
    "Title",
    "Tags",
    "Published",
    "Status",
    "Option1 Name",
    "Option1 Value",
    "Option2 Name",
    "Option2 Value",
    "Variant Price",
    "Variant Inventory Qty",
    "Image Src",
    "Image Position",
  ];
  const first: Record<string, string> = {
    Handle: "a",
    Title: "A",
    "Option1 Name": "Size",
    "Option1 Value": "S",
    "Variant Price": "1",
  };
  const file = (...rows: Record<string, string>[]) =>
    csv(columns, ...rows.map((row) => columns.map((column) => row[column] ?? "")));

  test.each<[string, Record<string, string>, string]>([
    ["a handle with spaces", { Handle: "a b" }, "handle_invalid@2:Handle"],
    ["a handle in upper case", { Handle: "A" }, "handle_invalid@2:Handle"],
    ["a handle too long", { Handle: "a".repeat(LIMITS.handleMaxBytes + 1) }, "handle_invalid@2:Handle"],
    ["a formula for a price", { "Variant Price": "=1+1" }, "not_a_price@2:Variant Price"],
    ["a negative price", { "Variant Price": "-1" }, "not_a_price@2:Variant Price"],
    ["a decimal comma", { "Variant Price": "1,50" }, "not_a_price@2:Variant Price"],
    ["no price", { "Variant Price": " " }, "price_missing@2:Variant Price"],
    ["a price too large", { "Variant Price": "10000000.01" }, "price_too_large@2:Variant Price"],
    ["a word for a boolean", { Published: "yes" }, "not_a_boolean@2:Published"],
    ["a status nobody knows", { Status: "=1" }, "not_a_status@2:Status"],
    ["a script for a picture", { "Image Src": "javascript:alert(1)" }, "not_an_address@2:Image Src"],
    ["data for a picture", { "Image Src": "data:image/svg+xml,<svg/>" }, "not_an_address@2:Image Src"],
    ["another host in disguise", { "Image Src": "//evil.example/x.png" }, "not_an_address@2:Image Src"],
    ["a quantity of words", { "Variant Inventory Qty": "many" }, "not_a_number@2:Variant Inventory Qty"],
    ["an option without value", { "Option2 Name": "Colour" }, "option_value_missing@2:Option2 Value"],
    ["a value without option", { "Option2 Value": "Red" }, "option_unnamed@2:Option2 Value"],
    ["a title too long", { Title: "t".repeat(LIMITS.catalogTextMaxChars + 1) }, "text_too_long@2:Title"],
    ["a cell with NUL", { Title: "a\0b" }, "cell_has_nul@2:Title"],
    ["tags too long", { Tags: "t, ".repeat(400) }, "too_many_tags@2:Tags"],
  ])("for %s", (_, wrong, complaint) => {
    const bytes = file({ ...first, ...wrong }, { Handle: "b", Title: "B", "Variant Price": "1" });
    expect(complaints(bytes)).toEqual([complaint]);
    expect(taken(bytes).products.map(({ product }) => product.handle)).toEqual(["b"]);
  });

  test.each<[string, Record<string, string>]>([
    ["a handle just short enough", { Handle: "a".repeat(LIMITS.handleMaxBytes) }],
    ["a handle in another script", { Handle: "靴-42" }],
    ["the largest price", { "Variant Price": "10000000.00" }],
    ["a negative quantity", { "Variant Inventory Qty": "-3" }],
    ["a title just short enough", { Title: "t".repeat(LIMITS.catalogTextMaxChars) }],
    ["a title that begins with a formula's sign", { Title: "=HYPERLINK(1)" }],
    ["a picture of our own", { "Image Src": "/images/x.svg" }],
  ])("but not for %s", (_, right) => {
    expect(complaints(file({ ...first, ...right }))).toEqual([]);
  });

  test("for two variants with the same options", () => {
    const second = { Handle: "a", "Option1 Value": "S", "Variant Price": "2" };
    expect(complaints(file(first, second))).toEqual(["variant_twice@3:Option1 Value"]);
  });

  test("for a cell too many, not for cells too few", () => {
    expect(complaints(csv(HEAD, ["a", "A", "1", ""]))).toEqual(["too_many_cells@2:null"]);
    expect(complaints(csv([...HEAD, "Tags"], ["a", "A", "1"]))).toEqual([]);
  });

  test("for one variant, picture, character or byte above the limit", () => {
    const variants = (count: number) =>
      file(
        first,
        ...many(count - 1, () => []).map((_, index) => ({
          Handle: "a",
          "Option1 Value": `v${index}`,
          "Variant Price": "1",
        })),
      );
    expect(complaints(variants(LIMITS.variantsPerProductMax))).toEqual([]);
    expect(complaints(variants(LIMITS.variantsPerProductMax + 1))).toEqual([
      `too_many_variants@${LIMITS.variantsPerProductMax + 2}:null`,
    ]);
    const images = (count: number) =>
      file(
        first,
        ...many(count, () => []).map((_, index) => ({ Handle: "a", "Image Src": `/images/${index}.png` })),
      );
    expect(complaints(images(LIMITS.imagesPerProductMax))).toEqual([]);
    expect(complaints(images(LIMITS.imagesPerProductMax + 1))).toEqual([
      `too_many_images@${LIMITS.imagesPerProductMax + 3}:Image Src`,
    ]);
    const body = (count: number) => csv([...HEAD, "Body (HTML)"], ["a", "A", "1", "x".repeat(count)]);
    expect(complaints(body(LIMITS.catalogCellMaxChars))).toEqual([]);
    expect(complaints(body(LIMITS.catalogCellMaxChars + 1))).toEqual(["cell_too_long@2:Body (HTML)"]);
    const sized = (bytes: number) => {
      const rows = [["a", "A", "1", ...many(4, () => ["x".repeat(60_000)]).flat(), ""]];
      const rest = bytes - bytesOf(JSON.stringify(rows)).length;
      rows[0]?.splice(-1, 1, "x".repeat(rest));
      return csv([...HEAD, "b", "c", "d", "e", "f"], ...rows);
    };
    expect(complaints(sized(LIMITS.productMaxBytes))).toEqual([]);
    expect(complaints(sized(LIMITS.productMaxBytes + 1))).toEqual(["product_too_large@2:null"]);
  });
});
