import { createHash, randomBytes } from "node:crypto";
import { type Faults, roll } from "./faults.ts";
import type { Ledger, OperationRow, PaymentRow, PaymentStatus, SessionRow } from "./ledger.ts";

export const KEY_LIFE_MS = 24 * 60 * 60 * 1_000;

/** An HTTP answer. A refusal's body is `{error: {code}}`. */
export interface Answer {
  status: number;
  body: unknown;
}

export const refusal = (status: number, code: string): Answer => ({ status, body: { error: { code } } });

export type EventType =
  | "payment.authorized"
  | "payment.captured"
  | "payment.voided"
  | "payment.refunded"
  | "session.expired";

export interface Books {
  ledger: Ledger;
  faults: () => Faults;
  nowMs: () => number;
  /** Where the hosted pages are, without a slash at the end. */
  pagesUrl: () => string;
}

/** A write as it came in; `key` is null for what happens on the hosted page. */
export interface Write {
  key: string | null;
  fingerprint: string | null;
  nth: number;
}

export type Move = "capture" | "void" | "refund";

/** The one card that a test token stands for: `tok_ok#a` and `tok_late#a` are the same. Plain tokens are a card each. */
export function instrumentOf(token: string): string {
  const [behavior = "", card] = token.split("#", 2);
  return `card_${createHash("sha256")
    .update(card ?? behavior)
    .digest("hex")
    .slice(0, 16)}`;
}

/** What a token does, whichever card it stands for. */
export const behaviorOf = (token: string): string => token.split("#", 1)[0] ?? "";

const MOVES = {
  capture: { from: "authorized", to: "captured", event: "payment.captured" },
  void: { from: "authorized", to: "voided", event: "payment.voided" },
  refund: { from: "captured", to: "refunded", event: "payment.refunded" },
} as const satisfies Record<Move, { from: PaymentStatus; to: PaymentStatus; event: EventType }>;

/** Runs `act` unless this key was answered within its life: then the first answer again, or 409 for another body. */
export function once(books: Books, write: Write, act: () => Answer): { answer: Answer; replayed: boolean } {
  return books.ledger.transact(() => {
    const first =
      write.key === null ? undefined : books.ledger.recall(write.key, books.nowMs() - KEY_LIFE_MS);
    if (first === undefined) return { answer: act(), replayed: false };
    if (first.fingerprint !== write.fingerprint)
      return { answer: refusal(409, "idempotency_key_reused"), replayed: false };
    return { answer: { status: first.status, body: JSON.parse(first.body) }, replayed: true };
  });
}

export interface SessionRequest {
  order: string;
  amountMinor: number;
  currency: string;
  returnUrl: string;
  expiresAtMs: number;
}

export function openSession(books: Books, write: Write, request: SessionRequest): Answer {
  if (request.expiresAtMs <= books.nowMs()) return refusal(400, "expires_in_the_past");
  const id = newId("ses");
  books.ledger.insertSession({ id, ...request });
  const body = { id, url: `${books.pagesUrl()}/pay/${id}`, status: "open", order: request.order };
  record(books, write, {
    operation: "session",
    order: request.order,
    sessionId: id,
    amountMinor: request.amountMinor,
    answer: { status: 201, body },
  });
  return { status: 201, body };
}

export function showSession({ ledger }: Pick<Books, "ledger">, { id, status, paymentId }: SessionRow) {
  const payment = paymentId === null ? undefined : ledger.payment(paymentId);
  return { id, status, paymentId, instrument: payment ? instrumentOf(payment.token) : null };
}

/** Ends an open session; any other is left as it is. Answers how the session stands now. A repeat changes nothing. */
export function expireSession(books: Books, session: SessionRow): Answer {
  if (session.status !== "open") return { status: 200, body: showSession(books, session) };
  const answer = { status: 200, body: showSession(books, { ...session, status: "expired" }) };
  books.ledger.settleSession({ id: session.id, status: "expired", paymentId: null });
  record(books, BY_THE_CLOCK, {
    operation: "expire",
    order: session.order,
    sessionId: session.id,
    amountMinor: session.amountMinor,
    answer,
  });
  announce(books, "session.expired", {
    order: session.order,
    sessionId: session.id,
    paymentId: null,
    amountMinor: session.amountMinor,
    currency: session.currency,
  });
  return answer;
}

export interface AuthorizeRequest {
  order: string;
  amountMinor: number;
  currency: string;
  token: string;
  sessionId?: string;
}

export function authorize(books: Books, write: Write, request: AuthorizeRequest): Answer {
  const { order, amountMinor, currency, token, sessionId = null } = request;
  const subject = write.key ?? `${sessionId}`;
  const isUnlucky =
    roll(books.faults(), { subject, nth: write.nth, question: "decline" }) < books.faults().declineRate;
  const declineCode = token.startsWith("tok_") ? "card_declined" : "invalid_token";
  if (behaviorOf(token) === "tok_declined" || declineCode === "invalid_token" || isUnlucky) {
    const answer = refusal(402, declineCode);
    record(books, write, { operation: "authorize", order, sessionId, amountMinor, answer });
    return answer;
  }
  const id = newId("pay");
  const instrument = instrumentOf(token);
  const body = { id, status: "authorized", order, amountMinor, refundedMinor: 0, currency, instrument };
  const answer = { status: 201, body };
  const seq = record(books, write, {
    operation: "authorize",
    order,
    sessionId,
    paymentId: id,
    amountMinor,
    answer,
  });
  books.ledger.insertPayment({ id, seq, order, sessionId, amountMinor, currency, token });
  if (sessionId !== null) books.ledger.settleSession({ id: sessionId, status: "authorized", paymentId: id });
  announce(books, "payment.authorized", {
    order,
    paymentId: id,
    sessionId,
    amountMinor,
    currency,
    instrument,
  });
  return answer;
}

export const showPayment = (payment: PaymentRow) => ({
  id: payment.id,
  status: payment.status,
  order: payment.order,
  amountMinor: payment.amountMinor,
  currency: payment.currency,
  capturedMinor: payment.capturedMinor,
  voidedMinor: payment.voidedMinor,
  refundedMinor: payment.refundedMinor,
  instrument: instrumentOf(payment.token),
});

/**
 * Captures or voids the whole amount, or refunds a part of it, never more than was captured. What was done already, or can
 * no longer be, is refused with 409.
 */
export function movePayment(
  books: Books,
  write: Write,
  { move, payment, amountMinor }: { move: Move; payment: PaymentRow; amountMinor: number },
): Answer {
  const { order, sessionId, id: paymentId } = payment;
  const refused = judge(move, payment, amountMinor);
  if (refused !== null) {
    record(books, write, { operation: move, order, sessionId, paymentId, amountMinor, answer: refused });
    return refused;
  }
  const { event } = MOVES[move];
  const refundedSoFar = payment.refundedMinor + (move === "refund" ? amountMinor : 0);
  const isPart = move === "refund" && refundedSoFar < payment.capturedMinor;
  const to = isPart ? payment.status : MOVES[move].to;
  const moved: PaymentRow = {
    ...payment,
    status: to,
    capturedMinor: move === "capture" ? amountMinor : payment.capturedMinor,
    voidedMinor: move === "void" ? amountMinor : payment.voidedMinor,
    refundedMinor: refundedSoFar,
  };
  const { capturedMinor, voidedMinor, refundedMinor } = moved;
  books.ledger.updatePayment({ id: paymentId, status: to, capturedMinor, voidedMinor, refundedMinor });
  const answer = { status: 200, body: showPayment(moved) };
  record(books, write, { operation: move, order, sessionId, paymentId, amountMinor, answer });
  const { currency } = payment;
  announce(books, event, { order, paymentId, sessionId, amountMinor, currency, refundedMinor });
  return answer;
}

function judge(move: Move, payment: PaymentRow, amountMinor: number): Answer | null {
  if (payment.status !== MOVES[move].from) {
    const isTooEarly = move === "refund" && payment.capturedMinor === 0;
    return refusal(409, isTooEarly ? "not_captured" : `already_${payment.status}`);
  }
  if (move === "refund" && payment.refundedMinor + amountMinor > payment.capturedMinor)
    return refusal(409, "refund_exceeds_captured");
  if (move === "capture" && behaviorOf(payment.token) === "tok_capture_declined")
    return refusal(402, "capture_declined");
  return null;
}

const BY_THE_CLOCK: Write = { key: null, fingerprint: null, nth: 1 };

type Recorded = Pick<OperationRow, "operation" | "order" | "amountMinor"> & {
  sessionId?: string | null;
  paymentId?: string | null;
  answer: Answer;
};

function record(
  books: Books,
  write: Write,
  { answer, sessionId = null, paymentId = null, ...rest }: Recorded,
): number {
  const { error } = answer.body as { error?: { code: string } };
  return books.ledger.appendOperation({
    ...rest,
    key: write.key,
    fingerprint: write.fingerprint,
    atMs: books.nowMs(),
    sessionId,
    paymentId,
    outcome: outcomeOf(rest.operation, answer, error?.code),
    code: error?.code ?? null,
    status: answer.status,
    body: JSON.stringify(answer.body),
  });
}

function outcomeOf(
  operation: OperationRow["operation"],
  { status }: Answer,
  code = "",
): OperationRow["outcome"] {
  if (status < 300) return "succeeded";
  if (status === 402) return "declined";
  const hadBeenCaptured = code === "already_captured" || code === "already_refunded";
  return operation === "capture" && hadBeenCaptured ? "refused_double_capture" : "refused";
}

interface EventData {
  order: string;
  paymentId: string | null;
  sessionId: string | null;
  amountMinor: number;
  currency: string;
  instrument?: string;
  /** All that has gone back of the payment by now. */
  refundedMinor?: number;
}

/** Written in the same transaction as its cause; `courier.ts` delivers it. */
function announce({ ledger, faults, nowMs }: Books, type: EventType, data: EventData): void {
  const current = faults();
  const ask = (question: string) => roll(current, { subject: `${type}|${data.order}`, nth: 1, question });
  const atMs = nowMs();
  const messageId = newId("msg");
  const body = JSON.stringify({ type, timestamp: new Date(atMs).toISOString(), data });
  const state = ask("drop") < current.webhookDropRate ? "dropped" : "pending";
  const nextAtMs = Math.floor(atMs + ask("delay") * current.webhookDelayMs);
  ledger.enqueueDelivery({ messageId, body, state, nextAtMs });
  if (state === "pending" && ask("duplicate") < current.webhookDuplicateRate) {
    ledger.enqueueDelivery({ messageId, body, state, nextAtMs });
  }
}

const newId = (prefix: string) => `${prefix}_${randomBytes(12).toString("hex")}`;
