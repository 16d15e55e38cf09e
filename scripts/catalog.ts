// `npm run catalog -- check|import|export FILE`: see scripts/catalog/options.ts. Reports go to standard output, all else to standard error.
import { readFile, rename, writeFile } from "node:fs/promises";
import type { CheckReport, ImportReport } from "../schema/catalog.ts";
import { readProductFile, reportOf } from "../workers/console/catalog/shopify/read-file.ts";
import { exportFile, importFile } from "./catalog/console.ts";
import { type CatalogOptions, HELP, parseCatalogOptions } from "./catalog/options.ts";
import { findConsole } from "./console/access.ts";

const PROGRESS_MS = 2_000;
const EXIT = { done: 0, refused: 1, failed: 2 } as const;

try {
  const options = parseCatalogOptions(process.argv.slice(2));
  if (options === null) console.log(HELP);
  else process.exitCode = await run(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = EXIT.failed;
}

async function run(options: CatalogOptions): Promise<number> {
  if (options.verb === "export") return await write(options);
  const bytes = new Uint8Array(await readFile(options.file));
  const read = readProductFile(bytes, options.currency);
  const checked = reportOf(read);
  if (options.verb === "check") return told(checked);
  // What cannot be read here cannot be read there: the report is the same.
  if (!read.ok) return told({ ...checked, created: 0, updated: 0, unchanged: 0 });
  const { products, variants, refused } = checked;
  console.error(
    `${products} products, ${variants} variants, prices in ${options.currency}; ${refused.length} rows refused.`,
  );
  const access = await findConsole({ console: options.console, edge: undefined });
  const startedAt = performance.now();
  const ticking = setInterval(() => {
    console.error(`  importing, ${Math.round((performance.now() - startedAt) / 1_000)} s`);
  }, PROGRESS_MS);
  const { currency } = options;
  return told(await importFile(access, { bytes, currency }).finally(() => clearInterval(ticking)));
}

/** Beside the file first, so that an export that breaks off leaves what was there. */
async function write({ file, console: asked }: CatalogOptions): Promise<number> {
  const bytes = await exportFile(await findConsole({ console: asked, edge: undefined }));
  const draft = `${file}.${process.pid}.part`;
  await writeFile(draft, bytes);
  await rename(draft, file);
  console.error(`Wrote ${file}, ${bytes.length} bytes.`);
  return EXIT.done;
}

function told(report: CheckReport | ImportReport): number {
  console.log(JSON.stringify(report, null, 2));
  return report.refused.length === 0 ? EXIT.done : EXIT.refused;
}
