// Builds the pages' scripts into public/: `node scripts/launch.mjs scripts/islands.ts`. Booting and deploying do so too.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const SOURCES = join(ROOT, "workers/edge/islands");
const PUBLIC = join(ROOT, "public");
const FOLDER = "/assets/islands";
const NAMES = join(ROOT, "workers/edge/pages/islands.ts");
const HASH_DIGITS = 8;

export type Island = { name: string; path: string; content: Uint8Array };

/** Each file of `workers/edge/islands/` as one module for browsers, under a name that carries the first digits of its SHA-256. */
export async function bundleIslands(): Promise<Island[]> {
  const { build } = await import("esbuild");
  const files = (await readdir(SOURCES)).filter((file) => file.endsWith(".ts")).sort();
  return Promise.all(
    files.map(async (file) => {
      const { outputFiles } = await build({
        entryPoints: [join(SOURCES, file)],
        absWorkingDir: ROOT,
        bundle: true,
        write: false,
        minify: true,
        format: "esm",
        target: "es2022",
        platform: "browser",
        legalComments: "none",
        logLevel: "silent",
      });
      const content = outputFiles[0]?.contents ?? new Uint8Array();
      const hash = createHash("sha256").update(content).digest("hex").slice(0, HASH_DIGITS);
      const name = basename(file, ".ts");
      return { name, path: `${FOLDER}/${name}-${hash}.js`, content };
    }),
  );
}

/** The module that tells pages the names. It is committed; the scripts that it names are not. */
export function namesOf(islands: Island[]): string {
  const lines = islands.map(({ name, path }) => `  ${name}: "${path}",`);
  return [
    "/** Written by `scripts/islands.ts`: the pages' scripts, each by its source's name. */",
    "export const ISLANDS = {",
    ...lines,
    "} as const;",
    "",
  ].join("\n");
}

/** Puts the scripts and their names in place; those of earlier builds go. Writes only what changed. */
export async function placeIslands(): Promise<void> {
  const islands = await bundleIslands();
  const folder = join(PUBLIC, FOLDER);
  await mkdir(folder, { recursive: true });
  const present = new Set(await readdir(folder));
  for (const { path, content } of islands) {
    if (!present.delete(basename(path))) await replace(join(PUBLIC, path), content);
  }
  await Promise.all([...present].map((file) => rm(join(folder, file), { force: true })));
  const names = namesOf(islands);
  if ((await readFile(NAMES, "utf8").catch(() => "")) !== names) await replace(NAMES, names);
}

async function replace(file: string, content: string | Uint8Array): Promise<void> {
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, content);
  await rename(draft, file);
}

if (process.argv[1] === import.meta.filename) await placeIslands();
