import { LIMITS } from "../../../../schema/limits.ts";
import { ok, type Result, refuse } from "../../../../schema/result.ts";
import type { Complaint } from "./complaint.ts";

/** What a column means to us, by its name in the older and in the newer generation of Shopify's file. Others are kept as they are. */
export const FIELDS = {
  handle: ["Handle", "URL handle"],
  title: ["Title", "Title"],
  bodyHtml: ["Body (HTML)", "Description"],
  vendor: ["Vendor", "Vendor"],
  category: ["Product Category", "Product category"],
  type: ["Type", "Type"],
  tags: ["Tags", "Tags"],
  published: ["Published", "Published on online store"],
  status: ["Status", "Status"],
  option1Name: ["Option1 Name", "Option1 name"],
  option1Value: ["Option1 Value", "Option1 value"],
  option2Name: ["Option2 Name", "Option2 name"],
  option2Value: ["Option2 Value", "Option2 value"],
  option3Name: ["Option3 Name", "Option3 name"],
  option3Value: ["Option3 Value", "Option3 value"],
  sku: ["Variant SKU", "SKU"],
  grams: ["Variant Grams", "Weight value (grams)"],
  weightUnit: ["Variant Weight Unit", "Weight unit for display"],
  inventoryTracker: ["Variant Inventory Tracker", "Inventory tracker"],
  inventoryQuantity: ["Variant Inventory Qty", "Inventory quantity"],
  inventoryPolicy: ["Variant Inventory Policy", "Continue selling when out of stock"],
  fulfillment: ["Variant Fulfillment Service", "Fulfillment service"],
  price: ["Variant Price", "Price"],
  compareAt: ["Variant Compare At Price", "Compare-at price"],
  cost: ["Cost per item", "Cost per item"],
  requiresShipping: ["Variant Requires Shipping", "Requires shipping"],
  taxable: ["Variant Taxable", "Charge tax"],
  taxCode: ["Variant Tax Code", "Tax code"],
  barcode: ["Variant Barcode", "Barcode"],
  imageUrl: ["Image Src", "Product image URL"],
  imagePosition: ["Image Position", "Image position"],
  imageAlt: ["Image Alt Text", "Image alt text"],
  variantImage: ["Variant Image", "Variant image URL"],
  giftCard: ["Gift Card", "Gift card"],
  seoTitle: ["SEO Title", "SEO title"],
  seoDescription: ["SEO Description", "SEO description"],
} as const satisfies Record<string, readonly [older: string, newer: string]>;
export type Field = keyof typeof FIELDS;

export const OPTION_FIELDS = [
  { name: "option1Name", value: "option1Value" },
  { name: "option2Name", value: "option2Value" },
  { name: "option3Name", value: "option3Value" },
] as const satisfies { name: Field; value: Field }[];

/** The newer generation's own columns, for products that came from no file. */
export const NEWER_COLUMNS: string[] = Object.values(FIELDS).map(([, newer]) => newer);

/** A file's header: its columns in their order, and where each known field is. */
export type Layout = { columns: readonly string[]; at: ReadonlyMap<Field, number> };

const FIELD_OF = new Map<string, Field>();
for (const field of Object.keys(FIELDS) as Field[])
  for (const name of FIELDS[field]) FIELD_OF.set(name, field);

/** The field that a column's name stands for in either generation; null for all others. Shopify's names are case-sensitive. */
export function fieldOf(column: string): Field | null {
  return FIELD_OF.get(column) ?? null;
}

/** @throws when the columns were never checked by `readLayout`. */
export function layoutOf(columns: readonly string[]): Layout {
  const read = readLayout(columns);
  if (!read.ok) throw new Error(`not a header of a product file: ${read.refusal.message}`);
  return read.value;
}

/** Reads a header. Columns of both generations may stand side by side, as long as none is said twice. */
export function readLayout(columns: readonly string[]): Result<Layout, Complaint> {
  const at = new Map<Field, number>();
  const seen = new Set<string>();
  if (columns.length > LIMITS.catalogColumnsMax)
    return refuse({
      code: "too_many_columns",
      column: null,
      message: `The file has ${columns.length} columns; at most ${LIMITS.catalogColumnsMax} are taken.`,
    });
  for (const [index, column] of columns.entries()) {
    if (column === "")
      return refuse({ code: "column_unnamed", column: null, message: `Column ${index + 1} has no name.` });
    const field = fieldOf(column);
    if (seen.has(column) || (field !== null && at.has(field))) {
      const other = field === null ? column : columns[at.get(field) ?? 0];
      return refuse({ code: "column_twice", column, message: `It says the same as column ${other}.` });
    }
    seen.add(column);
    if (field !== null) at.set(field, index);
  }
  for (const field of ["handle", "title", "price"] as const) {
    if (!at.has(field))
      return refuse({
        code: "column_missing",
        column: FIELDS[field][1],
        message: `The first line must have a column "${FIELDS[field][0]}" or "${FIELDS[field][1]}".`,
      });
  }
  return ok({ columns, at });
}
