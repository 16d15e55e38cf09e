import {
  CatalogIndex,
  catalogKeys,
  type Handle,
  IndexMetadata,
  ShownProduct,
} from "../../../schema/catalog.ts";
import { TUNING } from "../tuning.ts";

/** The catalog as the console last told it to KV. */
export type CatalogReads = {
  /** The same object as long as its version is the same. Empty while nothing was ever told. */
  index(): Promise<CatalogIndex>;
  product(handle: Handle): Promise<ShownProduct | null>;
  /** Takes answers with one of these tags out of Workers Cache. Does nothing where there is none. */
  purge(tags: string[]): Promise<void>;
};

const EMPTY: CatalogIndex = { version: 0, products: [] };

export function kvCatalogReads(kv: KVNamespace): CatalogReads {
  const cacheTtl = TUNING.catalogKvCacheSeconds;
  let held = EMPTY;
  return {
    async index() {
      const found = await kv.getWithMetadata(catalogKeys.index, { type: "text", cacheTtl });
      if (found.value === null) return EMPTY;
      const metadata = IndexMetadata.safeParse(found.metadata);
      if (metadata.success && metadata.data.version === held.version) return held;
      held = CatalogIndex.parse(JSON.parse(found.value));
      return held;
    },
    async product(handle) {
      const text = await kv.get(catalogKeys.product(handle), { type: "text", cacheTtl });
      return text === null ? null : ShownProduct.parse(JSON.parse(text));
    },
    async purge(tags) {
      // A purge reaches only what the entry point that asks for it has cached: so it is ours to do, not the console's.
      const { cache } = await import("cloudflare:workers");
      await cache?.purge({ tags });
    },
  };
}
