import type { Handle, ProductAnswer } from "../../../schema/catalog.ts";
import type { Act } from "../edge.ts";
import { showProduct } from "./show-product.ts";

/** The catalog's products by handle. One is missing when the catalog does not know it (any more) or does not answer. */
export async function readProducts(
  act: Act,
  skus: readonly { product: string | null }[],
): Promise<Map<string, ProductAnswer>> {
  const handles = [...new Set(skus.flatMap(({ product }) => (product === null ? [] : [product])))];
  const shown = await Promise.all(
    handles.map(async (handle) => {
      const product = await showProduct(act, handle as Handle);
      return product.ok ? ([[handle, product.value]] as const) : [];
    }),
  );
  return new Map(shown.flat());
}
