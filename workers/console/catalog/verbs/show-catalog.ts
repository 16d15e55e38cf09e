import type { CatalogIndex } from "../../../../schema/catalog.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import type { Deps } from "../../deps.ts";
import { answerOf, summaryOf } from "../hints.ts";

/**
 * Tells KV what D1 holds and KV was not told yet: each changed product, then the index. Every verb that changes the catalog ends
 * with it, so what a crash left untold is told by the next. Of two that run at once the later index stands.
 */
export async function showCatalog({ catalog, hints }: Pick<Deps, "catalog" | "hints">): Promise<void> {
  for (;;) {
    const pending = await catalog.pending(LIMITS.catalogBatchMax);
    if (pending.length === 0) break;
    await Promise.all(
      pending.map(({ product, version }) =>
        hints.writeProduct(
          product.handle,
          product.isPublished ? { version, product: answerOf(product) } : null,
        ),
      ),
    );
    await catalog.markShown(pending.map(({ product, version }) => ({ handle: product.handle, version })));
  }
  for (;;) {
    const { version, shownVersion } = await catalog.version();
    if (version === shownVersion) return;
    await hints.writeIndex({ version, products: await published({ catalog }) });
    await catalog.markVersionShown(version);
  }
}

async function published({ catalog }: Pick<Deps, "catalog">): Promise<CatalogIndex["products"]> {
  const found: CatalogIndex["products"] = [];
  const filter = { vendor: null, type: null, tag: null, q: null, isPublished: true };
  const limit = LIMITS.productsPageMax;
  for (let after = ""; ; after = found.at(-1)?.handle ?? after) {
    const page = await catalog.page({ ...filter, after, limit });
    for (const { product, version } of page) found.push({ ...summaryOf(product), version });
    if (page.length < limit) break;
  }
  // JavaScript's order, in which the edge pages; SQLite's differs outside of the basic plane.
  return found.sort((one, other) => (one.handle < other.handle ? -1 : 1));
}
