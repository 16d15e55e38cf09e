import { LIMITS } from "../../schema/limits.ts";
import type { AmountMinor, Currency } from "../../schema/money.ts";
import type { GatewayEvent, Outcome } from "../../schema/rpc.ts";
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
 * The order machine. `apply` records what happened, `next` says what to do about it; neither does anything itself.
 * All that is known of an order is in its facts, so a crash anywhere resumes by asking `next` again.
 */

/** sell: go on. abandon: give everything back. recover: money came after the units were given back; try to get them again. */
export type Wanted = "sell" | "abandon" | "recover";

/** What the SKU's object holds for this order, as last answered. */
export type Units = "unpinned" | "pinned" | "committed" | "returned";

export type OpenAttempt = {
  attempt: number;
  operation: Operation;
  state: Exclude<AttemptState, "final">;
  /** due: sent again; begun: the lease ends; unknown: looked at again. */
  nextAtMs: number;
  createdAtMs: number;
  tries: number;
};

export type Facts = {
  wanted: Wanted;
  units: Units;
  money: MoneyState;
  cancelReason: CancelReason | null;
  method: "token" | "redirect";
  /** From the reservation alone; 0 and empty until the pin has told them. */
  quantity: number;
  totalMinor: AmountMinor;
  currency: Currency | "";
  sessionRef: string | null;
  sessionUrl: string | null;
  /** A shopper may still pay in it. */
  isSessionOpen: boolean;
  paymentRef: string | null;
  open: OpenAttempt | null;
  /** How the attempt before the open one ended. */
  closed: ClosedAttempt | null;
  lastAttempt: number;
  refundsDeclined: number;
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
  | { kind: "pinned"; quantity: number; totalMinor: AmountMinor; currency: Currency; payByMs: number }
  | { kind: "committed" }
  | { kind: "commit_refused" }
  | { kind: "released" }
  | { kind: "reported"; attempt: number; outcome: Outcome }
  | { kind: "gateway"; event: GatewayEvent }
  | { kind: "clock" };

export type Next =
  | { kind: "stock"; act: "pin" | "commit" | "commit_late" | "release" }
  | { kind: "command"; operation: Operation }
  | { kind: "wait" }
  | { kind: "done" };

export function next(facts: Facts): Next {
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
      return money === "captured" ? { kind: "done" } : command("capture");
    case "recover":
      return { kind: "stock", act: units === "returned" ? "commit_late" : "release" };
    case "abandon":
      if (units === "pinned" || units === "committed") return { kind: "stock", act: "release" };
      if (facts.attention === "void_declined" || facts.attention === "refund_declined")
        return { kind: "done" };
      if (money === "authorized") return command("void");
      if (money === "captured") return command("refund");
      if (facts.isSessionOpen) return command("authorize");
      return open ? { kind: "wait" } : { kind: "done" };
  }
}

/** A new set of facts. An event that no longer concerns the order changes nothing: every one may come twice, or late. */
export function apply(facts: Facts, event: Event, nowMs: number): Facts {
  switch (event.kind) {
    case "pinned": {
      if (facts.units !== "unpinned") return facts;
      const { quantity, totalMinor, currency, payByMs } = event;
      return { ...facts, units: "pinned", quantity, totalMinor, currency, payByMs };
    }
    case "committed":
      if (facts.wanted === "recover")
        return { ...facts, units: "committed", wanted: "sell", cancelReason: null };
      return { ...facts, units: "committed" };
    case "commit_refused":
      // Not "returned" yet: a copy of the refused commit may still be under way, and the release's higher number fences it.
      return {
        ...facts,
        units: "pinned",
        wanted: "abandon",
        cancelReason: facts.cancelReason ?? "no_unit_left",
      };
    case "released":
      return { ...facts, units: "returned" };
    case "reported":
      return facts.open?.attempt === event.attempt ? report(facts, facts.open, event.outcome, nowMs) : facts;
    case "gateway":
      return hear(facts, event.event, nowMs);
    case "clock":
      return watch(facts, nowMs);
  }
}

/** Opens the next numbered command. `next` has said which. */
export function openAttempt(facts: Facts, operation: Operation, nextAtMs: number, nowMs: number): Facts {
  const attempt = facts.lastAttempt + 1;
  // A session's payment is made by the shopper: there is nothing to send, only to look at.
  const state = operation === "authorize" && facts.isSessionOpen ? "unknown" : "due";
  const open: OpenAttempt = { attempt, operation, state, nextAtMs, createdAtMs: nowMs, tries: 0 };
  return { ...facts, open, lastAttempt: attempt, unknownSinceMs: null };
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
  if (facts.wanted !== "sell") return "canceled";
  if (facts.units === "unpinned") return "placing";
  if (facts.units === "committed" && facts.money === "captured") return "confirmed";
  return facts.isSessionOpen && facts.money === "none" ? "awaiting_payment" : "processing";
}

/** Nothing will change any more unless money arrives that nobody expects. */
export function isSettled(facts: Facts): boolean {
  return next(facts).kind === "done";
}

/** The facts of an order that has just been asked for. */
export function newFacts(method: Facts["method"], unknownHoldMs: number): Facts {
  return {
    wanted: "sell",
    units: "unpinned",
    money: "none",
    cancelReason: null,
    method,
    quantity: 0,
    totalMinor: 0 as AmountMinor,
    currency: "",
    sessionRef: null,
    sessionUrl: null,
    isSessionOpen: false,
    paymentRef: null,
    open: null,
    closed: null,
    lastAttempt: 0,
    refundsDeclined: 0,
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

/** A person has looked, and wants what the gateway refused to be tried again; null when nothing was refused. */
export function tryRefusedAgain(facts: Facts): Facts | null {
  const isRefused = facts.attention === "void_declined" || facts.attention === "refund_declined";
  return isRefused && !facts.open ? { ...facts, attention: null, refundsDeclined: 0 } : null;
}

function report(facts: Facts, open: OpenAttempt, outcome: Outcome, nowMs: number): Facts {
  switch (outcome.kind) {
    case "unknown": {
      const tries = open.tries + 1;
      const later: OpenAttempt = {
        ...open,
        state: "unknown",
        tries,
        nextAtMs: nowMs + resolveDelayMs(tries - 1),
      };
      const waiting = { ...facts, open: later, unknownSinceMs: facts.unknownSinceMs ?? nowMs };
      // The gateway has forgotten the key: looking again may never tell, and a person must.
      const isForgotten = nowMs >= open.createdAtMs + LIMITS.gatewayKeyLifeMs;
      return watch(isForgotten ? flag(waiting, "outcome_unknown") : waiting, nowMs);
    }
    case "declined": {
      const closed = close(facts, {
        attempt: open.attempt,
        outcome: "declined",
        ref: null,
        reason: outcome.reason,
      });
      return declined(closed, open.operation, outcome.reason);
    }
    case "succeeded": {
      const closed = close(facts, {
        attempt: open.attempt,
        outcome: "succeeded",
        ref: outcome.ref,
        reason: null,
      });
      return succeeded(closed, open.operation, outcome, nowMs);
    }
  }
}

function close(facts: Facts, closed: ClosedAttempt): Facts {
  return { ...facts, open: null, unknownSinceMs: null, closed };
}

function succeeded(
  facts: Facts,
  operation: Operation,
  outcome: { ref: string; url?: string },
  nowMs: number,
): Facts {
  switch (operation) {
    case "session": {
      // The order was given up while nobody knew of the session: it must be closed, so its time is over now.
      const payByMs = facts.wanted === "sell" ? facts.payByMs : Math.min(facts.payByMs, nowMs);
      return {
        ...facts,
        sessionRef: outcome.ref,
        sessionUrl: outcome.url ?? null,
        isSessionOpen: true,
        payByMs,
      };
    }
    case "authorize":
      return moneyArrived({ ...facts, money: "authorized", paymentRef: outcome.ref, isSessionOpen: false });
    case "capture":
      return moneyArrived({ ...facts, money: "captured" });
    case "void":
      return { ...facts, money: "voided" };
    case "refund":
      return { ...facts, money: "refunded" };
  }
}

function declined(facts: Facts, operation: Operation, reason: string): Facts {
  switch (operation) {
    case "session":
      return abandon(facts, "payment_declined");
    case "authorize":
      return abandon(
        { ...facts, isSessionOpen: false },
        reason === "expired" ? "payment_expired" : "payment_declined",
      );
    case "capture":
      return abandon(facts, "capture_failed");
    case "void":
      return { ...facts, attention: "void_declined" };
    case "refund": {
      const refundsDeclined = facts.refundsDeclined + 1;
      const attention = refundsDeclined >= LIMITS.refundAttemptsMax ? "refund_declined" : facts.attention;
      return { ...facts, refundsDeclined, attention };
    }
  }
}

/** Units first: an order that was given up takes free ones again, and only if there are none its money goes back. */
function moneyArrived(facts: Facts): Facts {
  return facts.wanted === "abandon" ? { ...facts, wanted: "recover" } : facts;
}

/** The first reason stays: whoever looks at the order sees all of it anyway. */
function flag(facts: Facts, attention: Attention): Facts {
  return facts.attention === null ? { ...facts, attention } : facts;
}

function abandon(facts: Facts, cancelReason: CancelReason): Facts {
  if (facts.wanted === "abandon") return facts;
  return { ...facts, wanted: "abandon", cancelReason };
}

/** What a webhook says is an outcome that came by another door: the same attempt ends by it, or it is late money. */
function hear(facts: Facts, event: GatewayEvent, nowMs: number): Facts {
  const { open } = facts;
  if (event.amountMinor !== facts.totalMinor) return flag(facts, "amount_differs");
  const ends = (operation: Operation, outcome: Outcome) =>
    open?.operation === operation ? report(facts, open, outcome, nowMs) : facts;
  const ref = event.paymentRef;
  switch (event.kind) {
    case "authorized":
      if (ref === null || ref === facts.paymentRef) return facts;
      if (open?.operation === "authorize") return report(facts, open, { kind: "succeeded", ref }, nowMs);
      if (facts.money !== "none" || open) return flag(facts, "second_authorization");
      return moneyArrived({ ...facts, money: "authorized", paymentRef: ref, isSessionOpen: false });
    case "captured":
      return ref === facts.paymentRef && ref !== null ? ends("capture", { kind: "succeeded", ref }) : facts;
    case "voided":
      return ref === facts.paymentRef && ref !== null ? ends("void", { kind: "succeeded", ref }) : facts;
    case "refunded":
      return ref === facts.paymentRef && ref !== null ? ends("refund", { kind: "succeeded", ref }) : facts;
    case "session_expired":
      if (!facts.isSessionOpen || event.sessionRef !== facts.sessionRef) return facts;
      return ends("authorize", { kind: "declined", reason: "expired" });
  }
}

function watch(facts: Facts, nowMs: number): Facts {
  const endsMs = holdEndsMs(facts);
  if (endsMs === null || nowMs < endsMs || !facts.open) return facts;
  // Nobody ever began it and, once it is dropped, nobody can: so no money can have moved.
  if (facts.open.state === "due") {
    const { attempt } = facts.open;
    return abandon(
      close(facts, { attempt, outcome: "dropped", ref: null, reason: "expired" }),
      "payment_expired",
    );
  }
  return abandon(facts, "payment_unknown");
}
