import type { CheckReport, Product, RowRefusal } from "../../../../schema/catalog.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import type { Currency } from "../../../../schema/money.ts";
import { ok, type Result, refuse } from "../../../../schema/result.ts";
import { type Layout, readLayout } from "./columns.ts";
import type { Complaint } from "./complaint.ts";
import { decode } from "./decode.ts";
import { readProduct } from "./read-product.ts";
import { type CsvRecord, readRecords } from "./records.ts";

/** A product with its rows as they stand in the file, from `line` on. */
export type FileProduct = { product: Product; rows: string[][]; line: number };
export type ProductFile = { layout: Layout; products: FileProduct[]; refused: RowRefusal[] };

/**
 * Reads a product file of Shopify's, of either generation. Refused as a whole when its bytes, quotes or header make no sense,
 * or when it is too large; else product by product: one with a refused row is not among `products`. Touches nothing; the
 * same bytes always give the same answer.
 */
export function readProductFile(bytes: Uint8Array, currency: Currency): Result<ProductFile, RowRefusal> {
  const text = decode(bytes);
  if (!text.ok) return refuse(ofFile(text.refusal));
  const records = readRecords(text.value);
  if (!records.ok) return refuse(ofFile(records.refusal));
  const [header, ...rows] = records.value;
  if (header === undefined)
    return refuse(
      ofFile({ code: "file_empty", column: null, line: 1, message: "There is nothing in the file." }),
    );
  const layout = readLayout(header.cells);
  if (!layout.ok)
    return refuse(ofFile({ ...layout.refusal, line: header.line, message: hinted(layout.refusal, header) }));
  const groups = groupByHandle(layout.value, rows);
  if (groups.length > LIMITS.catalogProductsPerFileMax)
    return refuse(
      ofFile({
        code: "too_many_products",
        column: null,
        line: groups[LIMITS.catalogProductsPerFileMax]?.records[0]?.line ?? 1,
        message: `At most ${LIMITS.catalogProductsPerFileMax} products are taken at once. Split the file between two products.`,
      }),
    );
  const read = readGroups(layout.value, groups, currency);
  const [first] = read.refused;
  if (first !== undefined && read.refused.length > LIMITS.catalogRefusedMax)
    return refuse({
      ...first,
      code: "too_many_refused",
      message: `More than ${LIMITS.catalogRefusedMax} rows are refused. The first one: ${first.message}`,
    });
  return ok({ layout: layout.value, ...read });
}

/** What `check` prints of a file, whether it can be read or not. */
export function reportOf(read: Result<ProductFile, RowRefusal>): CheckReport {
  if (!read.ok) return { products: 0, variants: 0, refused: [read.refusal] };
  const { products, refused } = read.value;
  const variants = products.reduce((sum, { product }) => sum + product.variants.length, 0);
  return { products: products.length, variants, refused };
}

type Group = { handle: string; records: CsvRecord[] };

function groupByHandle({ at }: Layout, records: CsvRecord[]): Group[] {
  const groups: Group[] = [];
  for (const record of records) {
    const handle = record.cells[at.get("handle") ?? 0] ?? "";
    const last = groups.at(-1);
    if (last?.handle === handle) last.records.push(record);
    else groups.push({ handle, records: [record] });
  }
  return groups;
}

function readGroups(layout: Layout, groups: Group[], currency: Currency) {
  const products: FileProduct[] = [];
  const refused: RowRefusal[] = [];
  const column = layout.columns[layout.at.get("handle") ?? 0] ?? null;
  const first = new Map<string, number>();
  const again = new Set<string>();
  for (const { handle, records } of groups) {
    if (first.has(handle) && handle !== "") again.add(handle);
    else first.set(handle, records[0]?.line ?? 0);
  }
  for (const { handle, records } of groups) {
    if (refused.length > LIMITS.catalogRefusedMax) break;
    const line = records[0]?.line ?? 0;
    if (handle === "") {
      const message = "Each row needs the handle of its product.";
      for (const record of records)
        refused.push({ line: record.line, column, handle: null, code: "handle_missing", message });
      continue;
    }
    if (again.has(handle)) {
      const at = first.get(handle);
      const message =
        at === line
          ? "Rows of this product come again further down; all rows of a product must stand together."
          : `Rows of this product began on line ${at}; all rows of a product must stand together.`;
      refused.push({ line, column, handle, code: "handle_again", message });
      continue;
    }
    const rows = records.map(({ cells }) => cells);
    const read = readProduct(layout, rows, currency);
    if (read.ok) products.push({ product: read.value, rows, line });
    else
      for (const { row, ...complaint } of read.refusal)
        refused.push({ line: records[row]?.line ?? line, handle, ...complaint });
  }
  return { products, refused };
}

const ofFile = ({ line, column, code, message }: Complaint & { line: number }): RowRefusal => ({
  line,
  column,
  handle: null,
  code,
  message,
});

/** A spreadsheet set to a language with decimal commas separates cells by semicolons. */
function hinted({ message }: Complaint, { cells }: CsvRecord): string {
  const isSeparatedOtherwise = cells.length === 1 && /[;\t]/.test(cells[0] ?? "");
  return isSeparatedOtherwise
    ? `${message} Cells must be separated by commas, not by semicolons or tabs.`
    : message;
}
