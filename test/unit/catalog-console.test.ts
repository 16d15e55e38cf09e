import { describe, expect, test } from "vitest";
import { Handle, ProductRequest } from "../../schema/catalog.ts";
import type { DropDocument } from "../../schema/drop-document.ts";
import { LIMITS } from "../../schema/limits.ts";
import { batchesOf, planImport } from "../../workers/console/catalog/plan-import.ts";
import type { StoredProduct } from "../../workers/console/catalog/store.ts";
import { deleteProduct } from "../../workers/console/catalog/verbs/delete-product.ts";
import { exportCatalog } from "../../workers/console/catalog/verbs/export-catalog.ts";
import { importCatalog } from "../../workers/console/catalog/verbs/import-catalog.ts";
import { putProduct } from "../../workers/console/catalog/verbs/put-product.ts";
import { variantsMissing } from "../../workers/console/catalog/verbs/variants-missing.ts";
import type { Deps } from "../../workers/console/deps.ts";
import { bytesOf, csv, EUR, recordsOf, taken } from "./catalog-files.ts";
import { fakeCatalog } from "./catalog-store.ts";
import { fakeConsole, NOW_MS } from "./console-fakes.ts";

const HEAD = [
  "Handle",
  "Title",
  "Body (HTML)",
  "Tags",
  "Published",
  "Option1 Name",
  "Option1 Value",
  "Variant SKU",
  "Variant Price",
  "Variant Grams",
  "Image Src",
  "Mood (product.metafields.custom.mood)",
];
const FILE = [
  HEAD,
  [
    "shoe",
    "Shoe",
    "<b>Light</b><script>x()</script>",
    "run, night",
    "true",
    "Size",
    "41",
    "S-41",
    "129.00",
    "300",
    "/images/a.svg",
    "calm",
  ],
  ["shoe", "", "", "", "", "", "42", "S-42", "129", "310", "/images/b.svg", ""],
  ["shoe", "", "", "", "", "", "", "", "", "", "/images/c.svg", ""],
  ["sock", "Sock", "", "", "true", "", "", "", "9", "", "", "=1+1"],
  ["sole", "Sole", "", "", "false", "", "", "", "5", "", "", ""],
];
const REQUEST = {
  title: "Shoe",
  bodyHtml: "<b>Light</b><script>x()</script>",
  tags: ["run", "night"],
  currency: "EUR",
  options: ["Size"],
  variants: [
    { sku: "S-41", options: ["41"], priceMinor: 12_900 },
    { sku: "S-42", options: ["42"], priceMinor: 12_900 },
  ],
  images: [{ url: "/images/a.svg" }, { url: "/images/b.svg" }, { url: "/images/c.svg" }],
};
const handle = (name: string) => Handle.parse(name);

function world() {
  const { deps } = fakeConsole();
  const shop = fakeCatalog();
  const all: Deps = { ...deps, catalog: shop.catalog, hints: shop.hints };
  const take = (records = FILE) => importCatalog(all, { bytes: csv(...records), currency: EUR });
  const exported = async () => {
    let text = "";
    for await (const part of exportCatalog(all)) text += part;
    return text;
  };
  return { deps: all, take, exported, ...shop };
}

const report = async (given: ReturnType<typeof importCatalog>) => {
  const done = await given;
  if (!done.ok) throw new Error(done.refusal.code);
  return done.value;
};

describe("an import", () => {
  test("takes products into D1 and tells KV what the public may see", async () => {
    const { take, held } = world();
    expect(await report(take())).toEqual({
      products: 3,
      variants: 4,
      refused: [],
      created: 3,
      updated: 0,
      unchanged: 0,
    });
    expect([...held.shown.keys()]).toEqual(["shoe", "sock"]);
    expect(held.shown.get("shoe")?.product).toMatchObject({
      description: "Light",
      tags: ["run", "night"],
      options: ["Size"],
    });
    expect(held.shown.get("shoe")?.product).not.toHaveProperty("bodyHtml");
    expect(held.index?.products.map(({ handle }) => handle)).toEqual(["shoe", "sock"]);
    expect(held.log).toMatchObject([{ action: "catalog_import", atMs: NOW_MS }]);
  });

  test("of the same file again changes nothing", async () => {
    const { take, held } = world();
    await take();
    const before = structuredClone({ ...held, shown: [...held.shown] });
    expect(await report(take())).toMatchObject({ created: 0, updated: 0, unchanged: 3 });
    expect({ ...held, shown: [...held.shown] }).toEqual(before);
    expect(held.log).toHaveLength(1);
  });

  test("that dies anywhere is finished by a repeat, and leaves no product half taken", async () => {
    const whole = world();
    await whole.take();
    const { count } = whole.calls;
    for (let failAt = 1; failAt <= count; failAt += 1) {
      const { take, calls, held, exported } = world();
      calls.failAt = failAt;
      await expect(take()).rejects.toThrow("died");
      for (const { product, rows } of held.products.values())
        expect(rows).toHaveLength(FILE.filter(([name]) => name === product.handle).length);
      await take();
      expect({ ...held, version: 0, shownVersion: 0, index: held.index?.products }).toEqual({
        ...whole.held,
        version: 0,
        shownVersion: 0,
        index: whole.held.index?.products,
      });
      expect(held.shownVersion).toBe(held.version);
      expect(await exported()).toBe(await whole.exported());
    }
  });

  test("takes what is right, refuses the rest, and leaves what it refuses as it was", async () => {
    const { take, held } = world();
    await take();
    const changed = FILE.map((row) => [...row]);
    changed[2]?.splice(8, 1, "cheap");
    changed[4]?.splice(1, 1, "Warm sock");
    const result = await report(take(changed));
    expect(result).toMatchObject({
      products: 2,
      updated: 1,
      unchanged: 1,
      refused: [{ line: 3, column: "Variant Price", handle: "shoe", code: "not_a_price" }],
    });
    expect(held.products.get("shoe")?.product.variants[1]?.priceMinor).toBe(12_900);
    expect(held.products.get("sock")?.product.title).toBe("Warm sock");
    expect(held.shown.get("sock")?.product.title).toBe("Warm sock");
  });

  test("hides a product that it unpublishes", async () => {
    const { take, held } = world();
    await take();
    await take(FILE.map((row) => (row[0] === "shoe" && row[1] !== "" ? row.with(4, "FALSE") : row)));
    expect([...held.shown.keys()]).toEqual(["sock"]);
    expect(held.index?.products.map(({ handle }) => handle)).toEqual(["sock"]);
  });

  test("is refused whole for a file that cannot be read, and touches nothing", async () => {
    const { deps, held } = world();
    const bytes = bytesOf('Handle,Title,Variant Price\na,"A,1\n');
    expect(await importCatalog(deps, { bytes, currency: EUR })).toMatchObject({
      ok: false,
      refusal: { code: "catalog_file_refused", errors: [{ path: "line 2", message: "quote_unclosed" }] },
    });
    expect(held.products.size).toBe(0);
  });

  test("fills the catalog to its limit and not beyond", () => {
    const file = taken(csv(["Handle", "Title", "Price"], ["a", "A", "1"], ["b", "B", "1"]));
    const keys = Array.from({ length: LIMITS.catalogProductsMax - 1 }, (_, index) => ({
      handle: `k${index}`,
      version: "v",
      position: index + 1,
    }));
    const { changed, report } = planImport(file, keys);
    expect(changed.map(({ product }) => product.handle)).toEqual(["a"]);
    expect(report.refused).toMatchObject([{ handle: "b", line: 3, code: "catalog_full" }]);
    expect(planImport(file, keys.slice(1)).report.refused).toEqual([]);
  });

  test("writes batches that a D1 parameter holds", () => {
    const product = (size: number) => ({ rows: [["x".repeat(size)]] }) as unknown as StoredProduct;
    expect(batchesOf(Array.from({ length: 120 }, () => product(10))).map(({ length }) => length)).toEqual([
      50, 50, 20,
    ]);
    expect(batchesOf([600_000, 300_000, 200_000].map(product)).map(({ length }) => length)).toEqual([2, 1]);
  });
});

describe("an export", () => {
  test("gives back the last file cell for cell, in its order, with formulas guarded", async () => {
    const { take, exported } = world();
    await take();
    const guarded = FILE.map((row) => row.map((cell) => (cell === "=1+1" ? "'=1+1" : cell)));
    expect(recordsOf(await exported())).toEqual(guarded);
    const turned = [HEAD, ...FILE.slice(4), ...FILE.slice(1, 4)];
    await take(turned);
    expect(recordsOf(await exported())).toEqual(
      turned.map((row) => row.map((cell) => (cell === "=1+1" ? "'=1+1" : cell))),
    );
  });

  test("of products of both generations has the columns of both, each meaning once", async () => {
    const { take, exported, deps } = world();
    await take();
    await importCatalog(deps, {
      bytes: csv(["Title", "URL handle", "Price", "Status"], ["Cap", "cap", "20", "Active"]),
      currency: EUR,
    });
    const [columns, ...records] = recordsOf(await exported());
    expect(columns).toEqual([...HEAD, "Status"]);
    const cap = records.at(-1) ?? [];
    expect([cap[0], cap[1], cap[8], cap[12]]).toEqual(["cap", "Cap", "20", "Active"]);
    const again = taken(bytesOf(await exported()));
    expect(again.products.map(({ product }) => product.handle)).toEqual(["shoe", "sock", "sole", "cap"]);
  });

  test("of an empty catalog is a header that can be imported", async () => {
    expect(taken(bytesOf(await world().exported()))).toMatchObject({ products: [], refused: [] });
  });
});

describe("a product", () => {
  const put = (deps: Deps, changes: object = {}, name = "shoe") =>
    putProduct(deps, handle(name), ProductRequest.parse({ ...REQUEST, ...changes }));

  test("that says what is there already changes nothing", async () => {
    const { deps, take, held, exported } = world();
    await take();
    const before = await exported();
    expect((await put(deps)).ok).toBe(true);
    expect(held.version).toBe(1);
    expect(held.log).toHaveLength(1);
    expect(await exported()).toBe(before);
  });

  test("is changed in its own cells alone", async () => {
    const { deps, take, held, exported } = world();
    await take();
    const variants = [
      { sku: "S-42", options: ["42"], priceMinor: 13_900 },
      { sku: "S-41", options: ["41"], priceMinor: 12_900 },
      { sku: "S-43", options: ["43"], priceMinor: 12_900, barcode: "123" },
    ];
    const done = await put(deps, { title: "Fast shoe", variants, images: [{ url: "/images/b.svg" }] });
    expect(done).toMatchObject({
      ok: true,
      value: { title: "Fast shoe", variants, images: [{ url: "/images/b.svg" }] },
    });
    const out = taken(bytesOf(await exported()));
    expect(out.layout.columns).toEqual([...HEAD, "Variant Barcode"]);
    const shoe = out.products[0];
    const at = (column: string) => out.layout.columns.indexOf(column);
    expect(
      shoe?.rows.map((row) => [
        row[at("Option1 Value")],
        row[at("Variant Price")],
        row[at("Variant Grams")],
        row[at(HEAD[11] ?? "")],
      ]),
    ).toEqual([
      ["42", "139.00", "310", "calm"],
      ["41", "129.00", "300", ""],
      ["43", "129.00", "", ""],
    ]);
    expect(held.shown.get("shoe")?.product.title).toBe("Fast shoe");
    expect(held.log.at(-1)).toMatchObject({ action: "product_put", subject: "shoe" });
    const version = held.version;
    await put(deps, { title: "Fast shoe", variants, images: [{ url: "/images/b.svg" }] });
    expect(held.version).toBe(version);
  });

  test("that is new is one of the newer generation's", async () => {
    const { deps, exported } = world();
    await put(deps, {}, "new-shoe");
    const out = taken(bytesOf(await exported()));
    expect(out.layout.columns).toContain("URL handle");
    expect(out.products[0]?.product).toMatchObject({
      handle: "new-shoe",
      variants: [{ sku: "S-41" }, { sku: "S-42" }],
    });
  });

  test("is refused with its columns when its rows would be", async () => {
    const { deps, held } = world();
    const twice = [
      { options: ["41"], priceMinor: 1 },
      { options: ["41"], priceMinor: 1 },
    ];
    expect(await put(deps, { variants: twice })).toMatchObject({
      ok: false,
      refusal: { code: "product_refused", errors: [{ path: "Option1 value" }] },
    });
    expect(held.products.size).toBe(0);
    expect(ProductRequest.safeParse({ ...REQUEST, options: [] }).success).toBe(false);
  });

  test("that was deleted is gone from D1 and KV; a repeat finishes what a crash left", async () => {
    const whole = world();
    await whole.take();
    const from = whole.calls.count;
    await deleteProduct(whole.deps, handle("shoe"));
    expect(whole.held.log.at(-1)).toMatchObject({ action: "product_delete" });
    for (let failAt = from + 1; failAt <= whole.calls.count; failAt += 1) {
      const { deps, take, calls, held } = world();
      await take();
      calls.failAt = failAt;
      await expect(deleteProduct(deps, handle("shoe"))).rejects.toThrow("died");
      await deleteProduct(deps, handle("shoe"));
      expect([[...held.products.keys()], [...held.shown.keys()]]).toEqual([["sock", "sole"], ["sock"]]);
      expect(held.index?.products.map(({ handle }) => handle)).toEqual(["sock"]);
    }
  });
});

test("a document's SKUs are held against the catalog", async () => {
  const { deps, take } = world();
  await take();
  const skus = (given: [string | null, string | null][]) =>
    ({ skus: given.map(([product, variant]) => ({ product, variant })) }) as unknown as DropDocument;
  expect(
    await variantsMissing(
      deps,
      skus([
        [null, null],
        ["shoe", "S-41"],
        ["shoe", "42"],
        ["sock", null],
        ["sole", null],
      ]),
    ),
  ).toEqual([]);
  const missing = await variantsMissing(
    deps,
    skus([
      ["cap", null],
      ["shoe", null],
      ["shoe", "44"],
    ]),
  );
  expect(missing.map(({ path }) => path)).toEqual(["skus.0.product", "skus.1.variant", "skus.2.variant"]);
  expect(missing[2]?.message).toContain("S-41, S-42");
});
