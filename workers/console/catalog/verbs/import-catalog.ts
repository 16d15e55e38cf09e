import type { ImportReport } from "../../../../schema/catalog.ts";
import type { Currency } from "../../../../schema/money.ts";
import { ok, type Result, refuse } from "../../../../schema/result.ts";
import type { Deps } from "../../deps.ts";
import type { ConsoleRefusal } from "../../refusal.ts";
import { batchesOf, planImport } from "../plan-import.ts";
import { readProductFile } from "../shopify/read-file.ts";
import { showCatalog } from "./show-catalog.ts";

/**
 * Takes a product file into the catalog. Each product is taken whole or not at all; those that the file does not have stay. An
 * import that died half-way is finished by a repeat, and a repeat after that changes nothing.
 */
export async function importCatalog(
  deps: Deps,
  { bytes, currency }: { bytes: Uint8Array; currency: Currency },
): Promise<Result<ImportReport, ConsoleRefusal>> {
  const file = readProductFile(bytes, currency);
  if (!file.ok) {
    const { line, column, code, message } = file.refusal;
    const path = column === null ? `line ${line}` : `line ${line}, ${column}`;
    return refuse({ code: "catalog_file_refused", detail: message, errors: [{ path, message: code }] });
  }
  const { changed, report } = planImport(file.value, await deps.catalog.keys());
  const { columns } = file.value.layout;
  for (const products of batchesOf(changed)) {
    const detail = JSON.stringify({ products: products.length, refused: report.refused.length });
    const log = { actor: "operator", action: "catalog_import", subject: "catalog", detail };
    await deps.catalog.put({ columns, products, log: { atMs: deps.nowMs(), ...log } });
  }
  await showCatalog(deps);
  return ok(report);
}
