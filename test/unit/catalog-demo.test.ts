import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { variantNamed } from "../../schema/catalog.ts";
import { DropDocument } from "../../schema/drop-document.ts";
import { parseCatalogOptions } from "../../scripts/catalog/options.ts";
import { taken } from "./catalog-files.ts";

const ROOT = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

describe("the demo", () => {
  const { products, refused } = taken(readFileSync(join(ROOT, "examples/demo-catalog.csv")));
  const drop = DropDocument.parse(JSON.parse(read("examples/demo-drop.json")));

  test("sells two products in three sizes each, all of which its catalog has at the same price", () => {
    expect(refused).toEqual([]);
    expect(products.map(({ product }) => product.variants.length)).toEqual([3, 3]);
    expect(drop.skus).toHaveLength(6);
    for (const { product: handle, variant, priceMinor } of drop.skus) {
      const found = products.find(({ product }) => product.handle === handle)?.product;
      expect(found && variantNamed(found, variant)?.priceMinor, `${handle} ${variant}`).toBe(priceMinor);
    }
  });

  test("has pictures of its own, each described, under names that change with them", () => {
    const names = readdirSync(join(ROOT, "public/images"));
    const shown = products.flatMap(({ product }) => product.images);
    expect(shown.map(({ url }) => url.replace("/images/", "")).sort()).toEqual(names.sort());
    for (const { altText } of shown) expect(altText).not.toBe("");
    for (const name of names) {
      const picture = read(join("public/images", name));
      expect(name).toMatch(/^[a-z-]+-[0-9a-f]{8}\.svg$/);
      expect(name).toContain(createHash("sha256").update(picture).digest("hex").slice(0, 8));
      expect(picture).not.toMatch(/<script|\bon\w+=|href=|<foreignObject/i);
    }
    expect(read("public/_headers")).toMatch(
      /^\/images\/\*\n {2}Cache-Control: public, max-age=31536000, immutable$/m,
    );
  });
});

describe("npm run catalog", () => {
  test("looks for its file where it was typed", () => {
    expect(parseCatalogOptions(["check", "a.csv"], "/home/shop")).toMatchObject({
      verb: "check",
      file: "/home/shop/a.csv",
      currency: "EUR",
    });
    expect(
      parseCatalogOptions(["import", "/b.csv", "--currency", "JPY", "--console", "http://c"], "/"),
    ).toMatchObject({ verb: "import", file: "/b.csv", currency: "JPY", console: "http://c" });
    expect(parseCatalogOptions(["--help"])).toBeNull();
  });
  test.each([
    [["delete", "a"]],
    [["check"]],
    [["check", "a", "b"]],
    [["import", "a", "--currency", "euro"]],
    [["check", "a", "--what"]],
  ])("does not understand %j", (args) => {
    expect(() => parseCatalogOptions(args)).toThrow();
  });
});
