import type { Handle } from "../../../../schema/catalog.ts";
import type { Deps } from "../../deps.ts";
import { showCatalog } from "./show-catalog.ts";

/** Takes a product out of the catalog. Drops that were published over it sell on. A repeat does nothing but finish what a crash left. */
export async function deleteProduct(deps: Deps, handle: Handle): Promise<void> {
  const log = { actor: "operator", action: "product_delete", subject: handle, detail: "{}" };
  await deps.catalog.remove(handle, { atMs: deps.nowMs(), ...log });
  await deps.hints.writeProduct(handle, null);
  await showCatalog(deps);
}
