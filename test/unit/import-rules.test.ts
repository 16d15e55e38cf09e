import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { breaches, type Source } from "./import-rules.ts";

const ROOT = join(import.meta.dirname, "../..");

function sourcesOf(room: string): Source[] {
  return readdirSync(join(ROOT, room), { recursive: true, encoding: "utf8" })
    .map((path) => join(room, path).replaceAll("\\", "/"))
    .filter(
      (path) => /\.(?:ts|tsx|mjs)$/.test(path) && !path.endsWith(".d.ts") && !path.includes("node_modules"),
    )
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

describe("in this tree", () => {
  test.each(["schema", "durable-objects", "workers", "scripts"])("%s/ imports only what it may", (room) => {
    const sources = sourcesOf(room);
    expect(sources.length).toBeGreaterThan(3);
    expect(sources.flatMap(breaches)).toEqual([]);
  });
});

const DECIDE = "durable-objects/sku-stock/decide.ts";

describe("the rules refuse", () => {
  test.each<[string, string, string, string]>([
    [
      "schema that imports a library",
      "schema/ids.ts",
      'import { Hono } from "hono";',
      "only zod and drizzle",
    ],
    [
      "schema that imports the objects",
      "schema/ids.ts",
      'import type { A } from "../durable-objects/index.ts";',
      "only zod and drizzle",
    ],
    [
      "a decision that imports more than words",
      DECIDE,
      'import { logError } from "../log.ts";',
      "only schema/",
    ],
    [
      "a decision that imports its store's types",
      DECIDE,
      'import type { Level } from "./store.ts";',
      "only schema/",
    ],
    [
      "a decision that sees the platform",
      DECIDE,
      'import { env } from "cloudflare:workers";',
      "only schema/",
    ],
    [
      "an object that imports a Worker",
      "durable-objects/log.ts",
      'import { a } from "../workers/edge/app.ts";',
      "durable-objects/ imports",
    ],
    [
      "an object that imports a library",
      "durable-objects/log.ts",
      'export { z } from "zod";',
      "durable-objects/ imports",
    ],
    [
      "a Worker that runs the objects' code",
      "workers/edge/app.ts",
      'import { SkuStock } from "../../durable-objects/index.ts";',
      "as types only",
    ],
    [
      "one value among types",
      "workers/edge/app.ts",
      'import { type A, b } from "../../durable-objects/index.ts";',
      "as types only",
    ],
    [
      "an import for its effects",
      "workers/edge/app.ts",
      'import "../../durable-objects/index.ts";',
      "as types only",
    ],
    [
      "an import at run time",
      "workers/edge/app.ts",
      'const a = await import("../../durable-objects/log.ts");',
      "as types only",
    ],
    [
      "an import over several lines",
      "workers/edge/app.ts",
      'import {\n  a,\n  b,\n} from "../../durable-objects/log.ts";',
      "as types only",
    ],
    [
      "a verb that sees Hono",
      "workers/edge/verbs/place-order.ts",
      'import type { Context } from "hono";',
      "never see Hono",
    ],
    [
      "a verb that sees a part of Hono",
      "workers/edge/verbs/place-order.ts",
      'import { html } from "hono/html";',
      "never see Hono",
    ],
    [
      "a page's script that imports a library",
      "workers/edge/islands/proof.ts",
      'import * as z from "zod";',
      "what browsers run",
    ],
    [
      "the client's arithmetic that imports the server's shapes",
      "workers/edge/line/arithmetic.ts",
      'import { Snapshot } from "../../../schema/line.ts";',
      "what browsers run",
    ],
    [
      "a verifier that imports Node",
      "workers/edge/line/verify/bytes.ts",
      'import { createHash } from "node:crypto";',
      "what browsers run",
    ],
    [
      "a test that is imported",
      "workers/edge/app.ts",
      'import { fake } from "../../test/unit/fakes.ts";',
      "nobody imports test/",
    ],
    [
      "a test that a script imports",
      "scripts/run.ts",
      'import { fake } from "../test/unit/fakes.ts";',
      "nobody imports test/",
    ],
    [
      "a script in production",
      "workers/edge/app.ts",
      'import { run } from "../../scripts/run.ts";',
      "of scripts/",
    ],
    [
      "SQL in a shell",
      "durable-objects/sku-stock/sku-stock.ts",
      'storage.sql.exec("SELECT 1");',
      "outside of a store",
    ],
    ["SQL in a decision", DECIDE, 'sql . exec ("SELECT 1");', "outside of a store"],
    [
      "a statement for D1 in a verb",
      "workers/console/verbs/a.ts",
      'db.prepare("SELECT 1")',
      "outside of a store",
    ],
    [
      "drizzle in a verb",
      "workers/console/verbs/a.ts",
      'import { sql } from "drizzle-orm";',
      "outside of a store",
    ],
  ])("%s", (_, path, text, why) => {
    expect(breaches({ path, text }).join()).toContain(why);
  });
});

test.each<[string, string, string]>([
  [
    "types of the objects in a Worker",
    "workers/edge/app.ts",
    'import type { A } from "../../durable-objects/index.ts";',
  ],
  [
    "types in braces",
    "workers/edge/app.ts",
    'import { type A, type B } from "../../durable-objects/index.ts";',
  ],
  [
    "the objects in a Worker's entry",
    "workers/edge/index.ts",
    'import { A } from "../../durable-objects/index.ts";',
  ],
  ["drizzle in a store", "workers/console/store.ts", 'import { sql } from "drizzle-orm";'],
  ["SQL in a store", "durable-objects/sku-stock/store.ts", 'this.#sql.exec("SELECT 1");'],
  ["what only a comment names", DECIDE, '// import { a } from "../log.ts";\n/* import "hono"; */'],
  ["a package that begins like a room", "schema/a.ts", 'import * as z from "zod/v4";'],
  [
    "a verifier that takes types and exact bytes of schema/",
    "workers/edge/line/verify/a.ts",
    'import type { A } from "../../../../schema/line.ts";\nimport { PREFIXES } from "../../../../schema/line-proof.ts";',
  ],
])("the rules allow %s", (_, path, text) => {
  expect(breaches({ path, text })).toEqual([]);
});
