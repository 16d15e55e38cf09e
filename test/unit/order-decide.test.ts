import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { apply } from "../../durable-objects/order-coordinator/apply.ts";
import {
  type Event,
  type Facts,
  holdEndsMs,
  isSettled,
  newFacts,
  next,
  openAttempt,
  refusedRefundDelayMs,
  resolveDelayMs,
  statusOf,
  tryRefusedAgain,
} from "../../durable-objects/order-coordinator/decide.ts";
import type { SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { AmountMinor, Currency } from "../../schema/money.ts";
import type { GatewayEvent, Outcome } from "../../schema/rpc.ts";
import { CANCEL_REASONS, OPERATIONS, type Operation } from "../../schema/statuses.ts";
import { OPENS_AT_MS, orderId } from "./sku-stock-fakes.ts";

const NOW = OPENS_AT_MS;
const HOLD_MS = 120_000;
const PAY_BY = NOW + 60_000;
const TOTAL = 12_900 as AmountMinor;

const pinned = {
  kind: "pinned" as const,
  lines: [{ skuId: "a-sku" as SkuId, quantity: 1, unitPriceMinor: TOTAL, totalMinor: TOTAL }],
  charges: [],
  totalMinor: TOTAL,
  currency: "EUR" as Currency,
  payByMs: PAY_BY,
} satisfies Event;
const unpinned = (method: Facts["method"] = "token") =>
  newFacts(method === "token" ? { kind: "token", token: "tok_visa" } : { kind: "redirect" }, HOLD_MS);
const fresh = (method: Facts["method"] = "token") => apply(unpinned(method), pinned, NOW);
const open = (facts: Facts, operation: Operation, strayRef: string | null = null) =>
  openAttempt(facts, { operation, strayRef }, NOW, NOW);
const begin = (facts: Facts): Facts => ({ ...facts, open: facts.open && { ...facts.open, state: "begun" } });
const report = (facts: Facts, outcome: Outcome, nowMs = NOW) =>
  apply(facts, { kind: "reported", attempt: facts.lastAttempt, outcome }, nowMs);
const succeeded = (ref = "pay_1"): Outcome => ({ kind: "succeeded", ref });
const declined = (reason = "no"): Outcome => ({ kind: "declined", reason });
const unknown: Outcome = { kind: "unknown", reason: "timeout" };
const webhook = (kind: GatewayEvent["kind"], over: Partial<GatewayEvent> = {}): Event => ({
  kind: "gateway",
  event: {
    orderId: orderId(1),
    kind,
    paymentRef: "pay_1",
    sessionRef: null,
    amountMinor: TOTAL,
    currency: "EUR" as Currency,
    ...over,
  },
});

const authorized = () => report(open(fresh(), "authorize"), succeeded());
const committed = () => apply(authorized(), { kind: "committed" }, NOW);
const confirmed = () => report(open(committed(), "capture"), succeeded());
const sessionOpen = () =>
  open(
    report(open(fresh("redirect"), "session"), { kind: "succeeded", ref: "ses_1", url: "u" }),
    "authorize",
  );

describe("the next thing to do", () => {
  test.each<[string, Facts, ReturnType<typeof next>]>([
    ["pins what was asked for", unpinned(), { kind: "stock", act: "pin" }],
    ["authorizes what is pinned", fresh(), { kind: "command", operation: "authorize" }],
    [
      "opens a session for one who pays at the gateway",
      fresh("redirect"),
      { kind: "command", operation: "session" },
    ],
    ["waits for an open command", open(fresh(), "authorize"), { kind: "wait" }],
    ["commits before it captures", authorized(), { kind: "stock", act: "commit" }],
    ["captures what is committed", committed(), { kind: "command", operation: "capture" }],
    ["rests when it is confirmed", confirmed(), { kind: "done" }],
    [
      "gives units back after a decline",
      report(open(fresh(), "authorize"), declined()),
      { kind: "stock", act: "release" },
    ],
  ])("%s", (_, facts, expected) => {
    expect(next(facts)).toEqual(expected);
  });

  test("voids what was authorized, refunds what was captured, once the units are back", () => {
    const back = (facts: Facts) =>
      apply(apply(facts, { kind: "commit_refused", reason: "no_unit_left" }, NOW), { kind: "released" }, NOW);
    expect(next(back(authorized()))).toEqual({ kind: "command", operation: "void" });
    expect(next(back({ ...authorized(), money: "captured" }))).toEqual({
      kind: "command",
      operation: "refund",
    });
  });

  test("fences a refused commit by a release before anything else", () => {
    expect(next(apply(authorized(), { kind: "commit_refused", reason: "no_unit_left" }, NOW))).toEqual({
      kind: "stock",
      act: "release",
    });
  });
});

describe("what a shopper is told", () => {
  test.each<[Facts, string]>([
    [unpinned(), "placing"],
    [fresh(), "processing"],
    [sessionOpen(), "awaiting_payment"],
    [committed(), "processing"],
    [confirmed(), "confirmed"],
    [report(open(fresh(), "authorize"), declined()), "canceled"],
  ])("case %#", (facts, status) => {
    expect(statusOf(facts)).toBe(status);
  });
});

describe("an outcome", () => {
  test("of another attempt than the open one changes nothing at all", () => {
    const facts = open(committed(), "capture");
    expect(apply(facts, { kind: "reported", attempt: 1, outcome: declined() }, NOW)).toBe(facts);
    expect(apply(confirmed(), { kind: "reported", attempt: 2, outcome: declined() }, NOW)).toEqual(
      confirmed(),
    );
  });

  test("that is unknown is looked at again, later each time", () => {
    let facts = begin(open(fresh(), "authorize"));
    const waits: number[] = [];
    for (let turn = 0; turn < 8; turn += 1) {
      facts = report(facts, unknown);
      waits.push((facts.open?.nextAtMs ?? 0) - NOW);
    }
    expect(waits).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    expect(resolveDelayMs(1_000)).toBe(LIMITS.resolveMaxMs);
  });

  test("that stays unknown gives the units back exactly when the hold ends, and the order still waits for it", () => {
    const facts = report(begin(open(fresh(), "authorize")), unknown);
    expect(holdEndsMs(facts)).toBe(NOW + HOLD_MS);
    expect(apply(facts, { kind: "clock" }, NOW + HOLD_MS - 1)).toBe(facts);
    const given = apply(facts, { kind: "clock" }, NOW + HOLD_MS);
    expect(given).toMatchObject({ wanted: "abandon", cancelReason: "payment_unknown" });
    const returned = apply(given, { kind: "released" }, NOW);
    expect(next(returned)).toEqual({ kind: "wait" });
    expect(next(report(returned, succeeded()))).toEqual({ kind: "stock", act: "commit_late" });
    expect(next(report(returned, declined()))).toEqual({ kind: "done" });
  });

  test("of a capture that was unknown for too long: captured money comes back for a unit, or is refunded", () => {
    const late = apply(
      report(begin(open(committed(), "capture")), unknown),
      { kind: "clock" },
      NOW + HOLD_MS,
    );
    const returned = apply(late, { kind: "released" }, NOW);
    expect(next(returned)).toEqual({ kind: "wait" });
    const found = report(returned, succeeded());
    expect(next(found)).toEqual({ kind: "stock", act: "commit_late" });
    expect(statusOf(apply(found, { kind: "committed" }, NOW))).toBe("confirmed");
    const none = apply(
      apply(found, { kind: "commit_refused", reason: "no_unit_left" }, NOW),
      { kind: "released" },
      NOW,
    );
    expect(next(none)).toEqual({ kind: "command", operation: "refund" });
  });
});

describe("a command that nobody began", () => {
  test("is dropped at the end of the time to pay, and cannot be begun or reported any more", () => {
    const facts = open(fresh(), "authorize");
    expect(apply(facts, { kind: "clock" }, PAY_BY - 1)).toBe(facts);
    const dropped = apply(facts, { kind: "clock" }, PAY_BY);
    expect(dropped).toMatchObject({
      open: null,
      closed: { outcome: "dropped" },
      cancelReason: "payment_expired",
    });
    expect(report(dropped, succeeded())).toBe(dropped);
  });

  test("is kept when it moves money that is there: a capture is never dropped", () => {
    const facts = open(committed(), "capture");
    expect(holdEndsMs(facts)).toBeNull();
    expect(apply(facts, { kind: "clock" }, NOW + 10 * HOLD_MS)).toBe(facts);
  });
});

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

describe("a pin that was refused", () => {
  const refused = () => apply(unpinned(), { kind: "pin_refused", code: "reservation_lapsed" }, NOW);

  test("gives back what lines were pinned, and never shows as an order", () => {
    expect(next(refused())).toEqual({ kind: "stock", act: "release" });
    expect(statusOf(refused())).toBe("placing");
    const over = apply(refused(), { kind: "released" }, NOW);
    expect(next(over)).toEqual({ kind: "done" });
    expect(statusOf(over)).toBe("placing");
  });

  test("changes nothing once the order has its units", () => {
    const facts = fresh();
    expect(apply(facts, { kind: "pin_refused", code: "reservation_lapsed" }, NOW)).toBe(facts);
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

test("whatever happens, the money never moves without its unit, and a given-up order has a reason", () => {
  const outcome = fc.constantFrom<Outcome>(succeeded(), declined(), declined("expired"), unknown);
  const event = fc.oneof(
    fc.record({ kind: fc.constant("do" as const), outcome, isRefused: fc.boolean() }),
    fc.record({
      kind: fc.constant("hear" as const),
      event: fc.constantFrom(
        "authorized" as const,
        "captured" as const,
        "voided" as const,
        "refunded" as const,
        "session_expired" as const,
      ),
      ref: fc.constantFrom("pay_1", "pay_2"),
    }),
    fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(1, 60_000, 120_000) }),
  );
  fc.assert(
    fc.property(
      fc.constantFrom("token" as const, "redirect" as const),
      fc.array(event, { maxLength: 60 }),
      (method, events) => {
        let facts = unpinned(method);
        let nowMs = NOW;
        for (const one of events) {
          if (one.kind === "pass") {
            nowMs += one.ms;
            facts = apply(facts, { kind: "clock" }, nowMs);
          } else if (one.kind === "hear") {
            facts = apply(facts, webhook(one.event, { paymentRef: one.ref, sessionRef: "ses_1" }), nowMs);
          } else facts = follow(facts, one.outcome, one.isRefused, nowMs);
          const todo = next(facts);
          if (todo.kind === "command" && todo.operation === "capture") expect(facts.units).toBe("committed");
          if (facts.open?.operation === "capture" && facts.wanted === "sell")
            expect(facts.units).toBe("committed");
          if (statusOf(facts) === "confirmed")
            expect(facts).toMatchObject({ units: "committed", money: "captured" });
          if (statusOf(facts) === "canceled") expect(CANCEL_REASONS).toContain(facts.cancelReason);
          if (facts.open) expect(OPERATIONS).toContain(facts.open.operation);
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

/** Does what `next` asks for, with this outcome. */
function follow(facts: Facts, outcome: Outcome, isRefused: boolean, nowMs: number): Facts {
  const todo = next(facts);
  if (todo.kind === "command") return openAttempt(facts, todo, nowMs, nowMs);
  if (todo.kind === "wait") return report(begin(facts), outcome, nowMs);
  if (todo.kind === "done") return facts;
  if (todo.act === "pin") return apply(facts, { ...pinned, payByMs: nowMs + 60_000 }, nowMs);
  if (todo.act === "release") return apply(facts, { kind: "released" }, nowMs);
  const mayRefuse = todo.act === "commit_late" && isRefused;
  if (mayRefuse) return apply(facts, { kind: "commit_refused", reason: "no_unit_left" }, nowMs);
  return apply(facts, { kind: "committed" }, nowMs);
}

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
