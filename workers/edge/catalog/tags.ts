import type { CatalogIndex } from "../../../schema/catalog.ts";
import { TUNING } from "../tuning.ts";

/** Cache-Tag of every answer that is made from the catalog, of every list, and of one product. */
export const TAGS = {
  catalog: "catalog",
  lists: "catalog-lists",
  // Tags are visible ASCII, handles need not be.
  product: (handle: string) => `catalog-product-${encodeURIComponent(handle)}`,
};

/** What must go out of the cache when one index follows another; nothing when there was none before. */
export function staleTags(before: CatalogIndex | undefined, after: CatalogIndex): string[] {
  if (before === undefined || before.version === after.version) return [];
  const versions = new Map(before.products.map(({ handle, version }) => [handle, version]));
  const changed: string[] = [];
  for (const { handle, version } of after.products) {
    if (versions.get(handle) !== version) changed.push(handle);
    versions.delete(handle);
  }
  changed.push(...versions.keys());
  if (changed.length > TUNING.purgeTagsMax) return [TAGS.catalog];
  return [TAGS.lists, ...changed.map(TAGS.product)];
}
