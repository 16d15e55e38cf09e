import { LIMITS } from "../../../../schema/limits.ts";
import type { Deps } from "../../deps.ts";
import { layoutId } from "../product-version.ts";
import { layoutOf, NEWER_COLUMNS } from "../shopify/columns.ts";
import { fileWriter } from "../shopify/write-file.ts";

/**
 * The catalog as a product file, a part at a time: with the columns that most products were imported with, in the order of
 * import. What was imported under one header comes out cell for cell.
 */
export async function* exportCatalog({ catalog }: Pick<Deps, "catalog">): AsyncGenerator<string> {
  const layouts = new Map([...(await catalog.layouts())].map(([id, columns]) => [id, layoutOf(columns)]));
  if (layouts.size === 0) layouts.set(layoutId(NEWER_COLUMNS), layoutOf(NEWER_COLUMNS));
  const writer = fileWriter(layouts);
  yield writer.header;
  for (let after = -1; ; ) {
    const page = await catalog.exportPage(after, LIMITS.catalogBatchMax);
    for (const { layoutId, rows } of page) yield writer.lines(layoutId, rows);
    const last = page.at(-1);
    if (last === undefined || page.length < LIMITS.catalogBatchMax) return;
    after = last.position;
  }
}
