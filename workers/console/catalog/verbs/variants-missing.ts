import { type Handle, variantNamed } from "../../../../schema/catalog.ts";
import type { DropDocument } from "../../../../schema/drop-document.ts";
import type { FieldError } from "../../../../schema/read-drop.ts";
import type { Deps } from "../../deps.ts";

/**
 * Which SKUs of a document name a product or a variant that the catalog does not have; empty when all is there, or none names
 * one. Looks into D1, not into KV. Prices are not compared: a drop has its own.
 */
export async function variantsMissing(
  { catalog }: Pick<Deps, "catalog">,
  { skus }: Pick<DropDocument, "skus">,
): Promise<FieldError[]> {
  const handles = [...new Set(skus.flatMap(({ product }) => (product === null ? [] : [product])))];
  if (handles.length === 0) return [];
  const found = await catalog.read(handles.map((handle) => handle as Handle));
  const products = new Map(found.map(({ product }) => [product.handle as string, product]));
  const errors: FieldError[] = [];
  for (const [index, { product: handle, variant }] of skus.entries()) {
    if (handle === null) continue;
    const product = products.get(handle);
    if (product === undefined) {
      errors.push({ path: `skus.${index}.product`, message: `the catalog has no product ${handle}` });
      continue;
    }
    if (variantNamed(product, variant) !== undefined) continue;
    const names = product.variants.map(({ sku, options }) => sku ?? options.join(" / "));
    const message =
      variant === null
        ? `${handle} has ${names.length} variants; name one of them: ${names.slice(0, 10).join(", ")}`
        : `${handle} has no variant "${variant}"; it has ${names.slice(0, 10).join(", ")}`;
    errors.push({ path: `skus.${index}.variant`, message });
  }
  return errors;
}
