import type { Handle, ProductAnswer } from "../../../schema/catalog.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Act } from "../edge.ts";

/**
 * A published product, of the version that the index names or, for as long as KV is behind with it, of the one before. A name
 * that the index does not have costs no read: names are free to make up.
 */
export async function showProduct(
  { edge, lifetime }: Act,
  handle: Handle,
): Promise<Result<ProductAnswer, Refusal<"product_not_found" | "unavailable">>> {
  const index = await edge.catalogIndex.get("index", lifetime);
  if (!index.ok) return index;
  const named = index.value.products.find((product) => product.handle === handle);
  if (named === undefined) return refuse({ code: "product_not_found" });
  const held = await edge.products.get(handle, lifetime, {
    is: (shown) => shown?.version === named.version,
    renewAfterMs: LIMITS.snapshotTtlMs,
  });
  if (!held.ok) return held;
  return held.value === null ? refuse({ code: "product_not_found" }) : ok(held.value.product);
}
