import { describe, expect, test } from "vitest";
import {
  type CatalogIndex,
  Handle,
  ProductAnswer,
  ProductsQuery,
  pageOfProducts,
  type ShownProduct,
} from "../../schema/catalog.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { CatalogReads } from "../../workers/edge/catalog/catalog-reads.ts";
import { kvCatalogReads } from "../../workers/edge/catalog/catalog-reads.ts";
import { staleTags } from "../../workers/edge/catalog/tags.ts";
import { TUNING } from "../../workers/edge/tuning.ts";
import { fakeEdge } from "./edge-fakes.ts";
import { DROP, documentOf } from "./edge-samples.ts";

const productOf = (handle: string, changes: object = {}): ProductAnswer =>
  ProductAnswer.parse({
    handle,
    title: `Title of ${handle}`,
    description: "1 < 2 <script>",
    vendor: "House",
    type: "Shoes",
    tags: ["Run"],
    currency: "EUR",
    options: ["Size"],
    variants: [
      {
        sku: "S-41",
        options: ["41"],
        priceMinor: 100,
        compareAtMinor: null,
        barcode: null,
        imageUrl: "/images/41.svg",
      },
      { sku: null, options: ["42"], priceMinor: 200, compareAtMinor: null, barcode: null, imageUrl: null },
    ],
    images: [{ url: "/images/all.svg", altText: "All of it" }],
    ...changes,
  });

/** The catalog in KV as the edge reads it. */
class Shop implements CatalogReads {
  version = 1;
  readonly shown = new Map<string, ShownProduct>();
  /** What KV still shows, while it is behind. */
  readonly stale = new Map<string, ShownProduct>();
  readonly purged: string[][] = [];
  reads = 0;

  put(handle: string, changes: object = {}): void {
    this.version += 1;
    this.shown.set(handle, { version: `v${this.version}`, product: productOf(handle, changes) });
  }

  index = async (): Promise<CatalogIndex> => ({
    version: this.version,
    products: [...this.shown.values()]
      .map(({ version, product: { description: _, options: __, variants: ___, images, ...rest } }) => ({
        ...rest,
        version,
        priceMinor: {
          from: productOf("a").variants[0]?.priceMinor ?? 0,
          to: 200,
        } as CatalogIndex["products"][number]["priceMinor"],
        imageUrl: images[0]?.url ?? null,
      }))
      .sort((one, other) => (one.handle < other.handle ? -1 : 1)),
  });

  product = async (handle: string) => {
    this.reads += 1;
    return this.stale.get(handle) ?? this.shown.get(handle) ?? null;
  };

  purge = async (tags: string[]) => {
    this.purged.push(tags);
    if (tags.includes("catalog-product-broken")) throw new Error("no purge today");
  };
}

function world(...handles: string[]) {
  const shop = new Shop();
  for (const handle of handles) shop.put(handle);
  const edge = fakeEdge({ catalog: shop });
  const get = (path: string, headers: Record<string, string> = {}) => edge.send(path, { headers });
  return { ...edge, shop, get };
}

describe("a product", () => {
  test("is told with its tags, how long it keeps, and a validator that a client may come back with", async () => {
    const { get, shop, clock } = world("shoe");
    const first = await get("/v1/products/shoe");
    expect(first.status).toBe(200);
    expect(first.body).toEqual(productOf("shoe"));
    expect(first.headers.get("Cache-Tag")).toBe("catalog,catalog-product-shoe");
    expect(first.headers.get("Cache-Control")).toBe(`public, max-age=${TUNING.catalogMaxAgeSeconds}`);
    const etag = first.headers.get("ETag") ?? "";
    expect(etag).toMatch(/^"[\w-]{27}"$/);
    const same = await get("/v1/products/shoe", { "If-None-Match": `"other", W/${etag}` });
    expect([same.status, same.text]).toEqual([304, ""]);
    for (const name of ["ETag", "Cache-Tag", "Cache-Control"])
      expect(same.headers.get(name)).toBe(first.headers.get(name));
    expect(same.headers.get("Content-Type")).toBeNull();
    shop.put("shoe", { title: "New" });
    clock.set(clock.now() + TUNING.catalogTtlMs);
    const changed = await get("/v1/products/shoe", { "If-None-Match": etag });
    expect([changed.status, changed.body.title]).toEqual([200, "New"]);
    expect(changed.headers.get("ETag")).not.toBe(etag);
  });

  test("that the index does not name is not found, without a read", async () => {
    const { get, shop } = world("shoe");
    for (const name of ["sock", "No-Handle", "a%20b", "x".repeat(300)]) {
      const answer = await get(`/v1/products/${name}`);
      expect([answer.status, answer.body.code, answer.headers.get("Cache-Control")]).toEqual([
        404,
        "product_not_found",
        "no-store",
      ]);
    }
    expect(shop.reads).toBe(0);
  });

  test("may have a name in any script", async () => {
    const { get } = world("靴");
    const answer = await get(`/v1/products/${encodeURIComponent("靴")}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("Cache-Tag")).toBe("catalog,catalog-product-%E9%9D%B4");
  });

  test("is read once for as long as its version stands, and again each second while KV is behind the index", async () => {
    const { get, shop, clock } = world("shoe");
    for (let look = 0; look < 5; look += 1) {
      await get("/v1/products/shoe");
      clock.set(clock.now() + TUNING.catalogTtlMs);
    }
    expect(shop.reads).toBe(1);
    const old = await shop.product("shoe");
    if (old !== null) shop.stale.set("shoe", old);
    shop.put("shoe", { title: "New" });
    expect((await get("/v1/products/shoe")).body.title).toBe("Title of shoe");
    clock.set(clock.now() + LIMITS.snapshotTtlMs);
    shop.stale.clear();
    expect((await get("/v1/products/shoe")).body.title).toBe("New");
  });
});

describe("the list", () => {
  test("comes in pages, in the order of handles", async () => {
    const { get } = world("c", "a", "d", "b", "e");
    const seen: string[] = [];
    let after = "";
    for (;;) {
      const { body, headers } = await get(`/v1/products?limit=2${after === "" ? "" : `&after=${after}`}`);
      expect(headers.get("Cache-Tag")).toBe("catalog,catalog-lists");
      seen.push(...body.products.map(({ handle }: { handle: string }) => handle));
      if (body.next === null) break;
      after = body.next;
    }
    expect(seen).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("is filtered, and says when it has not changed", async () => {
    const { get, shop } = world("a");
    shop.put("b", { vendor: "Other", type: "Caps", tags: ["night"], title: "Blue cap" });
    const handles = async (query: string) =>
      (await get(`/v1/products?${query}`)).body.products.map(({ handle }: { handle: string }) => handle);
    expect(await handles("vendor=other")).toEqual(["b"]);
    expect(await handles("type=shoes")).toEqual(["a"]);
    expect(await handles("tag=NIGHT")).toEqual(["b"]);
    expect(await handles("q=cap+BLUE")).toEqual(["b"]);
    expect(await handles("q=cap&vendor=House")).toEqual([]);
    const etag = (await get("/v1/products")).headers.get("ETag") ?? "";
    expect((await get("/v1/products", { "If-None-Match": etag })).status).toBe(304);
    expect((await get("/v1/products?vendor=Other", { "If-None-Match": etag })).status).toBe(200);
  });

  test.each([
    "limit=0",
    `limit=${LIMITS.productsPageMax + 1}`,
    "limit=x",
    "vendor=",
    `q=${"q".repeat(LIMITS.searchMaxChars + 1)}`,
    "surprise=1",
  ])("refuses %s", async (query) => {
    const answer = await world().get(`/v1/products?${query}`);
    expect([answer.status, answer.body.code]).toEqual([400, "invalid_request"]);
  });
  test.each([`limit=${LIMITS.productsPageMax}`, "limit=1", `q=${"q".repeat(LIMITS.searchMaxChars)}`])(
    "takes %s",
    async (query) => {
      expect((await world().get(`/v1/products?${query}`)).status).toBe(200);
    },
  );

  test("says that it is the last page when nothing follows, also on a full one", () => {
    const rows = ["a", "b"].map((handle) => ({
      ...productOf(handle),
      priceMinor: { from: 1, to: 1 },
      imageUrl: null,
    })) as never[];
    const page = (limit: number) => pageOfProducts(rows, ProductsQuery.parse({ limit })).next;
    expect([page(1), page(2), page(3)]).toEqual(["a", null, null]);
  });
});

describe("a change", () => {
  test("purges the lists and what changed, once, when this isolate sees it", async () => {
    const { get, shop, clock } = world("a", "b", "gone");
    await get("/v1/products");
    expect(shop.purged).toEqual([]);
    shop.put("a", { title: "New" });
    shop.put("new");
    shop.shown.delete("gone");
    clock.set(clock.now() + TUNING.catalogTtlMs);
    await get("/v1/products");
    clock.set(clock.now() + TUNING.catalogTtlMs);
    await get("/v1/products");
    expect(shop.purged).toEqual([
      ["catalog-lists", "catalog-product-a", "catalog-product-new", "catalog-product-gone"],
    ]);
  });

  test("of many products purges all of the catalog at once", () => {
    const index = (version: number, count: number) =>
      ({
        version,
        products: Array.from({ length: count }, (_, at) => ({ handle: `p${at}`, version: `${version}` })),
      }) as unknown as CatalogIndex;
    expect(staleTags(index(1, TUNING.purgeTagsMax), index(2, TUNING.purgeTagsMax))).toHaveLength(
      TUNING.purgeTagsMax + 1,
    );
    expect(staleTags(index(1, TUNING.purgeTagsMax + 1), index(2, TUNING.purgeTagsMax + 1))).toEqual([
      "catalog",
    ]);
    expect(staleTags(undefined, index(2, 3))).toEqual([]);
  });

  test("is shown even when the purge fails", async () => {
    const { get, shop, clock, logs } = world("a");
    await get("/v1/products");
    shop.put("broken");
    clock.set(clock.now() + TUNING.catalogTtlMs);
    expect((await get("/v1/products")).body.products).toHaveLength(2);
    expect(logs).toMatchObject([{ event: "purge_failed" }]);
  });

  test("of the index alone is parsed: the same version is the same object", async () => {
    const shop = new Shop();
    shop.put("a");
    let metadata: unknown = null;
    const kv = { getWithMetadata: async () => ({ value: JSON.stringify(await shop.index()), metadata }) };
    const reads = kvCatalogReads(kv as unknown as KVNamespace);
    metadata = { version: shop.version };
    const first = await reads.index();
    expect(first.products.map(({ handle }) => handle)).toEqual([Handle.parse("a")]);
    expect(await reads.index()).toBe(first);
    shop.put("b");
    metadata = { version: shop.version };
    expect((await reads.index()).products).toHaveLength(2);
  });
});

describe("a drop over the catalog", () => {
  const skus = [
    { id: "runner-41", name: "41", stock: 1, priceMinor: 100, product: "shoe", variant: "S-41" },
    { id: "runner-42", name: "42", stock: 1, priceMinor: 100, product: "shoe", variant: "42" },
    { id: "runner-43", name: "43", stock: 1, priceMinor: 100, product: "gone", variant: "43" },
    { id: "runner-44", name: "44", stock: 1, priceMinor: 100 },
  ];

  test("shows options and picture of each variant, and sells on without them", async () => {
    const { get, state } = world("shoe");
    state.published$ = { ...state.published$, document: documentOf({ skus }) };
    const { body } = await get(`/v1/drops/${DROP}`);
    const shown = body.skus.map(({ product, options, imageUrl, imageAlt }: Record<string, unknown>) => ({
      product,
      options,
      imageUrl,
      imageAlt,
    }));
    expect(shown).toEqual([
      {
        product: "shoe",
        options: [{ name: "Size", value: "41" }],
        imageUrl: "/images/41.svg",
        imageAlt: "All of it",
      },
      {
        product: "shoe",
        options: [{ name: "Size", value: "42" }],
        imageUrl: "/images/all.svg",
        imageAlt: "All of it",
      },
      { product: "gone", options: [], imageUrl: null, imageAlt: "" },
      { product: null, options: [], imageUrl: null, imageAlt: "" },
    ]);
  });
});
