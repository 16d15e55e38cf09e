import type { BasketLine, OrderCharge, PaymentMethod, PricedLine, Shipment } from "../../schema/http.ts";
import type { SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { AmountMinor, Currency } from "../../schema/money.ts";
import type { PlaceRefusal } from "../../schema/rpc/orders.ts";
import type { GatewayEvent, Outcome } from "../../schema/rpc/payments.ts";
import type {
  AttemptState,
  CancelReason,
  MoneyState,
  Operation,
  OrderStatus,
} from "../../schema/statuses.ts";

/** dropped: given up before anybody began it. */
export type ClosedAttempt = {
  attempt: number;
  outcome: "succeeded" | "declined" | "dropped";
  ref: string | null;
  reason: string | null;
};

/**
 * The order machine. `apply` (apply.ts) records what happened, `next` says what to do about it; neither does anything
 * itself. All that is known of an order is in its facts, so a crash anywhere resumes by asking `next` again.
 */

/** sell: go on. abandon: give everything back. recover: money came after the units were given back; try to get them again. */
export type Wanted = "sell" | "abandon" | "recover";

/** What the SKUs' objects hold for this order, all lines alike, as last answered. */
export type Units = "unpinned" | "pinned" | "committed" | "returned";

export type OpenAttempt = {
  attempt: number;
  operation: Operation;
  state: Exclude<AttemptState, "final">;
  /** What it is over: the whole order, save for a refund of a part. */
  amountMinor: AmountMinor;
  /** due: sent again; begun: the lease ends; unknown: looked at again. */
  nextAtMs: number;
  createdAtMs: number;
  tries: number;
  /** A stray payment that this voids; null: the order's own. */
  strayRef: string | null;
};

/** Another payment that a gateway reported for an order that has its own: it is to be voided. */
export type StrayPayment = { ref: string; state: "open" | "voided" | "declined" };

/** Bought units that go back to the stock, all lines under one number: for sale again, or out of it. */
export type PendingReturn = { returnId: string; lines: BasketLine[]; isResellable: boolean; reason: string };

/** A refund that the brand asked for and that has not ended. */
export type PendingRefund = { refundId: string; amountMinor: AmountMinor };

/** Why a pin was refused for good; everything else is asked again. */
export type PinRefusalCode = Extract<
  PlaceRefusal["code"],
  `reservation_${string}` | "shopper_limit_reached" | "shipping_quote_invalid" | "basket_total_too_large"
>;

export type Facts = {
  wanted: Wanted;
  units: Units;
  money: MoneyState;
  cancelReason: CancelReason | null;
  method: PaymentMethod["kind"];
  /** What the shopper's payment is made with; gone once its authorization has ended, either way. */
  token: string | null;
  /** Why the units could not be pinned: the order gives back what it has of them, and is forgotten. */
  pinRefusal: PinRefusalCode | null;
  /** From the reservations alone; none, 0 and empty until the pin has told them. */
  lines: PricedLine[];
  /** What is paid beside the lines, and in all: reckoned once, at the pin. */
  charges: OrderCharge[];
  totalMinor: AmountMinor;
  currency: Currency | "";
  sessionRef: string | null;
  sessionUrl: string | null;
  /** A shopper may still pay in it. */
  isSessionOpen: boolean;
  paymentRef: string | null;
  /** The gateway's name for what was paid with; null: it did not tell. */
  instrument: string | null;
  strays: StrayPayment[];
  open: OpenAttempt | null;
  /** How the attempt before the open one ended. */
  closed: ClosedAttempt | null;
  lastAttempt: number;
  refundsDeclined: number;
  /** What has gone back for certain. */
  refundedMinor: AmountMinor;
  refund: PendingRefund | null;
  returns: PendingReturn[];
  /** Units by SKU that went back to the stock after they were sold. */
  returned: Partial<Record<SkuId, number>>;
  shipments: Shipment[];
  /** When it was confirmed last; null: never. */
  confirmedAtMs: number | null;
  payByMs: number;
  unknownSinceMs: number | null;
  unknownHoldMs: number;
  /** Why a person must look at this order; null when none must. */
  attention: Attention | null;
};

export type Attention =
  | "void_declined"
  | "refund_declined"
  | "outcome_unknown"
  | "amount_differs"
  | "second_authorization";

export type Event =
  | {
      kind: "pinned";
      lines: PricedLine[];
      charges: OrderCharge[];
      totalMinor: AmountMinor;
      currency: Currency;
      payByMs: number;
    }
  | { kind: "pin_refused"; code: PinRefusalCode }
  | { kind: "committed" }
  | { kind: "commit_refused"; reason: "no_unit_left" | "limit_reached" }
  | { kind: "released" }
  /** `lines`: those that the stock took back; it refuses what it has back already. */
  | { kind: "returned"; returnId: string; lines: BasketLine[] }
  | { kind: "reported"; attempt: number; outcome: Outcome }
  | { kind: "gateway"; event: GatewayEvent }
  | { kind: "clock" };

export type StockAct = "pin" | "commit" | "commit_late" | "release" | "return";

export type Next =
  | { kind: "stock"; act: StockAct }
  | { kind: "command"; operation: Operation; strayRef?: string }
  | { kind: "wait" }
  | { kind: "done" };

export function next(facts: Facts): Next {
  const todo = nextOfOrder(facts);
  const stray = facts.strays.find(({ state }) => state === "open");
  if (todo.kind !== "done" || !stray) return todo;
  return facts.open ? { kind: "wait" } : { kind: "command", operation: "void", strayRef: stray.ref };
}

/** The order's own way; payments that strayed to it come after. */
function nextOfOrder(facts: Facts): Next {
  const { wanted, units, money, open } = facts;
  const command = (operation: Operation): Next => (open ? { kind: "wait" } : { kind: "command", operation });
  const hasMoney = money === "authorized" || money === "captured";
  switch (wanted) {
    case "sell":
      if (units === "unpinned") return { kind: "stock", act: "pin" };
      if (units === "pinned") {
        if (hasMoney) return { kind: "stock", act: "commit" };
        return command(facts.method === "redirect" && facts.sessionRef === null ? "session" : "authorize");
      }
      return money === "captured" || money === "refunded" ? nextOfSold(facts) : command("capture");
    case "recover":
      return { kind: "stock", act: units === "returned" ? "commit_late" : "release" };
    case "abandon":
      if (units === "committed" && facts.returns.length > 0) return { kind: "stock", act: "return" };
      if (units === "pinned" || units === "committed") return { kind: "stock", act: "release" };
      if (facts.attention === "void_declined" || facts.attention === "refund_declined")
        return { kind: "done" };
      if (money === "authorized") return command("void");
      if (money === "captured") return command("refund");
      if (facts.isSessionOpen) return command("authorize");
      return open ? { kind: "wait" } : { kind: "done" };
  }
}

/** A sold order lives on: units come back, money goes back. With the last unit its claims on limits end too. */
function nextOfSold(facts: Facts): Next {
  if (facts.units === "committed") {
    if (facts.returns.length > 0) return { kind: "stock", act: "return" };
    if (facts.lines.every((line) => unitsBack(facts, line.skuId) >= line.quantity))
      return { kind: "stock", act: "release" };
  }
  if (facts.refund === null || facts.attention === "refund_declined") return { kind: "done" };
  return facts.open ? { kind: "wait" } : { kind: "command", operation: "refund" };
}

/** What is written down of a stock step: each return is a step of its own. */
export function nameOf(act: StockAct, { returns }: Pick<Facts, "returns">): string {
  return act === "return" ? `return ${returns[0]?.returnId}` : act;
}

/** Units of a SKU that have gone back to the stock. */
export function unitsBack({ returned }: Pick<Facts, "returned">, skuId: SkuId): number {
  return returned[skuId] ?? 0;
}

/** Opens the next numbered command. `next` has said which. */
export function openAttempt(
  facts: Facts,
  { operation, strayRef = null }: { operation: Operation; strayRef?: string | null },
  nextAtMs: number,
  nowMs: number,
): Facts {
  const attempt = facts.lastAttempt + 1;
  // A session's payment is made by the shopper: there is nothing to send, only to look at.
  const state = operation === "authorize" && facts.isSessionOpen ? "unknown" : "due";
  const amountMinor = operation === "refund" ? refundDueMinor(facts) : facts.totalMinor;
  const open: OpenAttempt = {
    attempt,
    operation,
    state,
    amountMinor,
    nextAtMs,
    createdAtMs: nowMs,
    tries: 0,
    strayRef,
  };
  return { ...facts, open, lastAttempt: attempt, unknownSinceMs: null };
}

/** An order that was given up pays back all that is left; one that stands, what the brand asked for. */
function refundDueMinor({ wanted, refund, totalMinor, refundedMinor }: Facts): AmountMinor {
  if (wanted === "sell" && refund !== null) return refund.amountMinor;
  return (totalMinor - refundedMinor) as AmountMinor;
}

/** The instant at which `clock` may change something by itself; null when it never will. */
export function holdEndsMs(facts: Facts): number | null {
  const { open } = facts;
  if (facts.wanted !== "sell" || !open) return null;
  const isFirstMoney = open.operation === "session" || open.operation === "authorize";
  if (open.operation === "authorize" && facts.isSessionOpen) return facts.payByMs + facts.unknownHoldMs;
  if (open.state === "due" && isFirstMoney) return facts.payByMs;
  return facts.unknownSinceMs === null ? null : facts.unknownSinceMs + facts.unknownHoldMs;
}

export function statusOf(facts: Facts): OrderStatus {
  if (facts.pinRefusal !== null) return "placing";
  if (facts.wanted !== "sell") return "canceled";
  if (facts.units === "unpinned") return "placing";
  if (facts.confirmedAtMs !== null) return "confirmed";
  return facts.isSessionOpen && facts.money === "none" ? "awaiting_payment" : "processing";
}

/** Nothing will change any more unless money arrives that nobody expects. */
export function isSettled(facts: Facts): boolean {
  return next(facts).kind === "done";
}

/** The facts of an order that has just been asked for. */
export function newFacts(payment: PaymentMethod, unknownHoldMs: number): Facts {
  return {
    wanted: "sell",
    units: "unpinned",
    money: "none",
    cancelReason: null,
    method: payment.kind,
    token: payment.kind === "token" ? payment.token : null,
    pinRefusal: null,
    lines: [],
    charges: [],
    totalMinor: 0 as AmountMinor,
    currency: "",
    sessionRef: null,
    sessionUrl: null,
    isSessionOpen: false,
    paymentRef: null,
    instrument: null,
    strays: [],
    open: null,
    closed: null,
    lastAttempt: 0,
    refundsDeclined: 0,
    refundedMinor: 0 as AmountMinor,
    refund: null,
    returns: [],
    returned: {},
    shipments: [],
    confirmedAtMs: null,
    payByMs: 0,
    unknownSinceMs: null,
    unknownHoldMs,
    attention: null,
  };
}

/** How long until an unknown outcome is looked at again: doubling, bounded. */
export function resolveDelayMs(tries: number): number {
  return Math.min(LIMITS.resolveMaxMs, LIMITS.resolveBaseMs * 2 ** Math.min(tries, 10));
}

/** How long until a refused refund is tried again, as a new attempt: a gateway's balance is filled by the day's sales. */
export function refusedRefundDelayMs(refundsDeclined: number): number {
  return LIMITS.refundRetryBaseMs * 4 ** Math.max(0, refundsDeclined - 1);
}
