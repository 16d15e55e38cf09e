import type { OrderAnswer, PricedLine } from "../../../schema/http.ts";
import type { SkuId } from "../../../schema/ids.ts";
import type { SkuLevel } from "../../../schema/line.ts";
import { AmountMinor } from "../../../schema/money.ts";
import type { RefusalCode } from "../../../schema/refusals.ts";
import { count } from "../line/spans.ts";

export { count, spanWords, timeWords } from "../line/spans.ts";
export { PHASE_WORDS } from "../line/told.ts";

/** What pages say. Plain words, no promise that the house does not keep. */

const COUNTRY_NAMES = new Intl.DisplayNames("en", { type: "region" });

/** `Germany` for `DE`. */
export function countryName(code: string): string {
  return code === "" ? "" : (COUNTRY_NAMES.of(code) ?? code);
}

/** "All reserved" and "sold out" are different things: from the first, units may come back. */
export function stockWords(level: SkuLevel): string {
  if (level.sold >= level.stock) return "Sold out.";
  if (level.available === 0) return "All reserved at the moment; some may come back.";
  return `${level.available.toLocaleString("en")} of ${count(level.stock, "unit")} free.`;
}

export function namesOf(skus: readonly { id: SkuId; name: string }[]): Map<SkuId, string> {
  return new Map(skus.map(({ id, name }) => [id, name]));
}

/** @throws when the sum leaves the exact range: such a basket is refused before it is shown. */
export function sumOf(lines: readonly Pick<PricedLine, "totalMinor">[]): AmountMinor {
  return AmountMinor.parse(lines.reduce((sum, { totalMinor }) => sum + totalMinor, 0));
}

/** The sandbox's tokens that a person at the checkout may want to see at work. */
export const TEST_PAYMENTS = [
  ["tok_ok", "It is paid at once"],
  ["tok_declined", "It is declined"],
  ["tok_late", "It is paid, and we hear of it late"],
  ["tok_timeout_after", "It is approved, and the answer is lost"],
  ["tok_capture_declined", "It is approved, and then not captured"],
] as const;

/** Why an order was not placed, for those refusals after which the checkout is shown again. */
export const PLACE_WORDS: Partial<Record<RefusalCode, { field: string | null; words: string }>> = {
  shopper_limit_reached: {
    field: null,
    words:
      "With this, one person, mail or address would have ordered more than this drop allows. Go back to the basket and take fewer.",
  },
  request_in_progress: {
    field: null,
    words: "Your order is being written. Press again in a moment: it is written once.",
  },
  unavailable: {
    field: null,
    words: "Too busy right now. Press again in a few seconds: it is ordered once.",
  },
  basket_total_too_large: {
    field: null,
    words: "With shipping and tax this costs more than one order can. Go back to the basket and take fewer.",
  },
  shipping_quote_missing: {
    field: null,
    words:
      "The shop does not say at the moment what shipping costs. Please go on again in a moment; nothing is lost.",
  },
  shipping_quote_invalid: {
    field: null,
    words: "What shipping costs was not for this basket and address, or too old. Please go on again.",
  },
  not_shipped_there: { field: "country", words: "This drop does not ship there." },
  terms_not_accepted: { field: "terms", words: "To order, you have to agree to the terms." },
};

/** Why a basket was not taken, and what its shopper can do: for those refusals after which the form is shown again. */
export const BASKET_WORDS = {
  sold_out: "Sold out. Choose another one, or leave it out.",
  all_reserved:
    "Too few are free at the moment; some may come back within minutes. Take fewer, choose another one, or try again.",
  shopper_limit_reached:
    "With this you would have more than one shopper may: what you hold or have bought counts too. Take fewer.",
  basket_total_too_large:
    "Together this costs more than one order can. Take fewer, and order the rest after it.",
  unavailable: "Too busy right now. Try again in a few seconds: pressing twice does no harm.",
  drop_paused:
    "The line is paused, so nothing new can be reserved. It is still your turn: press again once it goes on.",
} as const satisfies Partial<Record<RefusalCode, string>>;

export const STATUS_WORDS: Record<OrderAnswer["status"], { title: string; text: string }> = {
  placing: { title: "Writing your order", text: "We are holding your units. This takes a moment." },
  awaiting_payment: { title: "Waiting for your payment", text: "Your units are held while you pay." },
  processing: { title: "Payment under way", text: "We are making sure of units and payment, in that order." },
  confirmed: { title: "It is yours", text: "Your order is confirmed and paid." },
  canceled: { title: "This order was canceled", text: "" },
};

export const FULFILLMENT_WORDS: Record<OrderAnswer["fulfillment"], string> = {
  unshipped: "It has not been sent yet.",
  partly_shipped: "A part of it is on its way.",
  shipped: "It is on its way.",
};

export const CANCEL_WORDS: Record<NonNullable<OrderAnswer["cancelReason"]>, string> = {
  payment_declined: "The payment was declined.",
  payment_expired: "The payment was not made in time, and the units were offered on.",
  payment_unknown: "The payment's outcome could not be learned in time, and the units were offered on.",
  capture_failed: "The payment could not be completed.",
  no_unit_left: "The payment came too late, and not enough units were left.",
  limit_reached: "With this order one person, or one card, would have had more units than this drop allows.",
  by_shopper: "You canceled it.",
  by_brand: "The shop canceled it.",
};

/** Why an order stays as it is. */
export const NOT_CANCELED_WORDS: Partial<Record<RefusalCode, string>> = {
  order_shipped: "It has been sent already, so it can no longer be canceled. Write to the shop to return it.",
  cancel_window_over: "The time in which you could cancel is over. Write to the shop.",
  request_in_progress: "This is being worked on. Look again in a moment.",
  unavailable: "Too busy right now. Press again in a few seconds: it is canceled once.",
};

/** What became of the money of a canceled order. "Not charged" is said only when nothing can still be under way. */
export function canceledMoneyWords({
  money,
  cancelReason,
  pollAfterMs,
}: Pick<OrderAnswer, "money" | "cancelReason" | "pollAfterMs">): string {
  switch (money) {
    case "none":
      return cancelReason === "payment_unknown" || pollAfterMs !== null
        ? "Should money arrive after all, it is sent back by itself."
        : "You were not charged.";
    case "voided":
      return "You were not charged: the payment's approval was taken back.";
    case "authorized":
      return "The payment's approval is being taken back.";
    case "captured":
      return "The money is on its way back to you.";
    case "refunded":
      return "The whole amount was refunded.";
  }
}
