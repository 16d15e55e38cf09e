import type { DropDocument, ShippingDocument } from "../../../schema/drop-document.ts";
import type { PricedLine, ShippingAddress } from "../../../schema/http.ts";
import type { ReservationId } from "../../../schema/ids.ts";
import type { Refusal } from "../../../schema/refusals.ts";
import { ok, type Result, refuse } from "../../../schema/result.ts";
import type { Charging } from "../../../schema/rpc/orders.ts";
import { readQuote } from "../checkout/quote.ts";
import type { Act } from "../edge.ts";

export type Quoted = { quote: string; charging: Extract<Charging, { kind: "quote" }> };
type Quoting = Extract<ShippingDocument, { quoteUrl: string }>;

type Asked = {
  document: DropDocument;
  shipping: Quoting;
  reservationId: ReservationId;
  lines: PricedLine[];
  subtotalMinor: number;
  shippingAddress: ShippingAddress;
  /** One that was given before: asked for again only when it is of no use any more. */
  held: string;
};

/** The brand's quote for a basket and an address, verified as the order will verify it. Stores nothing. */
export async function askQuote(
  { edge }: Act,
  { document, shipping, reservationId, lines, subtotalMinor, shippingAddress, held }: Asked,
): Promise<Result<Quoted, Refusal<"shipping_quote_invalid" | "shipping_quote_missing">>> {
  const read = (quote: string) =>
    readQuote(quote, shipping.keys, {
      dropId: document.id,
      reservationId,
      shippingAddress,
      nowMs: edge.clock.now(),
    });
  const known = held === "" ? undefined : await read(held);
  if (known !== undefined) return ok({ quote: held, charging: known });
  const { id: drop, currency } = document;
  const request = { drop, reservation: reservationId, lines, subtotalMinor, currency, shippingAddress };
  let quote: string;
  try {
    quote = await edge.brandQuotes.ask(shipping.quoteUrl, request, { toLoopback: document.mode === "test" });
  } catch (error) {
    edge.log({ level: "error", event: "no_quote", drop, error: String(error) });
    return refuse({ code: "shipping_quote_missing" });
  }
  const charging = await read(quote);
  if (charging !== undefined) return ok({ quote, charging });
  edge.log({ level: "error", event: "quote_invalid", drop });
  return refuse({ code: "shipping_quote_invalid" });
}
