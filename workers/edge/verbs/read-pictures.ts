import { type ProductAnswer, variantNamed } from "../../../schema/catalog.ts";
import type { SkuDocument } from "../../../schema/drop-document.ts";
import type { DropAnswer } from "../../../schema/http.ts";
import type { SkuId } from "../../../schema/ids.ts";
import type { Act } from "../edge.ts";
import { readProducts } from "./read-products.ts";

export type SkuPicture = Pick<DropAnswer["skus"][number], "options" | "imageUrl" | "imageAlt">;

/**
 * What the catalog adds to the SKUs that name a product of it: options, and the variant's picture or else the product's first. A
 * SKU is missing when the catalog does not know it (any more) or does not answer: a drop sells without its pictures.
 */
export async function readPictures(
  act: Act,
  skus: readonly Pick<SkuDocument, "id" | "product" | "variant">[],
): Promise<Map<SkuId, SkuPicture>> {
  const products = await readProducts(act, skus);
  const pictures = new Map<SkuId, SkuPicture>();
  for (const { id, product: handle, variant } of skus) {
    const product = handle === null ? undefined : products.get(handle);
    const picture = product === undefined ? undefined : pictureOf(product, variant);
    if (picture !== undefined) pictures.set(id, picture);
  }
  return pictures;
}

function pictureOf(product: ProductAnswer, name: string | null): SkuPicture | undefined {
  const variant = variantNamed(product, name);
  if (variant === undefined) return undefined;
  const imageUrl = variant.imageUrl ?? product.images[0]?.url ?? null;
  const imageAlt =
    product.images.find(({ url }) => url === imageUrl)?.altText ?? product.images[0]?.altText ?? "";
  const options = product.options.map((name, index) => ({ name, value: variant.options[index] ?? "" }));
  return { options, imageUrl, imageAlt };
}
