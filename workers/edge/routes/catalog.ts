import { createHash } from "node:crypto";
import { ProductAnswer, ProductsAnswer, ProductsQuery } from "../../../schema/catalog.ts";
import { TAGS } from "../catalog/tags.ts";
import { EXAMPLES } from "../openapi/examples.ts";
import { get } from "../openapi/operation.ts";
import { TUNING } from "../tuning.ts";
import { listProducts } from "../verbs/list-products.ts";
import { showProduct } from "../verbs/show-product.ts";

const kept = { seconds: TUNING.catalogMaxAgeSeconds };
const etag = (value: unknown) =>
  `"${createHash("sha256").update(JSON.stringify(value)).digest("base64url").slice(0, 27)}"`;
const TAGGED = { "Cache-Tag": { about: "For caches that purge by tag", example: TAGS.catalog } };

/** What the brand sells, beside its drops: the same for everybody, cached, and purged when it changes. */
export const CATALOG_OPERATIONS = [
  get(
    "/products",
    {
      id: "listProducts",
      tag: "Catalog",
      summary: "List the products",
      about:
        "In the order of their handles, a page at a time: `next` goes into `after`. Up to two minutes behind the brand's changes.",
      caller: "anybody",
      key: false,
      query: ProductsQuery,
      answer: {
        status: 200,
        about: "Products that match all of the filters",
        shape: ProductsAnswer,
        example: EXAMPLES.products,
        kept,
        etag,
        headersAbout: TAGGED,
        headers: () => ({ "Cache-Tag": `${TAGS.catalog},${TAGS.lists}` }),
      },
      refusals: ["unavailable"],
    },
    (act, { query }) => listProducts(act, query),
  ),
  get(
    "/products/:handle",
    {
      id: "showProduct",
      tag: "Catalog",
      summary: "Show a product with its variants",
      about: "`description` is plain text. Its prices are the catalog's; a drop has its own.",
      caller: "anybody",
      key: false,
      answer: {
        status: 200,
        about: "The product as it was last published",
        shape: ProductAnswer,
        example: EXAMPLES.product,
        kept,
        etag,
        headersAbout: TAGGED,
        headers: ({ handle }) => ({ "Cache-Tag": `${TAGS.catalog},${TAGS.product(handle)}` }),
      },
      refusals: ["unavailable"],
    },
    (act, { handle }) => showProduct(act, handle),
  ),
] as const;
