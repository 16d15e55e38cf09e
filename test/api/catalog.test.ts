import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CatalogIndex, ImportReport, Product, ProductAnswer, ProductsAnswer } from "../../schema/catalog.ts";
import { DropAnswer } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { OperatorLogRow } from "../../schema/tables.ts";
import { recordsOf } from "../unit/catalog-files.ts";
import { type Asked, ask, expectRefusal, told } from "./ask.ts";
import { eventually } from "./eventually.ts";
import { askConsole, draftDrop, fresh, startWorld, type World } from "./world.ts";

const example = (name: string) => readFileSync(join(import.meta.dirname, "../../examples", name), "utf8");

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.end());

const importing = (body: string, asked: Asked = {}, currency = "EUR") =>
  askConsole(world, `/catalog/imports?currency=${currency}`, {
    method: "POST",
    body,
    headers: { "content-type": "text/csv; charset=utf-8" },
    ...asked,
  });
/** Refused before it is read, so that the connection may be gone before all of it is sent: then it is sent again. */
async function importingTooMuch() {
  for (let tries = 1; ; tries++) {
    try {
      return await importing("a".repeat(LIMITS.catalogFileMaxBytes + 1));
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
}
const exported = () => askConsole(world, "/catalog/export");
const look = (path: string, headers: Record<string, string> = {}) =>
  ask(`${world.platform.urls.edge}/v1${path}`, { headers });
const entries = async () =>
  ((await askConsole(world, "/operator-log")).json as { rows: OperatorLogRow[] }).rows.filter(({ action }) =>
    /catalog|product/.test(action),
  ).length;

describe("a catalog", () => {
  it("of Shopify's goes in, out and in again, in both generations, and the second time changes nothing", async () => {
    for (const [name, changes] of [
      ["shopify-apparel.csv", { created: 20 }],
      ["shopify-apparel-new.csv", { updated: 20 }],
    ] as const) {
      const file = example(name);
      const report = { products: 20, variants: 22, refused: [], created: 0, updated: 0, unchanged: 0 };
      expect(told(await importing(file), 200, ImportReport)).toEqual({ ...report, ...changes });
      const count = await entries();
      expect(told(await importing(file), 200, ImportReport)).toEqual({ ...report, unchanged: 20 });
      expect(await entries()).toBe(count);
      const out = await exported();
      expect(out.status).toBe(200);
      expect(out.headers.get("content-type")).toBe("text/csv; charset=utf-8");
      expect(out.headers.get("cache-control")).toBe("no-store");
      expect(recordsOf(out.text)).toEqual(recordsOf(file));
      expect(told(await importing(out.text), 200, ImportReport)).toEqual({ ...report, unchanged: 20 });
    }
  });

  it("is read at the edge by page and filter, with 304, until it changes", async () => {
    const vendor = fresh("house");
    const rows = ["a", "b", "c"].map(
      (name) => `${vendor}-${name},Tree ${name}!,${vendor},Caps,"x, ${name}",10.00`,
    );
    told(
      await importing(["Handle,Title,Vendor,Type,Tags,Variant Price", ...rows].join("\n")),
      200,
      ImportReport,
    );
    const list = (query: string) => `/products?vendor=${vendor}${query}`;
    const first = await eventually("the list", async () => {
      const reply = await look(list("&limit=2"));
      expect(told(reply, 200, ProductsAnswer).products).toHaveLength(2);
      return reply;
    });
    const { next } = told(first, 200, ProductsAnswer);
    const second = told(await look(list(`&limit=2&after=${next}`)), 200, ProductsAnswer);
    expect([next, second.products.map(({ handle }) => handle), second.next]).toEqual([
      `${vendor}-b`,
      [`${vendor}-c`],
      null,
    ]);
    expect(told(await look(list("&tag=B")), 200, ProductsAnswer).products.map(({ title }) => title)).toEqual([
      "Tree b!",
    ]);
    expect(told(await look(list("&type=shoes")), 200, ProductsAnswer).products).toEqual([]);
    expect(told(await look(list("&q=C!%20tree")), 200, ProductsAnswer).products).toHaveLength(1);

    const path = `/products/${vendor}-a`;
    const one = await look(path);
    expect(told(one, 200, ProductAnswer)).toMatchObject({
      title: "Tree a!",
      variants: [{ priceMinor: 1_000 }],
    });
    expect(one.headers.get("cache-tag")).toBe(`catalog,catalog-product-${vendor}-a`);
    expect(one.headers.get("cache-control")).toMatch(/^public, max-age=\d+$/);
    const held = { "if-none-match": one.headers.get("etag") ?? "" };
    expect((await look(path, held)).status).toBe(304);
    const listed = { "if-none-match": first.headers.get("etag") ?? "" };
    expect((await look(list("&limit=2"), listed)).status).toBe(304);

    const request = { title: "Another", vendor, currency: "EUR", variants: [{ priceMinor: 1_250 }] };
    told(await askConsole(world, path, { method: "PUT", body: request }), 200, Product);
    await eventually("the change", async () => {
      expect(told(await look(path, held), 200, ProductAnswer)).toMatchObject({
        title: "Another",
        variants: [{ priceMinor: 1_250 }],
      });
      expect((await look(list("&limit=2"), listed)).status).toBe(200);
      return true;
    });
    expect((await askConsole(world, path, { method: "DELETE" })).status).toBe(204);
    expect((await askConsole(world, path, { method: "DELETE" })).status).toBe(204);
    await eventually("the end of the product", async () =>
      expectRefusal(await look(path), "product_not_found"),
    );
    expectRefusal(await askConsole(world, path), "product_not_found");
    expect(told(await look(list("")), 200, ProductsAnswer).products).toHaveLength(2);
  });

  it("is kept in D1, and asked there by the console", async () => {
    const vendor = fresh("House");
    const file = `Handle,Title,Vendor,Published,Variant Price,Variant SKU\n${fresh("x")},Zed %,${vendor},true,1,A\n${fresh("y")},Why,${vendor},false,2,B\n`;
    told(await importing(file), 200, ImportReport);
    const page = async (query: string) => {
      const reply = await askConsole(world, `/products?vendor=${vendor.toLowerCase()}${query}`);
      expect(reply.status, reply.text).toBe(200);
      return (reply.json as { rows: Product[]; next: string | null }).rows.map(({ title }) => title);
    };
    expect(await page("")).toEqual(["Zed %", "Why"]);
    expect(await page("&published=true")).toEqual(["Zed %"]);
    expect(await page("&published=false")).toEqual(["Why"]);
    expect(await page("&q=ZED")).toEqual(["Zed %"]);
    expect(await page("&q=%25")).toEqual(["Zed %"]);
    expect(await page("&limit=1")).toEqual(["Zed %"]);
    const database = await world.platform.miniflare.getD1Database("DB", "dropline-state");
    const { results } = await database
      .prepare("SELECT sku, price_minor FROM product_variants WHERE sku IN ('A', 'B') ORDER BY sku")
      .all();
    expect(results).toEqual([
      { sku: "A", price_minor: 100 },
      { sku: "B", price_minor: 200 },
    ]);
  });

  it("keeps markup and formulas to itself", async () => {
    const handle = fresh("bad");
    const file = `Handle,Title,Body (HTML),Variant Price,Note\n${handle},"=HYPERLINK(""x"")","<p>Hi</p><script>alert(1)</script>",1,+cmd\n`;
    told(await importing(file), 200, ImportReport);
    const product = await eventually("the product", async () =>
      told(await look(`/products/${handle}`), 200, ProductAnswer),
    );
    expect(product).toMatchObject({ description: "Hi", title: '=HYPERLINK("x")' });
    const line = (await exported()).text.split("\n").find((text) => text.includes(handle));
    expect(line).toContain(`"'=HYPERLINK(""x"")"`);
    expect(line).toContain("'+cmd");
    expect(told(await askConsole(world, `/products/${handle}`), 200, Product).bodyHtml).toContain("<script>");
  });

  it("takes prices in the currency that is said, exactly", async () => {
    const [yen, dinar] = [fresh("yen"), fresh("dinar")];
    told(await importing(`Handle,Title,Variant Price\n${yen},Yen,5000\n`, {}, "JPY"), 200, ImportReport);
    told(await importing(`Handle,Title,Variant Price\n${dinar},Dinar,1.234\n`, {}, "KWD"), 200, ImportReport);
    for (const [handle, currency, priceMinor] of [
      [yen, "JPY", 5_000],
      [dinar, "KWD", 1_234],
    ] as const)
      expect(told(await askConsole(world, `/products/${handle}`), 200, Product)).toMatchObject({
        currency,
        variants: [{ priceMinor }],
      });
    const refused = told(
      await importing(`Handle,Title,Variant Price\n${yen},Yen,50.5\n`, {}, "JPY"),
      200,
      ImportReport,
    );
    expect(refused).toMatchObject({ products: 0, refused: [{ code: "price_too_fine", line: 2 }] });
    expectRefusal(await importing("Handle,Title,Variant Price\n", {}, "euro"), "invalid_request");
  });

  it("refuses what is no such file, and changes nothing", async () => {
    const before = (await exported()).text;
    const handle = fresh("half");
    const unclosed = expectRefusal(
      await importing(`Handle,Title,Variant Price\n${handle},"A,1\n`),
      "catalog_file_refused",
    );
    expect(unclosed.errors).toEqual([{ path: "line 2", message: "quote_unclosed" }]);
    expect(unclosed.detail).toContain("quote");
    expectRefusal(await importingTooMuch(), "body_too_large");
    expectRefusal(
      await importing("{}", { headers: { "content-type": "application/json" } }),
      "unsupported_media_type",
    );
    const half = told(
      await importing(
        `Handle,Title,Option1 Name,Option1 Value,Variant Price\n${handle},A,Size,S,1\n${handle},,,M,x\n`,
      ),
      200,
      ImportReport,
    );
    expect(half).toMatchObject({
      products: 0,
      created: 0,
      refused: [{ line: 3, column: "Variant Price", handle }],
    });
    expectRefusal(await askConsole(world, `/products/${handle}`), "product_not_found");
    expectRefusal(
      await askConsole(world, `/products/${handle}`, { method: "PUT", body: { title: "x" } }),
      "invalid_request",
    );
    expect((await exported()).text).toBe(before);
  });

  it("as large as it may be in one file is taken", async () => {
    const start = fresh("many");
    const count = LIMITS.catalogProductsPerFileMax;
    const rows = Array.from(
      { length: count },
      (_, index) => `${start}-${index},Product ${index},${index}.00`,
    );
    const file = `Handle,Title,Variant Price\n${rows.join("\n")}\n`;
    expect(told(await importing(file), 200, ImportReport)).toMatchObject({ created: count });
    const kv = await world.platform.miniflare.getKVNamespace("CONFIG", "dropline-edge");
    const index = CatalogIndex.parse(await kv.get("catalog:index", "json"));
    expect(index.products.filter(({ handle }) => handle.startsWith(start))).toHaveLength(count);
    expect(told(await importing(file), 200, ImportReport)).toMatchObject({ unchanged: count });

    const big = fresh("big");
    const cells = Array.from({ length: 4 }, () => "é".repeat(30_000)).join(",");
    const wide = Array.from({ length: 10 }, (_, index) => `${big}-${index},Big,1,${cells}`);
    const large = `Handle,Title,Variant Price,b,c,d,e\n${wide.join("\n")}\n`;
    expect(told(await importing(large), 200, ImportReport)).toMatchObject({ created: 10, refused: [] });
    expect((await exported()).text).toContain(`${big}-9,Big,1`);
  });

  it("gives a drop its pictures; a drop over a variant that it lacks is not published", async () => {
    told(await importing(example("demo-catalog.csv")), 200, ImportReport);
    const drop = draftDrop({ skus: [{}, {}] });
    const document = drop.document as { skus: object[] };
    const over = (variants: string[]) => ({
      ...document,
      skus: document.skus.map((sku, index) => ({
        ...sku,
        product: "night-runner",
        variant: variants[index],
      })),
    });
    const publish = (given: object) =>
      askConsole(world, `/drops/${drop.id}/publish`, { method: "POST", body: { document: given } });
    const { errors } = expectRefusal(await publish(over(["NR-41", "NR-50"])), "document_invalid");
    expect(errors?.map(({ path }) => path)).toEqual(["skus.1.variant"]);
    expect((await publish(over(["NR-41", "EU 42"]))).status).toBe(200);
    const shown = await eventually("the drop", async () => {
      const answer = told(await look(`/drops/${drop.id}`), 200, DropAnswer);
      expect(answer.skus[0]?.imageUrl).not.toBeNull();
      return answer;
    });
    expect(shown.skus[1]).toMatchObject({
      product: "night-runner",
      options: [{ name: "Size", value: "EU 42" }],
    });
    const picture = await fetch(`${world.platform.urls.edge}${shown.skus[0]?.imageUrl}`);
    expect([picture.status, picture.headers.get("content-type")]).toEqual([200, "image/svg+xml"]);
    expect(picture.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    await picture.arrayBuffer();
  });
});
