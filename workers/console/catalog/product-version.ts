import { createHash } from "node:crypto";

/** SHA-256 of a header: columns in another order are another layout. */
export function layoutId(columns: readonly string[]): string {
  return digest(JSON.stringify(columns));
}

/** Two products with one version have the same cells under the same header, read in the same currency. */
export function productVersion(
  layout: string,
  rows: readonly (readonly string[])[],
  currency: string,
): string {
  return digest(JSON.stringify([layout, rows, currency]));
}

const digest = (text: string) => createHash("sha256").update(text).digest("hex");
