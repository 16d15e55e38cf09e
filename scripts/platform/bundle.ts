import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { V4WorkerOptions } from "miniflare";
import { placeIslands } from "../islands.ts";
import { placeReferenceScript } from "../reference-script.ts";

export const ROOT = join(import.meta.dirname, "..", "..");

const CONFIGS = [
  "wrangler.toml",
  "durable-objects/wrangler.toml",
  "workers/payments/wrangler.toml",
  "workers/console/wrangler.toml",
];
const MIGRATIONS = join(ROOT, "migrations");
const SHARED_INPUTS = ["package-lock.json", "scripts/platform/bundle.ts"];

export interface BundledScript {
  name: string;
  code: string;
  secretNames: string[];
  options: V4WorkerOptions;
}

export interface Migration {
  name: string;
  statements: string[];
}

export interface Bundle {
  scripts: BundledScript[];
  migrations: Migration[];
}

interface Stored extends Bundle {
  root: string;
  listing: string[];
  inputs: Record<string, string>;
}

/**
 * The four scripts as single modules, their options as wrangler reads them, and the split migrations.
 * Kept in `dir` and used again while every file that went in still has the same content.
 */
export async function bundlePlatform(dir: string): Promise<Bundle> {
  await Promise.all([placeReferenceScript(), placeIslands()]);
  const file = join(dir, "platform.json");
  const listing = await listMigrations();
  const kept = await readKept(file);
  if (kept !== undefined && (await isCurrent(kept, listing))) return kept;
  const built = await build(listing);
  await mkdir(dir, { recursive: true });
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, JSON.stringify(built));
  await rename(draft, file);
  return built;
}

async function build(listing: string[]): Promise<Stored> {
  // wrangler prints what it infers about secrets; they are given at boot here.
  process.env.WRANGLER_LOG ??= "none";
  const [wrangler, esbuild] = await Promise.all([import("wrangler"), import("esbuild")]);
  const inputs = new Set([...SHARED_INPUTS, ...CONFIGS, ...listing.map((name) => `migrations/${name}`)]);
  const scripts = await Promise.all(
    CONFIGS.map(async (path): Promise<BundledScript> => {
      const config = wrangler.unstable_readConfig({ config: join(ROOT, path) }, { hideWarnings: true });
      const { workerOptions, main } = wrangler.unstable_getMiniflareWorkerOptions(config);
      if (config.name === undefined || main === undefined) throw new Error(`${path} names no script`);
      const { outputFiles, metafile } = await esbuild.build({
        entryPoints: [main],
        absWorkingDir: ROOT,
        bundle: true,
        write: false,
        metafile: true,
        format: "esm",
        target: "es2024",
        platform: "browser",
        conditions: ["workerd", "worker", "browser"],
        external: ["cloudflare:*", "node:*"],
        loader: { ".html": "text", ".txt": "text", ".sql": "text" },
        define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
        keepNames: config.keep_names ?? true,
        sourcemap: "inline",
        logLevel: "silent",
      });
      for (const input of Object.keys(metafile.inputs)) inputs.add(input);
      return {
        name: config.name,
        code: outputFiles[0]?.text ?? "",
        secretNames: config.secrets?.required ?? [],
        options: workerOptions as V4WorkerOptions,
      };
    }),
  );
  const migrations = await Promise.all(
    listing.map(async (name) => ({
      name,
      statements: wrangler.unstable_splitSqlQuery(await readFile(join(MIGRATIONS, name), "utf8")),
    })),
  );
  const hashes = await Promise.all([...inputs].map(async (path) => [path, await hash(path)] as const));
  return { root: ROOT, listing, inputs: Object.fromEntries(hashes), scripts, migrations };
}

async function listMigrations(): Promise<string[]> {
  if (!existsSync(MIGRATIONS)) return [];
  return (await readdir(MIGRATIONS)).filter((name) => name.endsWith(".sql")).sort();
}

async function readKept(file: string): Promise<Stored | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Stored;
  } catch {
    return undefined;
  }
}

async function isCurrent(kept: Stored, listing: string[]): Promise<boolean> {
  if (kept.root !== ROOT || kept.listing.join() !== listing.join()) return false;
  const same = await Promise.all(
    Object.entries(kept.inputs).map(async ([path, expected]) => (await hash(path)) === expected),
  );
  return same.every(Boolean);
}

async function hash(path: string): Promise<string> {
  try {
    const content = await readFile(join(ROOT, path));
    return createHash("sha256").update(content).digest("base64url");
  } catch {
    return "absent";
  }
}
