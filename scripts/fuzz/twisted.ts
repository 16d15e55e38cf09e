import fc from "fast-check";
import type { Json } from "./document.ts";
import { isUse } from "./plan.ts";
import { ODD } from "./strange.ts";

/** Deep for a body, not for this process. */
const NESTED_LEVELS = 600;

/** One change anywhere in a value: another type, gone, one more field, too long, strange text, deep. */
export function twisted(value: Json): fc.Arbitrary<Json> {
  const paths = pathsOf(value);
  const odd = fc.constantFrom(...ODD);
  return fc.tuple(fc.constantFrom(...paths), fc.nat({ max: 6 }), odd).map(([path, kind, strange]) => {
    if (path.length === 0)
      return kind < 4 ? strange : { ...(typeof value === "object" ? value : {}), [String(strange)]: strange };
    return change(value, path, (parent, name) => {
      if (kind === 0) delete parent[name];
      else if (kind === 1) parent[`${String(name)}x`] = strange;
      else if (kind === 2) parent[name] = nested(NESTED_LEVELS);
      else parent[name] = strange;
    });
  });
}

function nested(depth: number): Json {
  let value: Json = 1;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

function pathsOf(value: Json, path: string[] = []): string[][] {
  if (typeof value !== "object" || value === null || isUse(value)) return [path];
  return [path, ...Object.entries(value).flatMap(([name, part]) => pathsOf(part, [...path, name]))];
}

function change(value: Json, path: string[], act: (parent: Json, name: string) => void): Json {
  const copy = structuredClone(value);
  const parent = path.slice(0, -1).reduce((part, name) => part[name], copy);
  act(parent, path.at(-1) ?? "");
  return copy;
}
