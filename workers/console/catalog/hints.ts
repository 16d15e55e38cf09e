import type {
  CatalogIndex,
  Handle,
  Product,
  ProductAnswer,
  ProductSummary,
  ShownProduct,
} from "../../../schema/catalog.ts";
import { catalogKeys } from "../../../schema/catalog.ts";
import { textOfHtml } from "./text-of-html.ts";

/** What the edge reads of the catalog, in KV. */
export type CatalogHints = {
  /** null: nobody is to see it. */
  writeProduct(handle: Handle, shown: ShownProduct | null): Promise<void>;
  writeIndex(index: CatalogIndex): Promise<void>;
};

export function kvCatalog(kv: Pick<KVNamespace, "put" | "delete">): CatalogHints {
  return {
    async writeProduct(handle, shown) {
      if (shown === null) await kv.delete(catalogKeys.product(handle));
      else await kv.put(catalogKeys.product(handle), JSON.stringify(shown));
    },
    async writeIndex(index) {
      const metadata = { version: index.version };
      await kv.put(catalogKeys.index, JSON.stringify(index), { metadata });
    },
  };
}

/** What the public may see of a product: the brand's markup only as text. */
export function answerOf({ bodyHtml, isPublished: _, ...product }: Product): ProductAnswer {
  return { ...product, description: textOfHtml(bodyHtml) };
}

export function summaryOf({
  handle,
  title,
  vendor,
  type,
  tags,
  currency,
  variants,
  images,
}: Product): ProductSummary {
  const prices = variants.map(({ priceMinor }) => priceMinor).sort((one, other) => one - other);
  const [from, to] = [prices[0], prices.at(-1)];
  if (from === undefined || to === undefined) throw new Error(`${handle} has no variant`);
  const imageUrl = images[0]?.url ?? null;
  return { handle, title, vendor, type, tags, currency, priceMinor: { from, to }, imageUrl };
}
