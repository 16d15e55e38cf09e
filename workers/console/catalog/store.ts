import { and, asc, desc, eq, gt, inArray, isNull, ne, or, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Handle, Product } from "../../../schema/catalog.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { AmountMinor, Currency } from "../../../schema/money.ts";
import {
  catalogLayouts,
  catalogVersion,
  type OperatorLogRow,
  operatorLog,
  type ProductRow,
  productImages,
  products,
  productVariants,
} from "../../../schema/tables.ts";

/** A product as it is kept: what it says, and the rows that say it. */
export type StoredProduct = {
  product: Product;
  layoutId: string;
  rows: string[][];
  version: string;
  position: number;
};

export type ProductKey = { handle: string; version: string; position: number };

export type LogEntry = Omit<OperatorLogRow, "entry">;

export type ProductsPage = {
  after: string;
  limit: number;
  vendor: string | null;
  type: string | null;
  tag: string | null;
  q: string | null;
  isPublished: boolean | null;
};

/** The catalog in D1. */
export type CatalogStore = {
  /** Handle, version and position of every product, in the order of export. */
  keys(): Promise<ProductKey[]>;
  read(handles: readonly Handle[]): Promise<StoredProduct[]>;
  /** A keyset page in the order of handles. Case is folded as SQLite does it: for ASCII. */
  page(page: ProductsPage): Promise<StoredProduct[]>;
  /** In the order of export, after a position. */
  exportPage(afterPosition: number, limit: number): Promise<Omit<StoredProduct, "product">[]>;
  /** Those that some product has, the most used one first. */
  layouts(): Promise<Map<string, string[]>>;
  /** Stores products with their layout, and the log's entry, in one transaction that raises the catalog's version: all, or nothing. */
  put(given: { columns: readonly string[]; products: StoredProduct[]; log: LogEntry }): Promise<void>;
  /** With the log's entry, when there was such a product. */
  remove(handle: Handle, log: LogEntry): Promise<void>;
  /** What KV was not yet told. */
  pending(limit: number): Promise<StoredProduct[]>;
  markShown(shown: readonly { handle: string; version: string }[]): Promise<void>;
  version(): Promise<{ version: number; shownVersion: number }>;
  markVersionShown(version: number): Promise<void>;
};

export function d1Catalog(database: D1Database): CatalogStore {
  const db = drizzle(database);

  async function whole(rows: ProductRow[]): Promise<StoredProduct[]> {
    if (rows.length === 0) return [];
    const handles = JSON.stringify(rows.map(({ handle }) => handle));
    const among = sql`(SELECT value FROM json_each(${handles}))`;
    const [variants, images] = await db.batch([
      db
        .select()
        .from(productVariants)
        .where(sql`${productVariants.handle} IN ${among}`)
        .orderBy(asc(productVariants.handle), asc(productVariants.position)),
      db
        .select()
        .from(productImages)
        .where(sql`${productImages.handle} IN ${among}`)
        .orderBy(asc(productImages.handle), asc(productImages.position)),
    ]);
    const variantsOf = Map.groupBy(variants, ({ handle }) => handle);
    const imagesOf = Map.groupBy(images, ({ handle }) => handle);
    return rows.map((row) => ({
      layoutId: row.layoutId,
      rows: row.rows,
      version: row.version,
      position: row.position,
      product: {
        handle: row.handle as Handle,
        title: row.title,
        bodyHtml: row.bodyHtml,
        vendor: row.vendor,
        type: row.type,
        tags: row.tags,
        isPublished: row.isPublished,
        currency: row.currency as Currency,
        options: row.options,
        variants: (variantsOf.get(row.handle) ?? []).map(({ handle: _, position: __, ...variant }) => ({
          ...variant,
          priceMinor: variant.priceMinor as AmountMinor,
          compareAtMinor: variant.compareAtMinor as AmountMinor | null,
        })),
        images: (imagesOf.get(row.handle) ?? []).map(({ url, altText }) => ({ url, altText })),
      },
    }));
  }

  const bumped = () =>
    db
      .insert(catalogVersion)
      .values({ id: 1, version: 1, shownVersion: 0 })
      .onConflictDoUpdate({
        target: catalogVersion.id,
        set: { version: sql`${catalogVersion.version} + 1` },
      });

  return {
    keys: () =>
      db
        .select({ handle: products.handle, version: products.version, position: products.position })
        .from(products)
        .orderBy(asc(products.position)),

    async read(handles) {
      const found: StoredProduct[] = [];
      for (let from = 0; from < handles.length; from += LIMITS.catalogBatchMax) {
        const part = handles.slice(from, from + LIMITS.catalogBatchMax);
        found.push(...(await whole(await db.select().from(products).where(inArray(products.handle, part)))));
      }
      return found;
    },

    async page({ after, limit, vendor, type, tag, q, isPublished }) {
      const folded = (column: unknown, value: string) => sql`lower(${column}) = lower(${value})`;
      const words = (q ?? "").split(/\s+/).filter(Boolean);
      const text = sql`lower(${products.title} || char(10) || ${products.vendor} || char(10) || ${products.type} || char(10) || ${products.tags})`;
      const rows = await db
        .select()
        .from(products)
        .where(
          and(
            gt(products.handle, after),
            vendor === null ? undefined : folded(products.vendor, vendor),
            type === null ? undefined : folded(products.type, type),
            tag === null
              ? undefined
              : sql`EXISTS (SELECT 1 FROM json_each(${products.tags}) WHERE lower(value) = lower(${tag}))`,
            isPublished === null ? undefined : eq(products.isPublished, isPublished),
            ...words.map((word) => sql`instr(${text}, lower(${word})) > 0`),
          ),
        )
        .orderBy(asc(products.handle))
        .limit(limit);
      return whole(rows);
    },

    exportPage: (afterPosition, limit) =>
      db
        .select({
          layoutId: products.layoutId,
          rows: products.rows,
          version: products.version,
          position: products.position,
        })
        .from(products)
        .where(gt(products.position, afterPosition))
        .orderBy(asc(products.position))
        .limit(limit),

    async layouts() {
      const rows = await db
        .select({ layoutId: catalogLayouts.layoutId, columns: catalogLayouts.columns })
        .from(catalogLayouts)
        .innerJoin(products, eq(products.layoutId, catalogLayouts.layoutId))
        .groupBy(catalogLayouts.layoutId)
        .orderBy(desc(sql`count(*)`), asc(catalogLayouts.layoutId));
      return new Map(rows.map(({ layoutId, columns }) => [layoutId, columns]));
    },

    async put({ columns, products: given, log }) {
      const [first] = given;
      if (first === undefined) return;
      const rows = JSON.stringify(given.map((one) => rowOf(one, log.atMs)));
      const handles = JSON.stringify(given.map(({ product }) => product.handle));
      const variants = given.flatMap(({ product }) =>
        product.variants.map((one, position) => ({ handle: product.handle, position, ...one })),
      );
      const images = given.flatMap(({ product }) =>
        product.images.map((one, position) => ({ handle: product.handle, position, ...one })),
      );
      const d1 = (query: string, ...values: unknown[]) => database.prepare(query).bind(...values);
      await database.batch([
        d1(
          "INSERT OR IGNORE INTO catalog_layouts (layout_id, columns) VALUES (?, ?)",
          first.layoutId,
          JSON.stringify(columns),
        ),
        d1(PUT_PRODUCTS, rows),
        d1("DELETE FROM product_variants WHERE handle IN (SELECT value FROM json_each(?))", handles),
        d1("DELETE FROM product_images WHERE handle IN (SELECT value FROM json_each(?))", handles),
        d1(PUT_VARIANTS, JSON.stringify(variants)),
        d1(PUT_IMAGES, JSON.stringify(images)),
        d1(RAISE_VERSION),
        d1(LOG, log.atMs, log.actor, log.action, log.subject, log.detail),
      ]);
    },

    async remove(handle, log) {
      const [known] = await db
        .select({ handle: products.handle })
        .from(products)
        .where(eq(products.handle, handle));
      if (known === undefined) return;
      await db.batch([
        db.delete(products).where(eq(products.handle, handle)),
        db.delete(productVariants).where(eq(productVariants.handle, handle)),
        db.delete(productImages).where(eq(productImages.handle, handle)),
        bumped(),
        db.insert(operatorLog).values(log),
      ]);
    },

    pending: async (limit) =>
      whole(
        await db
          .select()
          .from(products)
          .where(or(isNull(products.shownVersion), ne(products.shownVersion, products.version)))
          .orderBy(desc(products.isPublished), asc(products.position))
          .limit(limit),
      ),

    async markShown(shown) {
      const statement = database.prepare(
        "UPDATE products SET shown_version = given.version FROM (SELECT value->>'handle' AS handle, value->>'version' AS version FROM json_each(?)) AS given WHERE products.handle = given.handle",
      );
      await statement.bind(JSON.stringify(shown)).run();
    },

    async version() {
      const [row] = await db.select().from(catalogVersion);
      return row ?? { version: 0, shownVersion: 0 };
    },

    async markVersionShown(version) {
      await db
        .update(catalogVersion)
        .set({ shownVersion: version })
        .where(sql`${catalogVersion.shownVersion} < ${version}`);
    },
  };
}

/** Many rows travel as one parameter: D1 counts statements and parameters, not rows. */
const PUT_PRODUCTS = `
  INSERT INTO products (handle, position, title, vendor, type, tags, is_published, currency, options, body_html,
                        layout_id, rows, version, shown_version, updated_at_ms)
  SELECT value->>'handle', value->>'position', value->>'title', value->>'vendor', value->>'type', value->'tags',
         value->>'isPublished', value->>'currency', value->'options', value->>'bodyHtml', value->>'layoutId',
         value->'rows', value->>'version', NULL, value->>'updatedAtMs'
  FROM json_each(?) WHERE true
  ON CONFLICT (handle) DO UPDATE SET
    position = excluded.position, title = excluded.title, vendor = excluded.vendor, type = excluded.type,
    tags = excluded.tags, is_published = excluded.is_published, currency = excluded.currency,
    options = excluded.options, body_html = excluded.body_html, layout_id = excluded.layout_id,
    rows = excluded.rows, version = excluded.version, updated_at_ms = excluded.updated_at_ms`;
const PUT_VARIANTS = `
  INSERT INTO product_variants (handle, position, sku, options, price_minor, compare_at_minor, barcode, image_url)
  SELECT value->>'handle', value->>'position', value->>'sku', value->'options', value->>'priceMinor',
         value->>'compareAtMinor', value->>'barcode', value->>'imageUrl'
  FROM json_each(?)`;
const PUT_IMAGES = `
  INSERT INTO product_images (handle, position, url, alt_text)
  SELECT value->>'handle', value->>'position', value->>'url', value->>'altText' FROM json_each(?)`;
const LOG = "INSERT INTO operator_log (at_ms, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?)";
const RAISE_VERSION = `
  INSERT INTO catalog_version (id, version, shown_version) VALUES (1, 1, 0)
  ON CONFLICT (id) DO UPDATE SET version = version + 1`;

function rowOf({ product, layoutId, rows, version, position }: StoredProduct, updatedAtMs: number) {
  const { variants: _, images: __, isPublished, ...said } = product;
  return { ...said, isPublished: isPublished ? 1 : 0, layoutId, rows, version, position, updatedAtMs };
}
