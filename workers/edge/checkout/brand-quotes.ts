import * as z from "zod";
import { guardUrl } from "../../../schema/guard-url.ts";
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
  /**
   * The compact JWS as it came, not verified. `toLoopback`: this machine may be asked as well, as a document in test mode may.
   * @throws when there was none, for whatever reason.
   */
  ask(url: string, request: QuoteRequest, reach: { toLoopback: boolean }): Promise<string>;
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

/**
 * The address is the brand's own, from its published document; it is not followed anywhere else. It is judged again each
 * time: what was taken when the document was published may be refused by now.
 */
export function postedQuotes(fetch: typeof globalThis.fetch): BrandQuotes {
  return {
    async ask(url, request, reach) {
      const guarded = guardUrl(url, reach);
      if (!guarded.ok) throw new Error(`the address for quotes ${guarded.refusal.reason}`);
      const answer = await fetch(guarded.value.href, {
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
