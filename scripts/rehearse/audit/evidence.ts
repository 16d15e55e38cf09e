import type { DropDocument } from "../../../schema/drop-document.ts";
import type { OrderAnswer, ReservationAnswer } from "../../../schema/http.ts";
import type { ClosedCohort, SkuLevel, WatermarkStep } from "../../../schema/line.ts";
import type { AuditedOrder, LedgerRow, Reservation } from "../../../schema/rpc.ts";
import type { AttemptRow, OrderRow } from "../../../schema/tables.ts";

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
export type OrderGiven = {
  shopperId: string;
  key: string | null;
  reservationId: string;
  answer: OrderAnswer;
};

/** Every 2xx that a client received and may rely on. */
export type Answers = {
  tickets: TicketGiven[];
  passes: PassGiven[];
  reservations: ReservationGiven[];
  orders: OrderGiven[];
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
  answers: Answers;
  collectedAtMs: number;
};
