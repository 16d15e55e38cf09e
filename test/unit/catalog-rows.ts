import { readFileSync } from "node:fs";
import { join } from "node:path";

export const example = (name: string) => readFileSync(join(import.meta.dirname, "../../examples", name));
export const HEAD = ["Handle", "Title", "Variant Price"];
export const many = (count: number, row: (index: number) => string[]) =>
  Array.from({ length: count }, (_, index) => row(index));
