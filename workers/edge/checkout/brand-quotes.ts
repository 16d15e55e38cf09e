import * as z from "zod";
import type { PricedLine, ShippingAddress } from "../../../schema/http.ts";
import type { DropId, ReservationId } from "../../../schema/ids.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { boundedText } from "../bounded-text.ts";

/** What the brand's endpoint is asked, as JSON by POST: for which basket, and where to. It answers 200 with `{ quote }`. */
export type QuoteRequest = {
  drop: DropId;
  reservation: ReservationId;
  lines: PricedLine[];
  subtotalMinor: number;
  currency: string;
  shippingAddress: ShippingAddress;
};

/** The brand's endpoint for quotes. */
export type BrandQuotes = {
  /** The compact JWS as it came, not verified. @throws when there was none, for whatever reason. */
  ask(url: string, request: QuoteRequest): Promise<string>;
};

/** It answered, and not with a quote. */
export class NoQuote extends Error {
  override name = "NoQuote";
  readonly status: number;
  constructor(status: number) {
    super(`the brand's endpoint for quotes answered ${status}`);
    this.status = status;
  }
}

const Answer = z.object({ quote: z.string().min(1).max(LIMITS.shippingQuoteMaxChars) });

/** The address is the brand's own, from its published document; it is not followed anywhere else. */
export function postedQuotes(fetch: typeof globalThis.fetch): BrandQuotes {
  return {
    async ask(url, request) {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify(request),
        redirect: "manual",
        signal: AbortSignal.timeout(LIMITS.quoteTimeoutMs),
      });
      if (answer.status !== 200) {
        await answer.body?.cancel();
        throw new NoQuote(answer.status);
      }
      return Answer.parse(JSON.parse(await boundedText(answer, LIMITS.quoteAnswerMaxBytes))).quote;
    },
  };
}
