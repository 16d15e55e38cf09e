import { importJWK, type JWK, jwtVerify } from "jose";
import * as z from "zod";
import type { QuoteKey } from "../../../schema/drop-document.ts";
import { OrderCharge } from "../../../schema/http.ts";
import type { DropId, ReservationId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { AmountMinor } from "../../../schema/money.ts";
import type { Charging } from "../../../schema/rpc.ts";

const AUDIENCE = "dropline-quote";

/**
 * What the brand's endpoint signs, as a compact JWS: `aud: "dropline-quote"`, an `exp` within the hour, the drop, the
 * reservation and the country that it is for, the sum of the lines as the reservation has them, and what comes beside it.
 */
const Quote = z.object({
  drop: z.string(),
  reservation: z.string(),
  country: z.string(),
  currency: z.string(),
  subtotalMinor: AmountMinor,
  charges: z.array(OrderCharge).max(LIMITS.quoteChargesMax),
  exp: z.number(),
});

type Asked = { dropId: DropId; reservationId: ReservationId; country: string; nowMs: number };

/**
 * Reads a quote; undefined for whatever reason it is not to be used. Checked by the algorithm of the key that its `kid`
 * names, whatever its header says. Not checked here: that the lines cost what it says; the order does, once they are pinned.
 * It may be used as often as its reservation can be ordered, which is once.
 */
export async function readQuote(
  quote: string,
  keys: readonly QuoteKey[],
  { dropId, reservationId, country, nowMs }: Asked,
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
    const isFor = told.drop === dropId && told.reservation === reservationId && told.country === country;
    const isBounded = exp * 1_000 <= nowMs + LIMITS.quoteTtlMaxMs + LIMITS.quoteClockSkewMs;
    if (!isFor || !isBounded) return undefined;
    const { currency, subtotalMinor, charges } = told;
    return { kind: "quote", currency, subtotalMinor, charges };
  } catch {
    return undefined;
  }
}

/** The only thing that is read before the signature is checked. @throws when there is none. */
function kidOf(token: string): string {
  const [header = ""] = token.split(".", 1);
  return z.object({ kid: z.string() }).parse(JSON.parse(Buffer.from(header, "base64url").toString())).kid;
}
