import type { DropDocument } from "../../../schema/drop-document.ts";
import type { OrderAnswer, ReservationAnswer } from "../../../schema/http.ts";
import type { ClosedCohort, SkuLevel, WatermarkStep } from "../../../schema/line.ts";
import type { AuditedOrder } from "../../../schema/rpc/orders.ts";
import type { LedgerRow, Reservation } from "../../../schema/rpc/sku-stock.ts";
import type { AttemptRow, OrderRow } from "../../../schema/tables.ts";
import type { Verdict } from "../../../workers/edge/line/verify/verify-line.ts";

/** What one SKU's object holds, all pages together. */
export type SkuEvidence = {
  skuId: string;
  level: SkuLevel | null;
  ledger: LedgerRow[];
  reservations: Reservation[];
};

/** One line of the gateway's own books. */
export type GatewayEntry = {
  orderId: string;
  /** `recaptured`: asked to capture what it had captured, under another key; it refused, but we must never have asked. */
  kind: "authorized" | "captured" | "recaptured" | "voided" | "refunded";
  paymentRef: string;
  amountMinor: number;
};

export type TicketGiven = { shopperId: string; ticketId: string; cohort: number; cohortClosesAtMs: number };
export type PassGiven = { ticketId: string; cohort: number; rank: number; issuedAtMs: number };
/** `key`: the Idempotency-Key it was asked with; answers under one key of one shopper must be the same. */
export type ReservationGiven = { shopperId: string; key: string; answer: ReservationAnswer };
/** A basket that its shopper asked to give back; acknowledged: it was answered 204. */
export type GivenBack = { reservationId: string; isAcknowledged: boolean };
export type OrderGiven = {
  shopperId: string;
  key: string | null;
  reservationId: string;
  answer: OrderAnswer;
};

/** Which sessions are one customer's, by what the crowd knows of itself. */
export type Party = { shopperId: string; customer: string };

/** What an order was asked with, noted before it was asked: nobody may have heard what came of it. */
export type OrderSent = {
  reservationId: string;
  mailbox: string;
  house: string;
  card: string;
  country: string;
  termsVersion: string | null;
};

/** A place on a waiting list that its shopper was told of. `askedAtMs` to `answeredAtMs`: when it was taken. */
export type WaitingGiven = {
  shopperId: string;
  reservationId: string;
  skuId: string;
  quantity: number;
  askedAtMs: number;
  answeredAtMs: number;
};
export type OfferGiven = { reservationId: string; skuId: string; expiresAtMs: number };
/** A place or an offer that its shopper gave up, and when that was asked for. */
export type PlaceLeft = { reservationId: string; askedAtMs: number };

/** What was asked of an order after it was placed; acknowledged: answered 2xx. */
export type CommandGiven = { orderId: string; isAcknowledged: boolean } & (
  | { kind: "cancel"; by: "shopper" | "brand" }
  | { kind: "refund"; amountMinor: number; unitsBack: number }
  | { kind: "ship"; trackingNumber: string }
);

/** Every 2xx that a client received and may rely on. */
export type Answers = {
  tickets: TicketGiven[];
  passes: PassGiven[];
  reservations: ReservationGiven[];
  givenBack: GivenBack[];
  orders: OrderGiven[];
  parties: Party[];
  sent: OrderSent[];
  waiting: WaitingGiven[];
  offers: OfferGiven[];
  left: PlaceLeft[];
  commands: CommandGiven[];
};

/** Everything that an audit looks at, from five sources that never saw each other. */
export type Evidence = {
  document: DropDocument;
  skus: SkuEvidence[];
  orders: AuditedOrder[];
  orderRows: OrderRow[];
  attemptRows: AttemptRow[];
  gateway: GatewayEntry[];
  record: { cohorts: ClosedCohort[]; steps: WatermarkStep[] };
  /** What the verifier says of the public record, and the window of each ticket in the logs that it read. */
  proof: { verdict: Verdict; log: ReadonlyMap<string, number> };
  answers: Answers;
  collectedAtMs: number;
};

/** Who a shopper is as far as limits go: the customer whom a session has shown itself to be, else the session. */
export function personBehind({
  parties,
}: Pick<Evidence["answers"], "parties">): (shopperId: string) => string {
  const customers = new Map(parties.map(({ shopperId, customer }) => [shopperId, customer]));
  return (shopperId) => customers.get(shopperId) ?? shopperId;
}
