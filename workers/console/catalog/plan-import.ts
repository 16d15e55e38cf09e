import type { ImportReport, RowRefusal } from "../../../schema/catalog.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { layoutId, productVersion } from "./product-version.ts";
import { type ProductFile, reportOf } from "./shopify/read-file.ts";
import type { ProductKey, StoredProduct } from "./store.ts";

export type ImportPlan = { changed: StoredProduct[]; report: ImportReport };

/**
 * What an import has to write: products that are new, that say something else now, or that stand in another order. The same file
 * over the same catalog plans nothing. Products that the file does not have stay.
 */
export function planImport(file: ProductFile, keys: readonly ProductKey[]): ImportPlan {
  const known = new Map(keys.map((key) => [key.handle, key]));
  const full: RowRefusal[] = [];
  let count = known.size;
  const taken = file.products.filter(({ product, line }) => {
    if (known.has(product.handle)) return true;
    count += 1;
    if (count <= LIMITS.catalogProductsMax) return true;
    const message = `A catalog holds at most ${LIMITS.catalogProductsMax} products.`;
    full.push({ line, column: null, handle: product.handle, code: "catalog_full", message });
    return false;
  });
  const positions = positionsOf(
    taken.map(({ product }) => known.get(product.handle)?.position ?? null),
    keys.reduce((last, { position }) => Math.max(last, position), 0),
  );
  const layout = layoutId(file.layout.columns);
  const report = reportOf({
    ok: true,
    value: { ...file, products: taken, refused: [...file.refused, ...full] },
  });
  const plan: ImportPlan = { changed: [], report: { ...report, created: 0, updated: 0, unchanged: 0 } };
  for (const [index, { product, rows }] of taken.entries()) {
    const version = productVersion(layout, rows, product.currency);
    const position = positions[index] ?? 0;
    const before = known.get(product.handle);
    if (before?.version === version && before.position === position) {
      plan.report.unchanged += 1;
      continue;
    }
    plan.report[before === undefined ? "created" : "updated"] += 1;
    plan.changed.push({ product, rows, version, position, layoutId: layout });
  }
  return plan;
}

/** New products go to the end. When that is not the file's order, all of the file's products do, in its order. */
function positionsOf(before: readonly (number | null)[], last: number): number[] {
  let next = last;
  const kept = before.map((position) => position ?? ++next);
  const isInOrder = kept.every((position, index) => index === 0 || (kept[index - 1] ?? 0) < position);
  return isInOrder ? kept : before.map((_, index) => last + 1 + index);
}

/** Products in groups that D1 takes in one transaction. */
export function batchesOf(products: readonly StoredProduct[]): StoredProduct[][] {
  const batches: StoredProduct[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const product of products) {
    const bytes = new TextEncoder().encode(JSON.stringify(product)).length;
    const last = batches.at(-1);
    if (
      last === undefined ||
      last.length === LIMITS.catalogBatchMax ||
      size + bytes > LIMITS.catalogBatchMaxBytes
    ) {
      batches.push([product]);
      size = bytes;
      continue;
    }
    last.push(product);
    size += bytes;
  }
  return batches;
}
