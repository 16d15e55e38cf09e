import { importJWK, type JWK, jwtVerify } from "jose";
import * as z from "zod";
import type { QuoteKey } from "../../../schema/drop-document.ts";
import { OrderCharge, ShippingAddress } from "../../../schema/http.ts";
import type { DropId, ReservationId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { AmountMinor } from "../../../schema/money.ts";
import type { Charging } from "../../../schema/rpc/orders.ts";
import { kidOf } from "../jws.ts";

const AUDIENCE = "dropline-quote";

const QuotedPlace = ShippingAddress.omit({ name: true }).strip();
type Place = z.infer<typeof QuotedPlace>;
const PLACE_PARTS = QuotedPlace.keyof().options;

/**
 * What the brand's endpoint signs, as a compact JWS: `aud: "dropline-quote"`, an `exp` within the hour, the drop, the
 * reservation and the address that it is for, the sum of the lines as the reservation has them, and what comes beside it.
 * The address is the one that the endpoint was asked about, its name left out or not: a quote for a near place must not
 * pay for a far one in the same country.
 */
const Quote = z.object({
  drop: z.string(),
  reservation: z.string(),
  shippingAddress: QuotedPlace,
  currency: z.string(),
  subtotalMinor: AmountMinor,
  charges: z.array(OrderCharge).max(LIMITS.quoteChargesMax),
  exp: z.number(),
});

type Asked = {
  dropId: DropId;
  reservationId: ReservationId;
  shippingAddress: ShippingAddress;
  nowMs: number;
};

/**
 * Reads a quote; undefined for whatever reason it is not to be used. Checked by the algorithm of the key that its `kid`
 * names, whatever its header says. Not checked here: that the lines cost what it says; the order does, once they are pinned.
 * It may be used as often as its reservation can be ordered, which is once.
 */
export async function readQuote(
  quote: string,
  keys: readonly QuoteKey[],
  { dropId, reservationId, shippingAddress, nowMs }: Asked,
): Promise<Extract<Charging, { kind: "quote" }> | undefined> {
  try {
    const key = keys.find(({ kid }) => kid === kidOf(quote));
    if (key === undefined) return undefined;
    const { payload } = await jwtVerify(quote, await importJWK(key as JWK, key.alg), {
      algorithms: [key.alg],
      audience: AUDIENCE,
      requiredClaims: ["exp"],
      currentDate: new Date(nowMs),
    });
    const { exp, ...told } = Quote.parse(payload);
    const isFor =
      told.drop === dropId &&
      told.reservation === reservationId &&
      isSamePlace(told.shippingAddress, shippingAddress);
    const isBounded = exp * 1_000 <= nowMs + LIMITS.quoteTtlMaxMs + LIMITS.quoteClockSkewMs;
    if (!isFor || !isBounded) return undefined;
    const { currency, subtotalMinor, charges } = told;
    return { kind: "quote", currency, subtotalMinor, charges };
  } catch {
    return undefined;
  }
}

/** To the letter, as the brand was asked: what another spelling costs, the brand says. A name changes no price. */
function isSamePlace(told: Place, asked: Place): boolean {
  return PLACE_PARTS.every((part) => told[part] === asked[part]);
}
