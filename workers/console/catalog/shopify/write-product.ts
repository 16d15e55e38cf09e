import type { Handle, Product, ProductRequest } from "../../../../schema/catalog.ts";
import type { Currency } from "../../../../schema/money.ts";
import { readPrice, writePrice } from "./cells.ts";
import { FIELDS, type Field, type Layout, layoutOf, NEWER_COLUMNS, OPTION_FIELDS } from "./columns.ts";
import { readProduct } from "./read-product.ts";

export type ProductRows = { layout: Layout; rows: string[][] };

/** What belongs to one variant; all other cells of a first row belong to the product. */
const VARIANT_FIELDS: Field[] = [
  "option1Value",
  "option2Value",
  "option3Value",
  "sku",
  "grams",
  "weightUnit",
  "inventoryTracker",
  "inventoryQuantity",
  "inventoryPolicy",
  "fulfillment",
  "price",
  "compareAt",
  "cost",
  "requiresShipping",
  "taxable",
  "taxCode",
  "barcode",
  "variantImage",
];

/**
 * The rows that say what the request says. What it does not speak of stays: unknown columns, stock, weights, for each variant
 * (told by its option values) and picture (by its address) that was there before. A request that says what the rows
 * already say gives the same rows. Checks nothing: whoever stores the rows reads them first.
 */
export function writeProduct(
  handle: Handle,
  request: ProductRequest,
  current: ProductRows | null,
): ProductRows {
  const before = current === null ? null : readProduct(current.layout, current.rows, request.currency);
  const known = before?.ok ? before.value : null;
  if (current !== null && known !== null && says(known, handle, request)) return current;

  const layout = widened(current?.layout ?? layoutOf(NEWER_COLUMNS), request);
  const { at, columns } = layout;
  const blank = () => columns.map(() => "");
  const get = (row: readonly string[] | undefined, field: Field) => row?.[at.get(field) ?? -1] ?? "";
  const set = (row: string[], field: Field, text: string) => {
    const index = at.get(field);
    if (index !== undefined) row[index] = text;
  };
  const old = (current?.rows ?? []).map((row) => columns.map((_, index) => row[index] ?? ""));
  const valuesOf = (row: readonly string[]) => OPTION_FIELDS.map(({ value }) => get(row, value).trim());
  const isVariant = (row: readonly string[], index: number) =>
    index === 0 || get(row, "sku") !== "" || get(row, "price") !== "" || valuesOf(row).some(Boolean);
  const variantRows = old.filter(isVariant);
  const others = old.filter((row, index) => !isVariant(row, index));

  const rows = request.variants.map((variant, index) => {
    const values = request.options.length === 0 ? ["Default Title"] : variant.options;
    const same = variantRows.find((row) => {
      const found = valuesOf(row).filter(Boolean);
      return found.join("\0") === values.join("\0") || (request.options.length === 0 && found.length === 0);
    });
    const row = index === 0 && old[0] !== undefined ? [...old[0]] : blank();
    for (const field of VARIANT_FIELDS) set(row, field, get(same, field));
    if (index > 0 && same !== undefined && same !== old[0])
      for (const [column, cell] of same.entries()) if (!isOfProduct(columns[column])) row[column] = cell;
    for (const [option, { value }] of OPTION_FIELDS.entries()) set(row, value, values[option] ?? "");
    set(row, "sku", variant.sku ?? "");
    set(row, "barcode", variant.barcode ?? "");
    set(row, "variantImage", variant.imageUrl ?? "");
    set(row, "price", priceText(get(same, "price"), variant.priceMinor, request.currency));
    set(row, "compareAt", priceText(get(same, "compareAt"), variant.compareAtMinor, request.currency));
    return row;
  });
  for (const row of rows)
    for (const field of ["imageUrl", "imagePosition", "imageAlt"] as const) set(row, field, "");
  for (const [index, image] of request.images.entries()) {
    const kept = others.find((row) => get(row, "imageUrl").trim() === image.url);
    rows[index] ??= kept === undefined ? blank() : [...kept];
    const row = rows[index] ?? blank();
    set(row, "imageUrl", image.url);
    set(row, "imagePosition", String(index + 1));
    set(row, "imageAlt", image.altText);
  }
  rows.push(...others.filter((row) => get(row, "imageUrl").trim() === ""));
  for (const row of rows) set(row, "handle", handle);
  const first = rows[0];
  if (first !== undefined) writeHead(first, request, known, { get, set });
  return { layout, rows };
}

type Cells = {
  get: (row: readonly string[] | undefined, field: Field) => string;
  set: (row: string[], field: Field, text: string) => void;
};

function writeHead(row: string[], request: ProductRequest, known: Product | null, { get, set }: Cells): void {
  set(row, "title", request.title);
  set(row, "bodyHtml", request.bodyHtml);
  set(row, "vendor", request.vendor);
  set(row, "type", request.type);
  if (known?.tags.join("\0") !== request.tags.join("\0")) set(row, "tags", request.tags.join(", "));
  if (known?.isPublished !== request.isPublished) {
    set(row, "published", request.isPublished ? "TRUE" : "FALSE");
    if (request.isPublished && get(row, "status") !== "") set(row, "status", "active");
  }
  const names = request.options.length === 0 ? ["Title"] : request.options;
  for (const [option, { name }] of OPTION_FIELDS.entries()) set(row, name, names[option] ?? "");
}

/** The text that stands there, as long as it is the same amount. */
function priceText(text: string, amountMinor: number | null, currency: Currency): string {
  if (amountMinor === null) return "";
  const read = readPrice(text, currency);
  return read.ok && read.value === amountMinor ? text : writePrice(amountMinor, currency);
}

/** Adds the columns that the request needs and the layout lacks, named as the layout's generation names them. */
function widened(layout: Layout, request: ProductRequest): Layout {
  const { variants, images, options } = request;
  const needed: [Field, boolean][] = [
    ["bodyHtml", request.bodyHtml !== ""],
    ["vendor", request.vendor !== ""],
    ["type", request.type !== ""],
    ["tags", request.tags.length > 0],
    ["published", !request.isPublished],
    ["sku", variants.some(({ sku }) => sku !== null)],
    ["barcode", variants.some(({ barcode }) => barcode !== null)],
    ["compareAt", variants.some(({ compareAtMinor }) => compareAtMinor !== null)],
    ["variantImage", variants.some(({ imageUrl }) => imageUrl !== null)],
    ["imageUrl", images.length > 0],
    ["imagePosition", images.length > 1],
    ["imageAlt", images.some(({ altText }) => altText !== "")],
    ...OPTION_FIELDS.flatMap(({ name, value }, index): [Field, boolean][] => [
      [name, index < options.length],
      [value, index < options.length],
    ]),
  ];
  const generation = layout.columns.includes(FIELDS.handle[0]) ? 0 : 1;
  const missing = needed.filter(([field, isNeeded]) => isNeeded && !layout.at.has(field));
  if (missing.length === 0) return layout;
  return layoutOf([...layout.columns, ...missing.map(([field]) => FIELDS[field][generation])]);
}

const OF_PRODUCT = new Set<string>(
  (
    [
      "title",
      "bodyHtml",
      "vendor",
      "category",
      "type",
      "tags",
      "published",
      "status",
      "option1Name",
      "option2Name",
      "option3Name",
      "giftCard",
      "seoTitle",
      "seoDescription",
    ] as const
  ).flatMap((field) => FIELDS[field]),
);
const isOfProduct = (column: string | undefined) => column !== undefined && OF_PRODUCT.has(column);

function says(product: Product, handle: Handle, request: ProductRequest): boolean {
  return product.handle === handle && meaning(product) === meaning(request);
}

function meaning({
  title,
  bodyHtml,
  vendor,
  type,
  tags,
  isPublished,
  options,
  ...rest
}: Product | ProductRequest) {
  const variants = rest.variants.map((one) => [
    one.sku,
    one.options,
    one.priceMinor,
    one.compareAtMinor,
    one.barcode,
    one.imageUrl,
  ]);
  const images = rest.images.map(({ url, altText }) => [url, altText]);
  return JSON.stringify([title, bodyHtml, vendor, type, tags, isPublished, options, variants, images]);
}
