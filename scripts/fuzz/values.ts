import fc from "fast-check";
import type { Api, Json } from "./document.ts";

/** Values of a schema: those that it allows, its bounds often; names that answers have had are taken from there mostly. */
export function valid(api: Api, given: Json, name: string, example: Json, depth = 0): fc.Arbitrary<Json> {
  const schema = api.resolve(given);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices !== undefined)
    return fc.oneof(...choices.map((one: Json) => valid(api, one, name, example, depth + 1)));
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case "object":
      return objectOf(api, schema, example, depth);
    case "array": {
      const item = valid(api, schema.items ?? {}, name.replace(/s$/, ""), example?.[0], depth + 1);
      const bounds = { minLength: schema.minItems ?? 0, maxLength: Math.min(schema.maxItems ?? 4, 12) };
      // Few as a rule, and up to the bound now and then.
      return fc.oneof(
        {
          weight: 5,
          arbitrary: fc.array(item, {
            ...bounds,
            maxLength: Math.min(bounds.maxLength, bounds.minLength + 2),
          }),
        },
        { weight: 1, arbitrary: fc.array(item, bounds) },
      );
    }
    case "integer":
    case "number": {
      const least = schema.minimum ?? -1_000;
      const most = schema.maximum ?? 1_000_000;
      return fc.oneof(
        fc.constantFrom(least, most, Math.min(most, least + 1)),
        fc.integer({ min: Math.ceil(least), max: Math.floor(Math.min(most, least + 3)) }),
      );
    }
    case "boolean":
      return fc.boolean();
    case "string":
      return stringOf(api, schema, name, example);
    default:
      return fc.constant(example ?? null);
  }
}

function objectOf(api: Api, schema: Json, example: Json, depth: number): fc.Arbitrary<Json> {
  const required = new Set<string>(schema.required ?? []);
  const fields = Object.entries<Json>(schema.properties ?? {});
  const model = Object.fromEntries(
    fields.map(([name, field]) => [name, valid(api, field, name, example?.[name], depth + 1)]),
  );
  return fc.record(model, { requiredKeys: [...required] as never[] });
}

function stringOf(api: Api, schema: Json, name: string, example: Json): fc.Arbitrary<Json> {
  const made = madeString(schema);
  const plain =
    typeof example === "string"
      ? fc.oneof({ weight: 6, arbitrary: fc.constant(example) }, { weight: 1, arbitrary: made })
      : made;
  const source = sourceOf(name, api.answered);
  return source === undefined ? plain : mostlyUsed(source, plain);
}

/** A part of a path: a number there names something, as a cohort does, where in a body it is only an amount. */
export function partOf(api: Api, schema: Json, name: string): fc.Arbitrary<Json> {
  const plain = valid(api, schema, name, undefined);
  const isCounted = api.resolve(schema).type === "integer" && api.counted.has(name);
  return isCounted ? mostlyUsed(name, plain) : plain;
}

function mostlyUsed(source: string, plain: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  const use = fc.record({
    $use: fc.constant(source),
    whose: fc.oneof(
      { weight: 9, arbitrary: fc.constant("own") },
      { weight: 1, arbitrary: fc.constant("other") },
    ),
    pick: fc.nat({ max: 1_000 }),
    otherwise: plain,
  });
  return fc.oneof({ weight: 9, arbitrary: use }, { weight: 1, arbitrary: plain });
}

function madeString({ pattern, minLength = 0, maxLength = 64 }: Json): fc.Arbitrary<string> {
  const fits = (text: string) => text.length >= minLength && text.length <= maxLength;
  if (pattern === undefined) {
    const most = "x".repeat(Math.min(maxLength, 4_096));
    return fc.oneof(fc.string({ minLength, maxLength: Math.min(maxLength, 40) }), fc.constant(most));
  }
  const key = JSON.stringify([pattern, minLength, maxLength]);
  const made =
    MATCHING.get(key) ?? fc.sample(fc.stringMatching(new RegExp(pattern, "u")).filter(fits), MATCHES);
  MATCHING.set(key, made);
  return fc.constantFrom(...made);
}

/** Strings that match a pattern take milliseconds each to make: a handful of each pattern is made once. */
const MATCHES = { numRuns: 24, seed: 1 };
const MATCHING = new Map<string, string[]>();

/** `ticket` is filled from answers' `ticket`, `drop` from `dropId`, an `entry` by what it is an entry of. */
function sourceOf(name: string, answered: Set<string>): string | undefined {
  if (name === "entry") return "reservationId";
  if (answered.has(name)) return name;
  if (answered.has(`${name}Id`)) return `${name}Id`;
  return name === "drop" || name === "sku" ? `${name}Id` : undefined;
}
