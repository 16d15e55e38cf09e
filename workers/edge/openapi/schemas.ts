import * as z from "zod";
import * as http from "../../../schema/http.ts";
import * as ids from "../../../schema/ids.ts";
import { SkuLevel, Snapshot } from "../../../schema/line.ts";
import { AmountMinor, Currency } from "../../../schema/money.ts";
import { Problem } from "../../../schema/refusals.ts";
import type { AnyOperation } from "./operation.ts";

// biome-ignore lint/suspicious/noExplicitAny: a JSON document under construction.
export type Json = Record<string, any>;
type Direction = "input" | "output";

/** The components of a document, and which of its shapes is which of them. */
export type Shapes = { components: Json; names: Record<Direction, Map<z.ZodType, string>> };

/** Shapes that are told once and referred to. The leaves are the same in both directions. */
const LEAVES: Record<string, z.ZodType> = {
  DropId: ids.DropId,
  SkuId: ids.SkuId,
  ShopperId: ids.ShopperId,
  TicketId: ids.TicketId,
  ReservationId: ids.ReservationId,
  OrderId: ids.OrderId,
  AmountMinor,
  Currency,
};
const INPUTS: Record<string, z.ZodType> = { BasketLine: http.BasketLine, PaymentMethod: http.PaymentMethod };
const OUTPUTS: Record<string, z.ZodType> = {
  Problem,
  SkuLevel,
  Snapshot,
  PricedLine: http.PricedLine,
  OrderCharge: http.OrderCharge,
  Order: http.OrderAnswer,
  Basket: http.ReservationAnswer,
  Session: http.SessionAnswer,
  Ticket: http.TicketAnswer,
  Pass: http.PassAnswer,
};

/** Each body and answer of the operations becomes a component, named after its operation unless it has a name above. */
export function componentsOf(operations: readonly AnyOperation[]): Shapes {
  const names = { input: named({ ...LEAVES, ...INPUTS }), output: named({ ...LEAVES, ...OUTPUTS }) };
  for (const { id, body, answer } of operations) {
    const name = id[0]?.toUpperCase() + id.slice(1);
    if (body !== undefined && !names.input.has(body)) names.input.set(body, `${name}Request`);
    if (answer.shape !== null && !names.output.has(answer.shape))
      names.output.set(answer.shape, `${name}Answer`);
  }
  const components = { ...convert(names.input, "input"), ...convert(names.output, "output") };
  // Which codes can come is said where they can.
  components.Problem.properties.code = { type: "string", description: "Stable; what a client switches on" };
  return { components, names };
}

/** A reference where the shape is a component, else the schema itself. */
export function schemaOf(shape: z.ZodType, direction: Direction, { names }: Shapes): Json {
  const name = names[direction].get(shape);
  return name === undefined ? tidy(z.toJSONSchema(shape, optionsOf(direction))) : { $ref: refTo(name) };
}

const named = (shapes: Record<string, z.ZodType>) =>
  new Map(Object.entries(shapes).map(([name, shape]) => [shape, name]));

const refTo = (name: string) => `#/components/schemas/${name}`;

function convert(names: Map<z.ZodType, string>, direction: Direction): Json {
  const registry = z.registry<{ id: string }>();
  for (const [shape, id] of names) registry.add(shape, { id });
  const { schemas } = z.toJSONSchema(registry, { ...optionsOf(direction), uri: refTo });
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, tidy(schema)]));
}

function optionsOf(io: Direction) {
  return {
    io,
    override: ({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: Json }) => {
      // What zod strips of an answer is nobody's promise: only strict shapes refuse other fields.
      if (zodSchema._zod.def.type === "object" && zodSchema._zod.def.catchall === undefined)
        delete jsonSchema.additionalProperties;
      // The range of exact integers in a double says nothing.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  };
}

function tidy({ $schema: _schema, $id: _id, id: _name, "~standard": _standard, ...schema }: Json): Json {
  return schema;
}
