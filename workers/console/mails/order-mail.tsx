import type { DropDocument } from "../../../schema/drop-document.ts";
import type { OrderEventType } from "../../../schema/events.ts";
import { type AmountMinor, type Currency, formatMinor } from "../../../schema/money.ts";
import type { CancelReason } from "../../../schema/statuses.ts";
import type { OrderRow } from "../../../schema/tables.ts";

export type Written = { subject: string; text: string; html: string };

const SUBJECTS: Record<OrderEventType, string> = {
  "order.placed": "We have your order",
  "order.confirmed": "Your order is confirmed",
  "order.canceled": "Your order was canceled",
  "order.refunded": "Your order was refunded",
  "order.shipped": "Your order is on its way",
};

/** What a mail needs of the drop: whether money moves, and what its SKUs are called. */
export type MailedDrop = Pick<DropDocument, "mode" | "skus">;

type About = { order: OrderRow; document: MailedDrop | null; link: string };

/**
 * A mail about an order, as text and as HTML of the same words: no picture, no style from elsewhere, nothing that tracks. Of a
 * drop in mode test it says so, first in its subject. Without the document SKUs go by their ids.
 */
export function writeOrderMail(type: OrderEventType, { order, document, link }: About): Written {
  // Where the document is not at hand, the sandbox alone is certain to take no money.
  const isTest = document === null ? order.gateway === "sandbox" : document.mode === "test";
  const subject = isTest ? `Test: ${SUBJECTS[type]}` : SUBJECTS[type];
  const sentences = [...(isTest ? [TEST_MODE] : []), ...sentencesFor(type, order)];
  const lines = linesOf(order, document);
  const text = [subject, "", ...sentences, "", ...lines, "", "See your order:", link, "", CARE, ""].join(
    "\n",
  );
  const html = `<!doctype html>${(
    (
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <title>{subject}</title>
        </head>
        <body>
          <h1>{subject}</h1>
          {sentences.map((sentence) => (
            <p>{sentence}</p>
          ))}
          <ul>
            {lines.map((line) => (
              <li>{line}</li>
            ))}
          </ul>
          <p>
            <a href={link}>See your order</a>
          </p>
          <p>{CARE}</p>
        </body>
      </html>
    )
  ).toString()}`;
  return { subject, text, html };
}

const TEST_MODE = "This is a test: nothing that was bought costs or ships anything.";
const CARE = "The link opens this order for whoever has it, and nothing else. Keep this mail to yourself.";

function sentencesFor(type: OrderEventType, order: OrderRow): string[] {
  switch (type) {
    case "order.placed":
      return [
        "Your units are kept for you while the payment is under way. We write again when it is settled.",
      ];
    case "order.confirmed":
      return ["The payment has arrived and the units are yours."];
    case "order.canceled":
      return [reasonOf(order), moneyOf(order)];
    case "order.refunded":
      return [refundOf(order)];
    case "order.shipped":
      return ["A parcel has left us.", ...parcelsOf(order)];
  }
}

const REASONS: Record<CancelReason, string> = {
  payment_declined: "The payment was declined.",
  payment_expired: "The time to pay ran out.",
  payment_unknown: "The payment could not be settled in time.",
  capture_failed: "The payment could not be completed.",
  no_unit_left: "No unit was left when the payment arrived.",
  limit_reached: "The limit of units for one buyer was reached.",
  by_shopper: "You have canceled it.",
  by_brand: "The shop has canceled it.",
};

function reasonOf({ cancelReason }: OrderRow): string {
  return cancelReason === null ? "The order was canceled." : REASONS[cancelReason];
}

function moneyOf({ money }: OrderRow): string {
  switch (money) {
    case "none":
    case "voided":
      return "Nothing was charged.";
    case "refunded":
      return "What was charged has been sent back.";
    default:
      return "Should any money have been taken, it goes back to you by itself.";
  }
}

function refundOf({ refundedMinor, totalMinor, currency }: OrderRow): string {
  const back = amountOf({ totalMinor: refundedMinor, currency });
  const whole = amountOf({ totalMinor, currency });
  const what = refundedMinor < totalMinor ? `${back} of ${whole}` : whole;
  return `We have sent ${what} back. Your bank may take some days to show it.`;
}

function parcelsOf({ shipments }: OrderRow): string[] {
  return shipments.map(({ carrier, trackingNumber, trackingUrl }) =>
    [`${carrier} ${trackingNumber}`, ...(trackingUrl === null ? [] : [trackingUrl])].join(": "),
  );
}

function linesOf(order: OrderRow, document: MailedDrop | null): string[] {
  const names = new Map(document?.skus.map(({ id, name }) => [id, name]));
  const units = order.lines.map(({ quantity, skuId }) => `${quantity} × ${names.get(skuId) ?? skuId}`);
  const charges = order.charges.map(
    ({ label, amountMinor, isIncluded }) =>
      `${label}: ${amountOf({ totalMinor: amountMinor, currency: order.currency })}${isIncluded ? " (included)" : ""}`,
  );
  return [...units, ...charges, `Total: ${amountOf(order)}`, `Order: ${order.orderId}`];
}

function amountOf({ totalMinor, currency }: Pick<OrderRow, "totalMinor" | "currency">): string {
  return formatMinor(totalMinor as AmountMinor, currency as Currency);
}
