import type { DropDocument } from "../../../schema/drop-document.ts";
import { ReservationId } from "../../../schema/ids.ts";
import { ELSEWHERE } from "../../../schema/places.ts";
import type { QuoteProbe } from "../../../schema/preflight.ts";
import type { Deps } from "../deps.ts";
import { NoQuote } from "./brand-quotes.ts";
import { readQuote } from "./quote.ts";

type Asking = Pick<Deps, "brandQuotes" | "clock" | "randomHex">;

/** Where everywhere is shipped to, some country must be asked for. */
const SOME_COUNTRY = "DE";

/**
 * Asks the brand's endpoint as the pages do, for one unit, a reservation that nobody has and a made-up address, and verifies
 * the answer. Null where the document has no quotes. Never throws; what is signed is of use for no order.
 */
export async function probeQuote(document: DropDocument, deps: Asking): Promise<QuoteProbe | null> {
  const { id: drop, shipping, currency, skus } = document;
  const [sku] = skus;
  if (shipping === null || !("quoteUrl" in shipping) || sku === undefined) return null;
  const [first = ELSEWHERE] = shipping.countries;
  const country = first === ELSEWHERE ? SOME_COUNTRY : first;
  const reservation = ReservationId.parse(`rsv_${deps.randomHex(16)}`);
  const subtotalMinor = sku.priceMinor;
  const shippingAddress = {
    name: "Preflight",
    line1: "1 Example Street",
    city: "Example",
    postalCode: "10115",
    country,
  };
  let quote: string;
  try {
    const request = {
      drop,
      reservation,
      lines: [{ skuId: sku.id, quantity: 1, unitPriceMinor: sku.priceMinor, totalMinor: sku.priceMinor }],
      subtotalMinor,
      currency,
      shippingAddress,
    };
    const reach = { toLoopback: document.mode === "test" };
    quote = await deps.brandQuotes.ask(shipping.quoteUrl, request, reach);
  } catch (error) {
    const status = error instanceof NoQuote ? error.status : null;
    return { outcome: "none", status, reason: error instanceof Error ? error.message : String(error) };
  }
  const asked = { dropId: drop, reservationId: reservation, shippingAddress, nowMs: deps.clock.now() };
  const read = await readQuote(quote, shipping.keys, asked);
  const isFor = read !== undefined && read.currency === currency && read.subtotalMinor === subtotalMinor;
  return { outcome: isFor ? "verified" : "not_verified" };
}
