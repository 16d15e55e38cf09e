import type { OrderId } from "../../schema/ids.ts";
import type { AmountMinor, Currency } from "../../schema/money.ts";
import type { BegunCommand, GatewayEvent, Outcome } from "../../schema/rpc/payments.ts";

const EUR = "EUR" as Currency;

/** fine: does as asked; decline: refuses for good; dead: answers nothing readable, having done nothing. */
export type Mood = "fine" | "decline" | "dead";

export type Payment = {
  ref: string;
  orderId: OrderId;
  amountMinor: AmountMinor;
  status: "authorized" | "captured" | "voided" | "refunded";
  captures: number;
  refundedMinor: number;
  instrument: string;
  /** Made by nobody's command: the gateway's own mistake, or a shopper's second try. */
  isGhost: boolean;
};
type Session = {
  ref: string;
  orderId: OrderId;
  amountMinor: AmountMinor;
  paymentRef: string | null;
  status: string;
};

/**
 * A gateway that keeps its own books honestly and tells of them badly. A key is answered once and for ever; a repeat, or
 * a look-up, gets that answer. Each fact is announced by webhook, when and as often as the world likes.
 */
export class Gateway {
  readonly payments = new Map<string, Payment>();
  readonly sessions = new Map<string, Session>();
  readonly #keys = new Map<string, Outcome>();
  readonly #announce: (event: GatewayEvent) => void;
  readonly #onCapture: (payment: Payment) => void;

  constructor(hooks: { announce(event: GatewayEvent): void; onCapture(payment: Payment): void }) {
    this.#announce = hooks.announce;
    this.#onCapture = hooks.onCapture;
  }

  /** Executes a command or finds out what became of it: under one key that is the same thing. */
  run(command: BegunCommand, mood: Mood, nowMs: number): Outcome {
    if (mood === "dead") return { kind: "unknown", reason: "http_500" };
    if (command.operation === "authorize" && command.token === null) return this.#readSession(command, nowMs);
    const known = this.#keys.get(command.key);
    if (known) return known;
    const outcome = mood === "decline" ? declined("refused") : this.#act(command, nowMs);
    this.#keys.set(command.key, outcome);
    return outcome;
  }

  pay(session: Session): void {
    if (session.status !== "open") return;
    session.status = "authorized";
    session.paymentRef = this.authorize(session.orderId, session.amountMinor, session.ref).ref;
  }

  authorize(
    orderId: OrderId,
    amountMinor: AmountMinor,
    sessionRef: string | null = null,
    isGhost = false,
  ): Payment {
    const ref = `pay_${this.payments.size + 1}`;
    const instrument = `card_${Number.parseInt(orderId.slice(-1), 16) % CARDS}`;
    const payment: Payment = {
      ref,
      orderId,
      amountMinor,
      status: "authorized",
      captures: 0,
      refundedMinor: 0,
      instrument,
      isGhost,
    };
    this.payments.set(ref, payment);
    this.#announce({
      orderId,
      kind: "authorized",
      paymentRef: ref,
      sessionRef,
      amountMinor,
      currency: EUR,
      instrument,
    });
    return payment;
  }

  /** An authorization that nobody captured ends by itself one day. */
  forfeit(payment: Payment): void {
    if (payment.status === "authorized") this.#move(payment, "voided");
  }

  #act(command: BegunCommand, nowMs: number): Outcome {
    const { orderId, amountMinor, operation, payByMs } = command;
    if (operation === "session") {
      if (payByMs <= nowMs) return declined("expires_in_the_past");
      const ref = `ses_${this.sessions.size + 1}`;
      this.sessions.set(ref, { ref, orderId, amountMinor, paymentRef: null, status: "open" });
      return { kind: "succeeded", ref, url: `https://gateway.test/pay/${ref}` };
    }
    if (operation === "authorize") return paid(this.authorize(orderId, amountMinor));
    const payment = this.payments.get(command.paymentRef ?? "");
    if (!payment) throw new Error(`${operation} names no payment`);
    if (operation === "refund") return this.#refund(payment, amountMinor);
    const [from, to] = MOVES[operation];
    if (payment.status === from) this.#move(payment, to);
    return payment.status === to
      ? { kind: "succeeded", ref: payment.ref }
      : declined(`already_${payment.status}`);
  }

  #refund(payment: Payment, amountMinor: AmountMinor): Outcome {
    const { orderId, ref } = payment;
    if (payment.status !== "captured") return declined(`already_${payment.status}`);
    payment.refundedMinor += amountMinor;
    const { refundedMinor } = payment;
    if (refundedMinor > payment.amountMinor) throw new Error("more goes back than was captured");
    if (refundedMinor === payment.amountMinor) payment.status = "refunded";
    this.#announce({
      orderId,
      kind: "refunded",
      paymentRef: ref,
      sessionRef: null,
      amountMinor,
      currency: EUR,
      refundedMinor,
    });
    return { kind: "succeeded", ref };
  }

  #move(payment: Payment, to: "captured" | "voided"): void {
    payment.status = to;
    if (to === "captured") {
      payment.captures += 1;
      this.#onCapture(payment);
    }
    const { orderId, ref, amountMinor } = payment;
    this.#announce({ orderId, kind: to, paymentRef: ref, sessionRef: null, amountMinor, currency: EUR });
  }

  #readSession({ sessionRef, payByMs, orderId }: BegunCommand, nowMs: number): Outcome {
    const session = this.sessions.get(sessionRef ?? "");
    if (!session) throw new Error("authorize names no session");
    if (session.status === "open" && nowMs >= payByMs) {
      session.status = "expired";
      const { ref, amountMinor } = session;
      this.#announce({
        orderId,
        kind: "session_expired",
        paymentRef: null,
        sessionRef: ref,
        amountMinor,
        currency: EUR,
      });
    }
    if (session.status === "expired") return declined("expired");
    if (session.paymentRef === null) return { kind: "unknown", reason: "open" };
    const payment = this.payments.get(session.paymentRef);
    if (!payment) throw new Error("the session's payment is gone");
    return paid(payment);
  }
}

const MOVES = {
  capture: ["authorized", "captured"],
  void: ["authorized", "voided"],
} as const;

/** Fewer than orders: some are paid with the same. */
const CARDS = 3;

const paid = ({ ref, instrument }: Payment): Outcome => ({ kind: "succeeded", ref, instrument });

const declined = (reason: string): Outcome => ({ kind: "declined", reason });
