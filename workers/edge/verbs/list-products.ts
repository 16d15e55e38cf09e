import { type ProductsAnswer, type ProductsQuery, pageOfProducts } from "../../../schema/catalog.ts";
import { ok, type Result } from "../../../schema/result.ts";
import type { Unavailable } from "../../combine.ts";
import type { Act } from "../edge.ts";

/** A page of the published products, in the order of their handles. From KV: up to a minute behind, and never decided from. */
export async function listProducts(
  { edge, lifetime }: Act,
  query: ProductsQuery,
): Promise<Result<ProductsAnswer, Unavailable>> {
  const index = await edge.catalogIndex.get("index", lifetime);
  if (!index.ok) return index;
  const { rows, next } = pageOfProducts(index.value.products, query);
  return ok({ products: rows.map(({ version: _, ...summary }) => summary), next });
}
