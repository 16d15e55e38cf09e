import type { DropAnswer } from "../../../schema/http.ts";
import { type Shelf, shelvesOf } from "../pages/shelf.ts";
import { readProducts } from "../verbs/read-products.ts";
import { actOf, type C } from "./context.ts";

/** A drop's SKUs as the catalog groups them. */
export async function readShelves(c: C, drop: DropAnswer): Promise<Shelf[]> {
  return shelvesOf(drop.skus, await readProducts(actOf(c), drop.skus));
}
