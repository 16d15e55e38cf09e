import fc from "fast-check";
import Papa from "papaparse";
import { Currency } from "../../schema/money.ts";
import { FIELDS, type Field } from "../../workers/console/catalog/shopify/columns.ts";
import { type ProductFile, readProductFile } from "../../workers/console/catalog/shopify/read-file.ts";
import { fileWriter } from "../../workers/console/catalog/shopify/write-file.ts";

export const EUR = Currency.parse("EUR");
export const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A file of header and rows; cells are quoted where they must be. */
export const csv = (...records: string[][]) => bytesOf(`${Papa.unparse(records, { newline: "\n" })}\n`);

/** @throws when the file is refused as a whole. */
export function taken(bytes: Uint8Array, currency = EUR): ProductFile {
  const read = readProductFile(bytes, currency);
  if (!read.ok) throw new Error(`${read.refusal.code}: ${read.refusal.message}`);
  return read.value;
}

export function refusedFile(bytes: Uint8Array) {
  const read = readProductFile(bytes, EUR);
  if (read.ok) throw new Error("the file was taken");
  return read.refusal;
}

/** `code@line:column` of each refused row. */
export const complaints = (bytes: Uint8Array, currency = EUR) =>
  taken(bytes, currency).refused.map(({ code, line, column }) => `${code}@${line}:${column}`);

export function written({ layout, products }: ProductFile): string {
  const writer = fileWriter(new Map([["this", layout]]));
  return writer.header + products.map(({ rows }) => writer.lines("this", rows)).join("");
}

/** Records as a CSV parser sees them that knows nothing of ours. */
export const recordsOf = (text: string) =>
  Papa.parse<string[]>(text.replace(/^\uFEFF/, ""), { delimiter: ",", skipEmptyLines: true }).data;

const anyText = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "grapheme", maxLength: 8 }),
  fc.constantFrom(
    "=1+1",
    "'=1",
    "''=x",
    "-5",
    "'-5",
    "@me",
    "+49 30",
    "\tx",
    "\rx",
    " a ",
    'say "hi"',
    "a\r\nb",
    "a\nb",
    "a,b",
    "＝1",
    "'",
  ),
);
/** NUL is refused, and a lone surrogate has no UTF-8. */
const cell = anyText.map((text) => text.replaceAll("\0", "").toWellFormed());
const price = fc
  .integer({ min: 0, max: 99_999_999 })
  .map((minor) => `${Math.floor(minor / 100)}.${String(minor % 100).padStart(2, "0")}`);

/** A whole file of products that are all right, in one generation's words, with columns that nobody knows, in any order. */
export function anyFile(generation: 0 | 1) {
  const name = (field: Field): string => FIELDS[field][generation];
  const columns = [
    ...(
      [
        "handle",
        "title",
        "bodyHtml",
        "vendor",
        "tags",
        "option1Name",
        "option1Value",
        "sku",
        "price",
        "imageUrl",
        "imageAlt",
      ] as const
    ).map(name),
    "Colour (product.metafields.custom.colour)",
    "Something else",
  ];
  const product = (handle: string) =>
    fc
      .record({
        title: cell.filter((text) => text.trim() !== "" && !text.startsWith("'")),
        head: fc.record({ bodyHtml: cell, vendor: cell, tags: cell, unknown: cell }),
        variants: fc.uniqueArray(fc.stringMatching(/^[a-z0-9]{1,6}$/), { minLength: 1, maxLength: 4 }),
        cells: fc.array(fc.tuple(cell, price, cell, cell), { minLength: 8, maxLength: 8 }),
        pictures: fc.integer({ min: 0, max: 6 }),
        extraRow: fc.boolean(),
        isShort: fc.boolean(),
      })
      .map(({ title, head, variants, cells, pictures, extraRow, isShort }) => {
        const rows = Array.from(
          { length: Math.max(variants.length, pictures) + Number(extraRow) },
          (_, row) => {
            const [sku = "", amount = "1", alt = "", unknown = ""] = cells[row % cells.length] ?? [];
            const option = variants[row];
            const said: Record<string, string> = { [name("handle")]: handle, "Something else": unknown };
            if (row === 0)
              Object.assign(said, {
                [name("title")]: title,
                [name("bodyHtml")]: head.bodyHtml,
                [name("vendor")]: head.vendor,
                [name("tags")]: head.tags,
                [name("option1Name")]: "Size",
                "Colour (product.metafields.custom.colour)": head.unknown,
              });
            if (option !== undefined)
              Object.assign(said, {
                [name("option1Value")]: option,
                [name("sku")]: sku,
                [name("price")]: amount,
              });
            if (row < pictures)
              Object.assign(said, {
                [name("imageUrl")]: `https://img.example/${row}.png`,
                [name("imageAlt")]: alt,
              });
            return said;
          },
        );
        return { rows, isShort };
      });
  return fc
    .record({
      order: fc.shuffledSubarray(columns, { minLength: columns.length }),
      products: fc
        .uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/), { minLength: 1, maxLength: 5 })
        .chain((handles) => fc.tuple(...handles.map(product))),
      lineEnd: fc.constantFrom("\n", "\r\n"),
      isMarked: fc.boolean(),
    })
    .map(({ order, products, lineEnd, isMarked }) => {
      const rows = products.flatMap(({ rows, isShort }) =>
        rows.map((said) => {
          const record = order.map((column) => said[column] ?? "");
          if (isShort) while (record.length > 1 && record.at(-1) === "") record.pop();
          return record;
        }),
      );
      const text = `${isMarked ? "\uFEFF" : ""}${Papa.unparse([order, ...rows], { newline: lineEnd })}${lineEnd}`;
      return { text, records: [order, ...rows], products: products.length };
    });
}
