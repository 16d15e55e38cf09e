import type { Handle, Product, ProductRequest } from "../../../../schema/catalog.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { ok, type Result, refuse } from "../../../../schema/result.ts";
import type { Deps } from "../../deps.ts";
import type { ConsoleRefusal } from "../../refusal.ts";
import { layoutId, productVersion } from "../product-version.ts";
import { layoutOf } from "../shopify/columns.ts";
import { readProduct } from "../shopify/read-product.ts";
import { writeProduct } from "../shopify/write-product.ts";
import { showCatalog } from "./show-catalog.ts";

/** Makes a product say what the request says, new or known. Cells of its file that the request does not speak of stay. A repeat changes nothing. */
export async function putProduct(
  deps: Deps,
  handle: Handle,
  request: ProductRequest,
): Promise<Result<Product, ConsoleRefusal>> {
  const [stored] = await deps.catalog.read([handle]);
  const known = stored === undefined ? undefined : (await deps.catalog.layouts()).get(stored.layoutId);
  const current =
    stored === undefined || known === undefined ? null : { layout: layoutOf(known), rows: stored.rows };
  const { layout, rows } = writeProduct(handle, request, current);
  const read = readProduct(layout, rows, request.currency);
  if (!read.ok) {
    const errors = read.refusal.map(({ column, message }) => ({ path: column ?? "(product)", message }));
    return refuse({ code: "product_refused", errors });
  }
  const id = layoutId(layout.columns);
  const version = productVersion(id, rows, request.currency);
  if (stored?.version !== version) {
    const keys = stored === undefined ? await deps.catalog.keys() : [];
    if (keys.length >= LIMITS.catalogProductsMax) {
      const message = `A catalog holds at most ${LIMITS.catalogProductsMax} products.`;
      return refuse({ code: "product_refused", errors: [{ path: "(product)", message }] });
    }
    const position = stored?.position ?? (keys.at(-1)?.position ?? 0) + 1;
    const product = { product: read.value, rows, version, position, layoutId: id };
    const detail = JSON.stringify({ version });
    const log = { actor: "operator", action: "product_put", subject: handle, detail };
    const { columns } = layout;
    await deps.catalog.put({ columns, products: [product], log: { atMs: deps.nowMs(), ...log } });
  }
  await showCatalog(deps);
  return ok(read.value);
}
