import { describe, expect, test } from "vitest";
import { tryRefusedAgain } from "../../durable-objects/order-coordinator/amend.ts";
import { apply } from "../../durable-objects/order-coordinator/apply.ts";
import {
  type Facts,
  holdEndsMs,
  isSettled,
  next,
  openAttempt,
  refusedRefundDelayMs,
  statusOf,
} from "../../durable-objects/order-coordinator/decide.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { AmountMinor, Currency } from "../../schema/money.ts";
import {
  authorized,
  begin,
  committed,
  confirmed,
  declined,
  fresh,
  HOLD_MS,
  NOW,
  open,
  PAY_BY,
  report,
  sessionOpen,
  succeeded,
  unknown,
  webhook,
} from "./order-facts.ts";

describe("a session", () => {
  test("is only ever looked at, until some time after it ends", () => {
    const facts = sessionOpen();
    expect(facts.open?.state).toBe("unknown");
    expect(holdEndsMs(facts)).toBe(PAY_BY + HOLD_MS);
  });

  test("that comes to be known after the order was given up is closed at once", () => {
    const lost = apply(
      report(begin(open(fresh("redirect"), "session")), unknown),
      { kind: "clock" },
      NOW + HOLD_MS,
    );
    const found = report(
      apply(lost, { kind: "released" }, NOW),
      { kind: "succeeded", ref: "ses_1" },
      NOW + HOLD_MS,
    );
    expect(found.payByMs).toBeLessThanOrEqual(NOW + HOLD_MS);
    expect(next(found)).toEqual({ kind: "command", operation: "authorize" });
  });

  test("ends by webhook only if it is this one", () => {
    const facts = sessionOpen();
    expect(apply(facts, webhook("session_expired", { sessionRef: "ses_2", paymentRef: null }), NOW)).toBe(
      facts,
    );
    const over = apply(facts, webhook("session_expired", { sessionRef: "ses_1", paymentRef: null }), NOW);
    expect(over).toMatchObject({ cancelReason: "payment_expired", isSessionOpen: false });
  });
});

describe("a webhook", () => {
  test("ends the open command that it speaks of, and its repeat changes nothing", () => {
    const heard = apply(begin(open(fresh(), "authorize")), webhook("authorized"), NOW);
    expect(heard).toMatchObject({ money: "authorized", paymentRef: "pay_1", open: null });
    expect(apply(heard, webhook("authorized"), NOW)).toBe(heard);
    const captured = apply(open(committed(), "capture"), webhook("captured"), NOW);
    expect(statusOf(captured)).toBe("confirmed");
    expect(apply(captured, webhook("captured"), NOW)).toBe(captured);
    expect(apply(captured, webhook("voided"), NOW)).toBe(captured);
  });

  test("of money for an order that was given up makes it try for a unit again", () => {
    const given = apply(report(open(fresh(), "authorize"), declined()), { kind: "released" }, NOW);
    expect(isSettled(given)).toBe(true);
    expect(next(apply(given, webhook("authorized"), NOW))).toEqual({ kind: "stock", act: "commit_late" });
  });

  test("of another amount, or in another currency, asks for a person and moves nothing", () => {
    const differs = apply(committed(), webhook("captured", { amountMinor: 1 as AmountMinor }), NOW);
    expect(differs).toEqual({ ...committed(), attention: "amount_differs" });
    const foreign = apply(committed(), webhook("captured", { currency: "USD" as Currency }), NOW);
    expect(foreign).toEqual({ ...committed(), attention: "amount_differs" });
  });
});

describe("a second authorization", () => {
  const second = (facts: Facts, ref = "pay_2") =>
    apply(facts, webhook("authorized", { paymentRef: ref }), NOW);

  test("waits until the order's own payment is through, is voided then, and nobody need look any more", () => {
    const early = second(committed());
    expect(early).toMatchObject({ paymentRef: "pay_1", attention: "second_authorization" });
    expect(next(early)).toEqual({ kind: "command", operation: "capture" });
    const through = report(open(early, "capture"), succeeded());
    expect(statusOf(through)).toBe("confirmed");
    expect(next(through)).toEqual({ kind: "command", operation: "void", strayRef: "pay_2" });
    const voided = report(open(through, "void", "pay_2"), succeeded("pay_2"));
    expect(voided).toMatchObject({ money: "captured", paymentRef: "pay_1", attention: null });
    expect(isSettled(voided)).toBe(true);
  });

  test("is noted once, and its void may come by webhook, before or while it is asked for", () => {
    const noted = second(confirmed());
    expect(second(noted)).toBe(noted);
    const heard = apply(noted, webhook("voided", { paymentRef: "pay_2" }), NOW);
    expect(heard).toMatchObject({ money: "captured", attention: null });
    expect(isSettled(heard)).toBe(true);
    const asked = apply(open(noted, "void", "pay_2"), webhook("voided", { paymentRef: "pay_2" }), NOW);
    expect(asked).toMatchObject({ money: "captured", open: null, closed: { outcome: "succeeded" } });
    // The order's own payment is not what that void is about.
    const other = apply(open(noted, "void", "pay_2"), webhook("voided"), NOW);
    expect(other.open).not.toBeNull();
    expect(second(heard)).toBe(heard);
  });

  test("that will not be voided keeps the order before a person's eyes", () => {
    const declinedOnce = report(open(second(confirmed()), "void", "pay_2"), declined());
    expect(declinedOnce).toMatchObject({ money: "captured", attention: "second_authorization" });
    expect(isSettled(declinedOnce)).toBe(true);
    const voidedOther = report(open(second(declinedOnce, "pay_3"), "void", "pay_3"), succeeded("pay_3"));
    expect(voidedOther.attention).toBe("second_authorization");
  });

  test("is voided so many times and no more", () => {
    let facts = confirmed();
    for (let nth = 0; nth <= LIMITS.strayPaymentsMax; nth += 1) facts = second(facts, `pay_${nth + 2}`);
    expect(facts.strays).toHaveLength(LIMITS.strayPaymentsMax);
    while (!isSettled(facts)) {
      const todo = next(facts);
      if (todo.kind !== "command") throw new Error(todo.kind);
      facts = report(openAttempt(facts, todo, NOW, NOW), succeeded(todo.strayRef));
    }
    expect(facts.attention).toBe("second_authorization");
  });
});

describe("the token of a payment", () => {
  test("is kept while its authorization may be asked for, and gone once that has ended", () => {
    const opened = begin(open(fresh(), "authorize"));
    expect(report(opened, unknown).token).toBe("tok_visa");
    expect(report(opened, succeeded()).token).toBeNull();
    expect(report(opened, declined()).token).toBeNull();
    expect(apply(opened, webhook("authorized"), NOW).token).toBeNull();
    expect(apply(open(fresh(), "authorize"), { kind: "clock" }, PAY_BY).token).toBeNull();
  });
});

describe("money that will not go back", () => {
  const toRefund = () =>
    apply(
      { ...authorized(), money: "captured", wanted: "abandon", units: "returned" },
      { kind: "clock" },
      NOW,
    );

  test("is tried again a few times, then waits for a person", () => {
    let facts = toRefund();
    for (let turn = 0; turn < LIMITS.refundAttemptsMax; turn += 1) {
      expect(next(facts)).toEqual({ kind: "command", operation: "refund" });
      facts = report(open(facts, "refund"), declined());
    }
    expect(facts.attention).toBe("refund_declined");
    expect(next(facts)).toEqual({ kind: "done" });
  });

  test("after a declined void waits for a person at once", () => {
    const facts = report(open({ ...authorized(), wanted: "abandon", units: "returned" }, "void"), declined());
    expect(facts.attention).toBe("void_declined");
    expect(next(facts)).toEqual({ kind: "done" });
  });
});

describe("what a gateway refused for good", () => {
  test("is tried again when a person asks for it, and only then", () => {
    const refused = {
      ...fresh(),
      wanted: "abandon",
      units: "returned",
      money: "captured",
      attention: "refund_declined",
      refundsDeclined: 5,
    } as const;
    expect(next(refused)).toEqual({ kind: "done" });
    const again = tryRefusedAgain(refused);
    expect(again && next(again)).toEqual({ kind: "command", operation: "refund" });
    expect(tryRefusedAgain({ ...refused, attention: null })).toBeNull();
    expect(tryRefusedAgain({ ...refused, attention: "amount_differs" })).toBeNull();
  });

  test("comes again by itself at first, ever later", () => {
    expect([1, 2, 3, 4].map(refusedRefundDelayMs)).toEqual([15_000, 60_000, 240_000, 960_000]);
  });
});
