import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { apply } from "../../durable-objects/order-coordinator/apply.ts";
import {
  type Facts,
  holdEndsMs,
  next,
  openAttempt,
  resolveDelayMs,
  statusOf,
} from "../../durable-objects/order-coordinator/decide.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Outcome } from "../../schema/rpc/payments.ts";
import { CANCEL_REASONS, OPERATIONS } from "../../schema/statuses.ts";
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
  pinned,
  report,
  sessionOpen,
  succeeded,
  unknown,
  unpinned,
  webhook,
} from "./order-facts.ts";

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
