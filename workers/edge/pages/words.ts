import type { OrderAnswer } from "../../../schema/http.ts";
import type { DropPhase } from "../../../schema/statuses.ts";

/** What pages say. Plain words, no promise that the house does not keep. */

const TIME = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "long",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZone: "UTC",
});

/** `12 March 2027 at 18:00:00 UTC`: the server does not know where its reader is. */
export function timeWords(atMs: number): string {
  return `${TIME.format(atMs)} UTC`;
}

/** `3 hours 5 minutes`: the two largest units, rounded up, since a wait is told rather too long than too short. */
export function spanWords(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1_000));
  if (seconds < 60) return count(seconds, "second");
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return count(minutes, "minute");
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return pair(count(hours, "hour"), minutes % 60, "minute");
  return pair(count(Math.floor(hours / 24), "day"), hours % 24, "hour");
}

function pair(first: string, rest: number, unit: string): string {
  return rest === 0 ? first : `${first} ${count(rest, unit)}`;
}

export function count(number: number, unit: string, plural = `${unit}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? unit : plural}`;
}

export const PHASE_WORDS: Record<DropPhase, string> = {
  announced: "Announced",
  lobby: "Lobby open",
  live: "Live",
  sold_out: "Sold out",
  closed: "Over",
};

export const STATUS_WORDS: Record<OrderAnswer["status"], { title: string; text: string }> = {
  placing: { title: "Writing your order", text: "We are holding your unit. This takes a moment." },
  awaiting_payment: { title: "Waiting for your payment", text: "Your unit is held while you pay." },
  processing: { title: "Payment under way", text: "We are making sure of unit and payment, in that order." },
  confirmed: { title: "It is yours", text: "Your order is confirmed and paid." },
  canceled: { title: "This order was canceled", text: "" },
};

export const CANCEL_WORDS: Record<NonNullable<OrderAnswer["cancelReason"]>, string> = {
  payment_declined: "The payment was declined.",
  payment_expired: "The payment was not made in time, and the unit was offered on.",
  payment_unknown: "The payment's outcome could not be learned in time, and the unit was offered on.",
  capture_failed: "The payment could not be completed.",
  no_unit_left: "The payment came too late, and no unit was left.",
};

/** What became of the money of a canceled order. `none` and `voided` are the only ones that say "not charged". */
export function canceledMoneyWords({
  money,
  cancelReason,
}: Pick<OrderAnswer, "money" | "cancelReason">): string {
  switch (money) {
    case "none":
      return cancelReason === "payment_unknown"
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
