// Writes the published client of the line into public/: `npm run line-client`. A test says when that was forgotten.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const ROOT = join(import.meta.dirname, "..");
const SOURCE = "workers/edge/line/client.ts";
/** The number is the major version: what is under it may gain, and never loses or changes its meaning. */
export const LINE_CLIENT = join(ROOT, "public/line-client/1");

/** The client as modules that browsers, Deno and Node take as they are, with their types; by file name. */
export async function lineClientFiles(): Promise<Map<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), "dropline-line-client-"));
  const options =
    "--ignoreConfig --declaration --strict --target es2022 --module esnext --moduleResolution bundler";
  const paths = "--lib es2022,dom --rewriteRelativeImportExtensions --outDir";
  const args = [...`${options} ${paths}`.split(" "), folder, SOURCE];
  try {
    await promisify(execFile)(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), ...args], {
      cwd: ROOT,
    });
    const names = (await readdir(folder)).sort();
    const texts = names.map(
      async (name) => [name, withEndings(await readFile(join(folder, name), "utf8"))] as const,
    );
    return new Map(await Promise.all(texts));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The compiler leaves the sources' endings in declarations. */
function withEndings(text: string): string {
  return text.replace(/(from "\.\/[a-z-]+)\.ts"/g, '$1.js"');
}

if (process.argv[1] === import.meta.filename) {
  await mkdir(LINE_CLIENT, { recursive: true });
  for (const [name, text] of await lineClientFiles()) await writeFile(join(LINE_CLIENT, name), text);
}
