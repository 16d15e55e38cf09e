import { posix } from "node:path";

export type Source = { path: string; text: string };
type Import = { from: string; isTypeOnly: boolean };

/** `zod/v4` and `@scope/name/part` are their packages; what is relative becomes a path from the root. */
const isOneOf = (from: string, ...names: string[]) =>
  names.some((name) => from === name || from.startsWith(`${name}/`));

/**
 * Who may import what, as STYLE has it, said over one file's path and text. Answers with what is breached, in words; reads
 * import lines only, so a name reached by other means is not seen.
 */
export function breaches({ path, text }: Source): string[] {
  const imports = readImports({ path, text });
  const room = path.split("/")[0] ?? "";
  const found: string[] = [];
  const complain = (what: string) => found.push(`${path}: ${what}`);
  for (const one of imports) {
    const { from } = one;
    if (room !== "test" && isOneOf(from, "test")) complain(`imports ${from}, but nobody imports test/`);
    if (room !== "scripts" && room !== "test" && isOneOf(from, "scripts"))
      complain(`imports ${from} of scripts/`);
    const why = REASONS[room]?.(path, one);
    if (why) complain(`imports ${from}, but ${why}`);
  }
  if (PRODUCTION.has(room) && !MAY_HOLD_SQL.test(path)) {
    if (
      imports.some(({ from, isTypeOnly }) => isOneOf(from, "drizzle-orm") && !isTypeOnly) &&
      room !== "schema"
    )
      complain("uses drizzle outside of a store");
    if (/\bsql\s*\.\s*exec\s*\(|\.prepare\s*\(/.test(text)) complain("holds SQL outside of a store");
  }
  return found;
}

const PRODUCTION = new Set(["schema", "durable-objects", "workers"]);
const MAY_HOLD_SQL = /(?:^|\/)(?:store|migrations|migrate)\.ts$/;

const STATE_LIBRARIES = [
  "schema",
  "durable-objects",
  "drizzle-orm",
  "cloudflare:workers",
  "node:crypto",
  "@noble/curves",
];

/** Pages' scripts, and what they share with the server: no zod, no Hono, nothing of Node. */
const BROWSER = /^workers\/edge\/(?:islands|line)\//;
const BROWSER_LIBRARIES = [
  "workers/edge/islands",
  "workers/edge/line",
  "schema/line-proof.ts",
  "schema/limits.ts",
  "@noble/curves",
];

const REASONS: Record<string, (path: string, one: Import) => string | null> = {
  schema: (_, { from }) =>
    isOneOf(from, "schema", "zod", "drizzle-orm") ? null : "schema/ imports only zod and drizzle",
  "durable-objects": (path, { from }) => {
    if (path.endsWith("/decide.ts")) return isOneOf(from, "schema") ? null : "decide.ts imports only schema/";
    return isOneOf(from, ...STATE_LIBRARIES)
      ? null
      : "durable-objects/ imports schema/, drizzle, cloudflare:workers, and what it hashes and verifies with";
  },
  workers: (path, { from, isTypeOnly }) => {
    if (BROWSER.test(path) && !isTypeOnly && !isOneOf(from, ...BROWSER_LIBRARIES))
      return "what browsers run imports workers/edge/line/, the bytes and limits of schema/, and @noble/curves";
    if (/\/verbs\//.test(path) && isOneOf(from, "hono")) return "verbs never see Hono";
    if (!isOneOf(from, "durable-objects") || isTypeOnly || /^workers\/[^/]+\/index\.ts$/.test(path))
      return null;
    return "workers/ import durable-objects/ as types only";
  },
};

function readImports({ path, text }: Source): Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const statements = code.matchAll(/^\s*(?:import|export)\s+(?:([^"';]*?)\s*from\s*)?["']([^"']+)["']/gm);
  const dynamic = code.matchAll(/\bimport\s*\(\s*["']([^"']+)["']\s*\)/g);
  return [
    ...[...statements].map(([, names = "", from = ""]) => ({
      from: resolve(path, from),
      isTypeOnly: areTypes(names),
    })),
    ...[...dynamic].map(([, from = ""]) => ({ from: resolve(path, from), isTypeOnly: false })),
  ];
}

function areTypes(names: string): boolean {
  if (/^type\b/.test(names.trim())) return true;
  const braces = /^\{([\s\S]*)\}$/.exec(names.trim());
  const listed = (braces?.[1] ?? "").split(",").filter((name) => name.trim() !== "");
  return listed.length > 0 && listed.every((name) => /^\s*type\s/.test(name));
}

function resolve(path: string, from: string): string {
  return from.startsWith(".") ? posix.join(posix.dirname(path), from) : from;
}
