import { regionFor } from "../../../schema/charges.ts";
import type { DropDocument } from "../../../schema/drop-document.ts";
import type { PlaceRequest, ShippingAddress } from "../../../schema/http.ts";
import { ELSEWHERE } from "../../../schema/places.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Charging, OrderClaim, OrderTerms, OrderTermsRefusal } from "../../../schema/rpc/orders.ts";
import { addressIdentity, mailDigest } from "../identity/identities.ts";
import { readQuote } from "./quote.ts";

type Judged<Value> = Result<Value, OrderTermsRefusal>;
type Asked = { document: DropDocument; request: PlaceRequest; nowMs: number };

/** By which terms of the document an order may be made; or what is missing for that, told by a refusal. */
export async function orderTerms(asked: Asked): Promise<Judged<OrderTerms>> {
  const { document, request } = asked;
  const { terms, limits, orders, shipping } = document;
  const termsVersion = request.consents?.termsVersion ?? null;
  if (terms !== null && termsVersion !== terms.version)
    return refuse({ code: "terms_not_accepted", detail: `Version ${terms.version}: ${terms.url}` });
  const charging = await chargingOf(asked);
  if (!charging.ok) return charging;
  // Where nothing is shipped nobody's address is kept.
  const shippingAddress = shipping === null ? null : (request.shippingAddress ?? null);
  const claims = claimsOf(asked, shippingAddress);
  if (claims === null)
    return refuse({
      code: "invalid_request",
      detail: "contact.email is no mail address that can be counted",
    });
  return ok({
    shippingAddress,
    charging: charging.value,
    termsVersion: terms === null ? null : terms.version,
    claims,
    unitsPerInstrument: limits.unitsPerInstrument,
    cancelWindowMs: orders.cancelWindowMs,
  });
}

async function chargingOf({ document, request, nowMs }: Asked): Promise<Judged<Charging>> {
  const { shipping } = document;
  if (shipping === null) return ok({ kind: "none" });
  const { shippingAddress } = request;
  if (shippingAddress === undefined) return refuse({ code: "shipping_address_missing" });
  const { country } = shippingAddress;
  if ("regions" in shipping) {
    const region = regionFor(shipping.regions, country);
    if (region === undefined) return refuse({ code: "not_shipped_there" });
    const { countries, ...rest } = region;
    return ok({ kind: "table", region: rest });
  }
  if (!isAmong(shipping.countries, country)) return refuse({ code: "not_shipped_there" });
  if (request.shippingQuote === undefined)
    return refuse({ code: "shipping_quote_missing", detail: `Ask ${shipping.quoteUrl}` });
  const { reservationId } = request;
  const quote = await readQuote(request.shippingQuote, shipping.keys, {
    dropId: document.id,
    reservationId,
    shippingAddress,
    nowMs,
  });
  return quote === undefined ? refuse({ code: "shipping_quote_invalid" }) : ok(quote);
}

function isAmong(countries: readonly string[], country: string): boolean {
  return countries.includes(country) || countries.includes(ELSEWHERE);
}

/**
 * Beside what the basket claimed for its shopper. An order's contact is counted apart from a verified mail that was claimed
 * with the basket: one purchase must not count twice against one number.
 */
function claimsOf({ document, request }: Asked, address: ShippingAddress | null): OrderClaim[] | null {
  const { unitsPerMail, unitsPerAddress } = document.limits;
  const claims: OrderClaim[] = [];
  if (unitsPerMail !== null) {
    const digest = mailDigest(request.contact.email);
    if (digest === undefined) return null;
    claims.push({ identity: `contact:${digest}`, max: unitsPerMail });
  }
  if (unitsPerAddress !== null && address !== null) {
    const { line1, line2, postalCode, city, country } = address;
    const lines = line2 === undefined ? [line1] : [line1, line2];
    claims.push({
      identity: addressIdentity({ lines, postalCode, city, country }),
      max: unitsPerAddress,
    });
  }
  return claims;
}
