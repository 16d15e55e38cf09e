import { LIMITS } from "../../schema/limits.ts";
import type { AmountMinor } from "../../schema/money.ts";
import type { Outcome } from "../../schema/rpc/payments.ts";
import type { Operation } from "../../schema/statuses.ts";
import { abandon, close, drop, endStray, flag, moneyArrived } from "./amend.ts";
import { type Facts, holdEndsMs, type OpenAttempt, resolveDelayMs } from "./decide.ts";

type Succeeded = Extract<Outcome, { kind: "succeeded" }>;

/** How the open command ended, or that nobody knows yet. Whoever tells it: its consumer, a lost lease, or a webhook. */
export function report(facts: Facts, open: OpenAttempt, outcome: Outcome, nowMs: number): Facts {
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
        ref: open.strayRef,
        reason: outcome.reason,
      });
      if (open.strayRef !== null) return endStray(closed, open.strayRef, "declined");
      return declined(closed, open.operation, outcome.reason);
    }
    case "succeeded": {
      const closed = close(facts, {
        attempt: open.attempt,
        outcome: "succeeded",
        ref: outcome.ref,
        reason: null,
      });
      if (open.strayRef !== null) return endStray(closed, open.strayRef, "voided");
      return succeeded(closed, open, outcome, nowMs);
    }
  }
}

function succeeded(
  facts: Facts,
  { operation, amountMinor }: OpenAttempt,
  outcome: Pick<Succeeded, "ref" | "url" | "instrument">,
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
      return authorized(facts, outcome);
    case "capture":
      return moneyArrived({ ...facts, money: "captured" });
    case "void":
      return { ...facts, money: "voided" };
    case "refund": {
      const refundedMinor = (facts.refundedMinor + amountMinor) as AmountMinor;
      const money = refundedMinor === facts.totalMinor ? "refunded" : "captured";
      return { ...facts, refundedMinor, money, refund: null, refundsDeclined: 0 };
    }
  }
}

/** The order's own money is there, by whichever door it was told. */
export function authorized(facts: Facts, { ref, instrument }: { ref: string; instrument?: string }): Facts {
  return moneyArrived({
    ...facts,
    money: "authorized",
    paymentRef: ref,
    instrument: instrument ?? facts.instrument,
    isSessionOpen: false,
  });
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

/** What has no end by itself ends by the clock: a payment that nobody made, or of which nobody knows. */
export function watch(facts: Facts, nowMs: number): Facts {
  const endsMs = holdEndsMs(facts);
  if (endsMs === null || nowMs < endsMs || !facts.open) return facts;
  if (facts.open.state === "due") return abandon(drop(facts, "expired"), "payment_expired");
  return abandon(facts, "payment_unknown");
}
