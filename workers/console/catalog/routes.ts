import { Hono } from "hono";
import { stream } from "hono/streaming";
import * as z from "zod";
import { Handle, ProductRequest, ProductsQuery } from "../../../schema/catalog.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { Currency } from "../../../schema/money.ts";
import type { ConsoleContext } from "../app.ts";
import { pageOf } from "../page.ts";
import { methodNotAllowed, problem } from "../problem.ts";
import { check, limitBody, readJson } from "../request.ts";
import { deleteProduct } from "./verbs/delete-product.ts";
import { exportCatalog } from "./verbs/export-catalog.ts";
import { importCatalog } from "./verbs/import-catalog.ts";
import { putProduct } from "./verbs/put-product.ts";

/** The file does not say in which currency its prices are. */
const ImportQuery = z.strictObject({ currency: Currency });
const ListQuery = ProductsQuery.extend({
  published: z
    .enum(["true", "false"])
    .transform((word) => word === "true")
    .optional(),
});
const ProductPath = z.object({ handle: Handle });

/** The catalog as the brand works with it. What shoppers see follows from it through KV, within a minute or two. */
export function catalogRoutes() {
  return new Hono<ConsoleContext>()
    .post("/catalog/imports", limitBody(LIMITS.catalogFileMaxBytes), async (context) => {
      const query = check(ImportQuery, context.req.query());
      if (!query.ok) return problem(context, query.refusal);
      if (!/^text\/csv\s*(?:;|$)/i.test(context.req.header("Content-Type") ?? ""))
        return problem(context, { code: "unsupported_media_type", detail: "Send text/csv." });
      const bytes = new Uint8Array(await context.req.arrayBuffer());
      const imported = await importCatalog(context.var.deps, { bytes, ...query.value });
      return imported.ok ? context.json(imported.value) : problem(context, imported.refusal);
    })
    .get("/catalog/export", (context) => {
      context.header("Content-Type", "text/csv; charset=utf-8");
      context.header("Content-Disposition", 'attachment; filename="catalog.csv"');
      return stream(context, async (out) => {
        for await (const part of exportCatalog(context.var.deps)) await out.write(part);
      });
    })
    .get("/products", async (context) => {
      const query = check(ListQuery, context.req.query());
      if (!query.ok) return problem(context, query.refusal);
      const {
        after = "",
        limit,
        vendor = null,
        type = null,
        tag = null,
        q = null,
        published = null,
      } = query.value;
      const page = { after, limit, vendor, type, tag, q, isPublished: published };
      const rows = (await context.var.deps.catalog.page(page)).map(({ product }) => product);
      return context.json(pageOf(rows, limit, ({ handle }) => handle));
    })
    .get("/products/:handle", async (context) => {
      const path = check(ProductPath, context.req.param());
      if (!path.ok) return problem(context, { code: "product_not_found" });
      const [stored] = await context.var.deps.catalog.read([path.value.handle]);
      return stored === undefined
        ? problem(context, { code: "product_not_found" })
        : context.json(stored.product);
    })
    .put("/products/:handle", limitBody(LIMITS.productMaxBytes), async (context) => {
      const path = check(ProductPath, context.req.param());
      if (!path.ok) return problem(context, path.refusal);
      const body = await readJson(context);
      if (!body.ok) return problem(context, body.refusal);
      const request = check(ProductRequest, body.value);
      if (!request.ok) return problem(context, request.refusal);
      const stored = await putProduct(context.var.deps, path.value.handle, request.value);
      return stored.ok ? context.json(stored.value) : problem(context, stored.refusal);
    })
    .delete("/products/:handle", async (context) => {
      const path = check(ProductPath, context.req.param());
      if (!path.ok) return problem(context, { code: "product_not_found" });
      await deleteProduct(context.var.deps, path.value.handle);
      return context.body(null, 204);
    })
    .all("/catalog/imports", methodNotAllowed("POST"))
    .all("/catalog/export", methodNotAllowed("GET", "HEAD"))
    .all("/products", methodNotAllowed("GET", "HEAD"))
    .all("/products/:handle", methodNotAllowed("GET", "HEAD", "PUT", "DELETE"));
}
