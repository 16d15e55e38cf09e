import * as z from "zod";
import { chargesOf, regionFor } from "../../../schema/charges.ts";
import type { DropDocument, ShippingDocument } from "../../../schema/drop-document.ts";
import { Email, type OrderCharge, type PaymentMethod, ShippingAddress } from "../../../schema/http.ts";
import type { AmountMinor } from "../../../schema/money.ts";
import { COUNTRIES, ELSEWHERE } from "../../../schema/places.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Charging } from "../../../schema/rpc/orders.ts";
import type { FieldProblem } from "../pages/problems.tsx";
import type { Typed } from "../pages/typed.ts";
import { countryName, TEST_PAYMENTS } from "../pages/words.ts";

/** What the checkout's form says, once each field of it can be taken. */
export type Contact = { email: string; shippingAddress: ShippingAddress | undefined };

const MISSING: Record<string, string> = {
  name: "Please give the name on the door.",
  line1: "Please give street and number.",
  postalCode: "Please give the postal code.",
  city: "Please give the city.",
  country: "Please choose a country.",
};

export function readContact(document: DropDocument, typed: Typed): Result<Contact, FieldProblem[]> {
  const problems: FieldProblem[] = [];
  const email = Email.safeParse(typed.email);
  if (!email.success) {
    const words =
      typed.email === "" ? "Please give an email address." : "This is not a complete email address.";
    problems.push({ field: "email", words });
  }
  const address = document.shipping === null ? undefined : readAddress(document.shipping, typed);
  if (address !== undefined && !address.ok) problems.push(...address.refusal);
  if (!email.success || (address !== undefined && !address.ok)) return refuse(problems);
  return ok({ email: email.data, shippingAddress: address?.value });
}

function readAddress(
  shipping: ShippingDocument,
  { name, line1, line2, city, postalCode, region, country }: Typed,
): Result<ShippingAddress, FieldProblem[]> {
  const isTold = (part: string) => part !== "";
  const parsed = ShippingAddress.safeParse({
    ...{ name, line1, city, postalCode, country },
    ...(isTold(line2) ? { line2 } : {}),
    ...(isTold(region) ? { region } : {}),
  });
  if (!parsed.success) {
    const fields = new Set(parsed.error.issues.map(({ path }) => String(path[0])));
    const typedIn: Record<string, string> = { name, line1, line2, city, postalCode, region, country };
    return refuse(
      [...fields].map((field) => ({
        field,
        words:
          typedIn[field] === "" || field === "country"
            ? (MISSING[field] ?? "Please fill this in.")
            : "This is too long.",
      })),
    );
  }
  if (!countriesOf(shipping).includes(parsed.data.country)) {
    return refuse([{ field: "country", words: `This drop does not ship to ${countryName(country)}.` }]);
  }
  return ok(parsed.data);
}

/** Where a drop ships to, as people look for it: by name. */
export function countriesOf(shipping: ShippingDocument | null): string[] {
  if (shipping === null) return [];
  const named =
    "regions" in shipping ? shipping.regions.flatMap(({ countries }) => countries) : shipping.countries;
  const codes = named.includes(ELSEWHERE) ? COUNTRIES : [...new Set(named)];
  return codes.toSorted((one, other) => countryName(one).localeCompare(countryName(other), "en"));
}

/** What comes to the lines by a table, before anything is ordered: by the same arithmetic as the order's own. */
export function chargingOf({ shipping }: DropDocument, country: string): Charging {
  const region =
    shipping !== null && "regions" in shipping ? regionFor(shipping.regions, country) : undefined;
  return region === undefined ? { kind: "none" } : { kind: "table", region };
}

/** Amounts that the order would refuse are shown without charges: it says so itself. */
export function chargesFor(
  charging: Charging,
  { currency }: DropDocument,
  subtotalMinor: AmountMinor,
): { charges: OrderCharge[]; totalMinor: AmountMinor } {
  const priced = chargesOf(charging, { subtotalMinor, currency });
  return priced.ok ? priced.value : { charges: [], totalMinor: subtotalMinor };
}

export function readConsent(
  { terms }: DropDocument,
  { terms: agreed }: Typed,
): Result<{ termsVersion: string } | undefined, FieldProblem[]> {
  if (terms === null) return ok(undefined);
  if (agreed === terms.version) return ok({ termsVersion: agreed });
  const words =
    agreed === ""
      ? "To order, you have to agree to the terms."
      : "The terms have changed since you agreed. Please read them again.";
  return refuse([{ field: "terms", words }]);
}

/** A test token is the sandbox's and of no use elsewhere; whoever sends one in live mode pays at the gateway like everybody. */
export function readPayment({ mode }: DropDocument, { payment }: Typed): PaymentMethod {
  const isTest = mode === "test" && TEST_PAYMENTS.some(([token]) => token === payment);
  return isTest ? { kind: "token", token: payment } : { kind: "redirect" };
}

/** Which button was pressed. Enter in a field presses the first, so only the last one orders. */
export const Step = z.enum(["edit", "contact", "order"]).catch("contact");
export type Step = z.infer<typeof Step>;
