import { Handle, type Picture, type Product, type Variant } from "../../../../schema/catalog.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import type { AmountMinor, Currency } from "../../../../schema/money.ts";
import { ok, type Result, refuse } from "../../../../schema/result.ts";
import { checkLabel, shown } from "./cells.ts";
import { type Field, type Layout, OPTION_FIELDS } from "./columns.ts";
import { type ProductComplaint, RowReader } from "./row-reader.ts";

/**
 * Reads one product from all of its rows. Its first row says what the product is and is its first variant; a later row is a
 * variant when it names an option's value, a SKU or a price, a picture when it names one, both, or neither (then it is
 * only kept). Answers everything that is wrong, not only the first.
 */
export function readProduct(
  layout: Layout,
  rows: readonly (readonly string[])[],
  currency: Currency,
): Result<Product, ProductComplaint[]> {
  const size = new TextEncoder().encode(JSON.stringify(rows)).length;
  if (size > LIMITS.productMaxBytes) {
    const message = `Its rows have ${size} bytes; at most ${LIMITS.productMaxBytes} are taken.`;
    return refuse([{ row: 0, column: null, code: "product_too_large", message }]);
  }
  const reader = new RowReader(layout, rows);
  const options = readOptionNames(reader);
  const variants: Variant[] = [];
  const images: { position: number; picture: Picture }[] = [];
  const combinations = new Map<string, number>();
  for (const row of rows.keys()) {
    reader.checkRow(row);
    if (isVariant(reader, row)) {
      const variant = readVariant(reader, row, options, currency);
      const combination = JSON.stringify(variant.options);
      const other = combinations.get(combination);
      if (other !== undefined)
        reader.complain(row, "option1Value", {
          code: "variant_twice",
          message: `Row ${other + 1} of this product has the same options.`,
        });
      combinations.set(combination, row);
      variants.push(variant);
      if (variants.length === LIMITS.variantsPerProductMax + 1)
        reader.complain(row, null, {
          code: "too_many_variants",
          message: `A product has at most ${LIMITS.variantsPerProductMax} variants.`,
        });
    }
    const url = reader.address(row, "imageUrl");
    if (url === null) continue;
    const position = reader.text(row, "imagePosition");
    images.push({
      position: /^\d+$/.test(position) ? Number(position) : images.length + 1,
      picture: { url, altText: reader.label(row, "imageAlt") },
    });
    if (images.length === LIMITS.imagesPerProductMax + 1)
      reader.complain(row, "imageUrl", {
        code: "too_many_images",
        message: `A product has at most ${LIMITS.imagesPerProductMax} pictures.`,
      });
  }
  const product = { ...readHead(reader), currency, options, variants };
  if (reader.complaints.length > 0) return refuse(reader.complaints);
  images.sort((one, other) => one.position - other.position);
  return ok({ ...product, images: images.map(({ picture }) => picture) });
}

const STATUSES = ["active", "draft", "archived", "unlisted"];

function readHead(reader: RowReader) {
  const handle = Handle.safeParse(reader.text(0, "handle"));
  if (!handle.success)
    reader.complain(0, "handle", {
      code: "handle_invalid",
      message: `"${shown(reader.text(0, "handle"))}": ${handle.error.issues[0]?.message ?? "not a handle"}.`,
    });
  const title = reader.label(0, "title");
  if (title.trim() === "")
    reader.complain(0, "title", {
      code: "title_missing",
      message: "The first row of a product needs a title.",
    });
  const status = reader.text(0, "status").trim().toLowerCase();
  if (status !== "" && !STATUSES.includes(status))
    reader.complain(0, "status", {
      code: "not_a_status",
      message: `"${shown(status)}" is none of ${STATUSES.join(", ")}.`,
    });
  const published = reader.text(0, "published").trim().toLowerCase();
  return {
    handle: (handle.success ? handle.data : "") as Handle,
    title,
    bodyHtml: reader.text(0, "bodyHtml"),
    vendor: reader.label(0, "vendor"),
    type: reader.label(0, "type"),
    tags: readTags(reader),
    // Where the file does not say, Shopify publishes.
    isPublished: (status === "" || status === "active") && published !== "false",
  };
}

function readTags(reader: RowReader): string[] {
  const text = reader.text(0, "tags");
  const tags = [...new Set(text.split(",").map((tag) => tag.trim()))].filter((tag) => tag !== "");
  const { productTagsMax, productTagsMaxChars } = LIMITS;
  if (tags.length > productTagsMax || text.length > productTagsMaxChars)
    reader.complain(0, "tags", {
      code: "too_many_tags",
      message: `A product has at most ${productTagsMax} tags, of ${productTagsMaxChars} characters together.`,
    });
  for (const tag of tags) reader.take(0, "tags", checkLabel(tag), null);
  return tags;
}

/** Shopify's "Title: Default Title" stands for a product of one kind. */
function readOptionNames(reader: RowReader): string[] {
  const names = OPTION_FIELDS.map(({ name }) => reader.label(0, name).trim());
  const isOfOneKind = names[0] === "Title" && reader.text(0, "option1Value").trim() === "Default Title";
  if (isOfOneKind) return [];
  const count = names.findLastIndex((name) => name !== "") + 1;
  for (const [index, { name }] of OPTION_FIELDS.slice(0, count).entries())
    if (names[index] === "")
      reader.complain(0, name, {
        code: "option_unnamed",
        message: "A later option has a name, this one has none.",
      });
  return names.slice(0, count);
}

function isVariant(reader: RowReader, row: number): boolean {
  if (row === 0) return true;
  const telling: Field[] = ["option1Value", "option2Value", "option3Value", "sku", "price"];
  return telling.some((field) => reader.text(row, field).trim() !== "");
}

function readVariant(reader: RowReader, row: number, options: string[], currency: Currency): Variant {
  const values: string[] = [];
  for (const [index, { value }] of OPTION_FIELDS.entries()) {
    const text = reader.label(row, value).trim();
    const isNamed = index < options.length;
    if (isNamed) values.push(text);
    if (isNamed && text === "")
      reader.complain(row, value, {
        code: "option_value_missing",
        message: `The variant needs a value for ${options[index]}.`,
      });
    if (!isNamed && text !== "" && !(index === 0 && text === "Default Title"))
      reader.complain(row, value, {
        code: "option_unnamed",
        message: `"${shown(text)}" is a value of an option that the product's first row does not name.`,
      });
  }
  const priceMinor = reader.price(row, "price", currency);
  if (priceMinor === null && reader.text(row, "price").trim() === "")
    reader.complain(row, "price", { code: "price_missing", message: "Each variant needs a price." });
  return {
    sku: reader.label(row, "sku").trim() || null,
    options: values,
    priceMinor: priceMinor ?? (0 as AmountMinor),
    compareAtMinor: reader.price(row, "compareAt", currency),
    barcode: reader.label(row, "barcode").trim() || null,
    imageUrl: reader.address(row, "variantImage"),
  };
}
