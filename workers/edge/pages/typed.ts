import * as z from "zod";
import { LIMITS } from "../../../schema/limits.ts";

const text = z.string().trim().max(LIMITS.urlMaxChars).catch("");

/** Everything that the checkout's form can say, as it was typed: so that it can be shown again. */
export const Typed = z.object({
  email: text,
  payment: text,
  /** The version of the terms that was agreed to. */
  terms: text,
  name: text,
  line1: text,
  line2: text,
  postalCode: text,
  city: text,
  region: text,
  country: text,
  /** Of the brand, for this basket and address. */
  quote: z.string().max(LIMITS.shippingQuoteMaxChars).catch(""),
});
export type Typed = z.infer<typeof Typed>;

export const NOTHING_TYPED: Typed = { ...Typed.parse({}), payment: "redirect" };
