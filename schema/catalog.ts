import * as z from "zod";
import { LIMITS } from "./limits.ts";
import { AmountMinor, Currency } from "./money.ts";

/**
 * The name of a product in addresses and in KV: lower-case letters of any script, digits, hyphens and underscores. Bounded in
 * bytes, because KV's keys are.
 */
export const Handle = z
  .string()
  .min(1)
  .regex(/^[\p{Ll}\p{Lo}\p{M}\p{N}_-]+$/u, "lower-case letters, digits, hyphens and underscores")
  .refine(
    (handle) => new TextEncoder().encode(handle).length <= LIMITS.handleMaxBytes,
    `at most ${LIMITS.handleMaxBytes} bytes`,
  )
  .brand<"Handle">();
export type Handle = z.infer<typeof Handle>;

/** A picture may be on another host, or one of this shop's own under an absolute path. Nothing else may reach an `src`. */
export const ImageUrl = z
  .string()
  .max(LIMITS.imageUrlMaxChars)
  .regex(
    /^(?:https?:\/\/[^\s"'<>\\]+|\/(?!\/)[^\s"'<>\\]*)$/,
    "an https:// or http:// address, or a path that begins with /",
  );

const label = z.string().max(LIMITS.catalogTextMaxChars);

export const Variant = z.object({
  sku: label.nullable(),
  /** One value for each of the product's options, in their order; empty for a product of one kind. */
  options: z.array(label),
  priceMinor: AmountMinor,
  compareAtMinor: AmountMinor.nullable(),
  barcode: label.nullable(),
  imageUrl: ImageUrl.nullable(),
});
export type Variant = z.infer<typeof Variant>;

export const Picture = z.object({ url: ImageUrl, altText: label });
export type Picture = z.infer<typeof Picture>;

/** A product as its brand sees it. `bodyHtml` is what the brand wrote, unsafe to show as it is. */
export const Product = z.object({
  handle: Handle,
  title: label.min(1),
  bodyHtml: z.string().max(LIMITS.catalogCellMaxChars),
  vendor: label,
  type: label,
  tags: z.array(label.min(1)),
  isPublished: z.boolean(),
  currency: Currency,
  options: z.array(label.min(1)).max(LIMITS.productOptionsMax),
  variants: z.array(Variant).min(1).max(LIMITS.variantsPerProductMax),
  images: z.array(Picture).max(LIMITS.imagesPerProductMax),
});
export type Product = z.infer<typeof Product>;

/** GET /v1/products/:handle -> 200: `description` is text, whatever markup the brand wrote. Prices are hints: a drop has its own. */
export const ProductAnswer = Product.omit({ bodyHtml: true, isPublished: true }).extend({
  description: z.string(),
});
export type ProductAnswer = z.infer<typeof ProductAnswer>;

export const ProductSummary = z.object({
  handle: Handle,
  title: z.string(),
  vendor: z.string(),
  type: z.string(),
  tags: z.array(z.string()),
  currency: Currency,
  /** Lowest and highest of its variants. */
  priceMinor: z.object({ from: AmountMinor, to: AmountMinor }),
  imageUrl: z.string().nullable(),
});
export type ProductSummary = z.infer<typeof ProductSummary>;

const asked = z.string().min(1).max(LIMITS.catalogTextMaxChars).optional();

/** Of a keyset page: products strictly after the handle `after`. Vendor, type and tag are compared without regard to case. */
export const ProductsQuery = z.strictObject({
  after: asked,
  limit: z.coerce.number().int().min(1).max(LIMITS.productsPageMax).default(LIMITS.productsPageDefault),
  vendor: asked,
  type: asked,
  tag: asked,
  /** Every word of it must occur in title, vendor, type or tags. */
  q: z.string().min(1).max(LIMITS.searchMaxChars).optional(),
});
export type ProductsQuery = z.infer<typeof ProductsQuery>;

/** GET /v1/products -> 200. `next` goes into `after`; null on the last page. */
export const ProductsAnswer = z.object({ products: z.array(ProductSummary), next: z.string().nullable() });
export type ProductsAnswer = z.infer<typeof ProductsAnswer>;

/** What the edge reads: every published product in the order of handles, each with the version of its document. */
export const CatalogIndex = z.object({
  version: z.int(),
  products: z.array(ProductSummary.extend({ version: z.string() })),
});
export type CatalogIndex = z.infer<typeof CatalogIndex>;

/** A product in KV, with the version that the index has of it. */
export const ShownProduct = z.object({ version: z.string(), product: ProductAnswer });
export type ShownProduct = z.infer<typeof ShownProduct>;

/** Beside the index in KV, so that a reader who holds this version need not parse it again. */
export const IndexMetadata = z.object({ version: z.int() });

/** Hints in KV, written by the console after D1. */
export const catalogKeys = {
  index: "catalog:index",
  product: (handle: Handle) => `catalog:product:${handle}`,
};

/** Why a row or a whole file of products is refused. Codes are never renamed. */
export const ROW_REFUSALS = [
  "file_too_large",
  "file_empty",
  "encoding_utf16",
  "encoding_not_utf8",
  "quote_unclosed",
  "quote_misplaced",
  "too_many_rows",
  "too_many_columns",
  "too_many_products",
  "too_many_refused",
  "column_missing",
  "column_unnamed",
  "column_twice",
  "too_many_cells",
  "cell_too_long",
  "cell_has_nul",
  "handle_missing",
  "handle_invalid",
  "handle_again",
  "title_missing",
  "text_too_long",
  "too_many_tags",
  "not_a_price",
  "price_missing",
  "price_too_fine",
  "price_too_large",
  "not_a_number",
  "not_a_boolean",
  "not_a_status",
  "not_an_address",
  "option_unnamed",
  "option_value_missing",
  "variant_twice",
  "too_many_variants",
  "too_many_images",
  "product_too_large",
  "catalog_full",
] as const;
export const RowRefusalCode = z.enum(ROW_REFUSALS);
export type RowRefusalCode = z.infer<typeof RowRefusalCode>;

/** `line` counts as a text editor does, from 1, over line ends inside of cells too. A product with one refused row is refused whole. */
export const RowRefusal = z.object({
  line: z.int(),
  column: z.string().nullable(),
  handle: z.string().nullable(),
  code: RowRefusalCode,
  message: z.string(),
});
export type RowRefusal = z.infer<typeof RowRefusal>;

/** What a file has to give; what `npm run catalog -- check` prints. */
export const CheckReport = z.object({
  products: z.int(),
  variants: z.int(),
  refused: z.array(RowRefusal),
});
export type CheckReport = z.infer<typeof CheckReport>;

/** POST /v1/catalog/imports -> 200. `unchanged` were there already, cell for cell. */
export const ImportReport = CheckReport.extend({ created: z.int(), updated: z.int(), unchanged: z.int() });
export type ImportReport = z.infer<typeof ImportReport>;

/** PUT /v1/products/:handle. Cells of the imported file that this does not speak of stay as they are. */
export const ProductRequest = z
  .strictObject({
    title: label.min(1),
    bodyHtml: z.string().max(LIMITS.catalogCellMaxChars).default(""),
    vendor: label.default(""),
    type: label.default(""),
    tags: z
      .array(label.min(1).regex(/^[^,]+$/, "no comma"))
      .max(LIMITS.productTagsMax)
      .default([]),
    isPublished: z.boolean().default(true),
    currency: Currency,
    options: Product.shape.options.default([]),
    variants: z
      .array(
        z.strictObject({
          sku: label.nullable().default(null),
          options: z.array(label.min(1)).max(LIMITS.productOptionsMax).default([]),
          priceMinor: AmountMinor,
          compareAtMinor: AmountMinor.nullable().default(null),
          barcode: label.nullable().default(null),
          imageUrl: ImageUrl.nullable().default(null),
        }),
      )
      .min(1)
      .max(LIMITS.variantsPerProductMax),
    images: z
      .array(z.strictObject({ url: ImageUrl, altText: label.default("") }))
      .max(LIMITS.imagesPerProductMax)
      .default([]),
  })
  .refine(({ options, variants }) => variants.every((one) => one.options.length === options.length), {
    path: ["variants"],
    message: "each variant needs one value for each option",
  });
export type ProductRequest = z.infer<typeof ProductRequest>;

/** A variant by its SKU code, or by its option values as people write them: `42`, `42 / Black`. */
export function variantNamed(product: Pick<Product, "variants">, name: string | null): Variant | undefined {
  const { variants } = product;
  if (name === null) return variants.length === 1 ? variants[0] : undefined;
  return (
    variants.find(({ sku }) => sku === name) ?? variants.find(({ options }) => options.join(" / ") === name)
  );
}

/** Which of the products in the order of handles a page shows. Pure, so that D1 and the edge can be held to the same words. */
export function pageOfProducts<Row extends ProductSummary>(
  sorted: readonly Row[],
  { after, limit, vendor, type, tag, q }: ProductsQuery,
): { rows: Row[]; next: string | null } {
  const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
  const words = (q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const rows: Row[] = [];
  for (const row of sorted) {
    if (after !== undefined && row.handle <= after) continue;
    if (vendor !== undefined && !same(row.vendor, vendor)) continue;
    if (type !== undefined && !same(row.type, type)) continue;
    if (tag !== undefined && !row.tags.some((one) => same(one, tag))) continue;
    const text =
      words.length === 0 ? "" : [row.title, row.vendor, row.type, ...row.tags].join("\n").toLowerCase();
    if (!words.every((word) => text.includes(word))) continue;
    if (rows.length === limit) return { rows, next: rows.at(-1)?.handle ?? null };
    rows.push(row);
  }
  return { rows, next: null };
}
