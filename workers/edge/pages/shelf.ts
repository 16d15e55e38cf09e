import type { ProductAnswer } from "../../../schema/catalog.ts";
import type { DropAnswer } from "../../../schema/http.ts";

export type ShownSku = DropAnswer["skus"][number];
type Product = Pick<ProductAnswer, "title" | "description">;
export type Shelf = {
  title: string;
  description: string;
  imageUrl: string | null;
  imageAlt: string;
  skus: ShownSku[];
};

/** A drop's SKUs by the catalog's products, in the order of the document. A SKU of no product stands alone. */
export function shelvesOf(skus: readonly ShownSku[], products: ReadonlyMap<string, Product>): Shelf[] {
  const shelves = new Map<string, Shelf>();
  for (const sku of skus) {
    const product = sku.product === null ? undefined : products.get(sku.product);
    const key = product === undefined ? `sku ${sku.id}` : `product ${sku.product}`;
    const shelf = shelves.get(key);
    if (shelf !== undefined) {
      shelf.skus.push(sku);
      continue;
    }
    const { imageUrl, imageAlt } = sku;
    const { title, description } = product ?? { title: sku.name, description: "" };
    shelves.set(key, { title, description, imageUrl, imageAlt, skus: [sku] });
  }
  return [...shelves.values()];
}
