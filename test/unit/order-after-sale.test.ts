import { describe, expect, test } from "vitest";
import {
  decideAct,
  fulfillmentOf,
  refundStateOf,
} from "../../durable-objects/order-coordinator/after-sale.ts";
import { apply } from "../../durable-objects/order-coordinator/apply.ts";
import {
  type Event,
  type Facts,
  isSettled,
  newFacts,
  next,
  openAttempt,
  statusOf,
} from "../../durable-objects/order-coordinator/decide.ts";
import type { DropId, SkuId } from "../../schema/ids.ts";
import type { AmountMinor, Currency } from "../../schema/money.ts";
import type { OrderAct } from "../../schema/rpc/order-commands.ts";
import type { Outcome } from "../../schema/rpc/payments.ts";
import type { Operation } from "../../schema/statuses.ts";
import { OPENS_AT_MS } from "./sku-stock-fakes.ts";

const NOW = OPENS_AT_MS;
const WINDOW_MS = 60_000;
const DROP = "spring" as DropId;
const minor = (amount: number) => amount as AmountMinor;
const sku = (id: string) => id as SkuId;
const line = (id: string, quantity: number, unit: number) => ({
  skuId: sku(id),
  quantity,
  unitPriceMinor: minor(unit),
  totalMinor: minor(unit * quantity),
});
/** Two pairs at 100.00, socks at 9.00, and 5.00 for the parcel. */
const PINNED: Event = {
  kind: "pinned",
  lines: [line("runner", 2, 10_000), line("socks", 1, 900)],
  charges: [{ kind: "shipping", label: "Parcel", amountMinor: minor(500), isIncluded: false }],
  totalMinor: minor(21_400),
  currency: "EUR" as Currency,
  payByMs: NOW + 600_000,
};
const TOTAL = 21_400;

const done: Outcome = { kind: "succeeded", ref: "pay_1", instrument: "card_1" };
const begin = (facts: Facts): Facts =>
  facts.open ? { ...facts, open: { ...facts.open, state: "begun" } } : facts;
const open = (facts: Facts, operation: Operation) => openAttempt(facts, { operation }, NOW, NOW);
const report = (facts: Facts, outcome: Outcome, nowMs = NOW) =>
  apply(facts, { kind: "reported", attempt: facts.open?.attempt ?? 0, outcome }, nowMs);
const run = (facts: Facts, operation: Operation, outcome: Outcome = done) =>
  report(begin(open(facts, operation)), outcome);

const pinned = (method: "token" | "redirect" = "token") =>
  apply(
    newFacts(method === "token" ? { kind: "token", token: "tok_visa" } : { kind: "redirect" }, 120_000),
    PINNED,
    NOW,
  );
const committed = () => apply(run(pinned(), "authorize"), { kind: "committed" }, NOW);
const confirmed = () => run(committed(), "capture");

const CANCEL: OrderAct = { kind: "cancel", by: "shopper" };
const brandCancels = (restock = true): OrderAct => ({ kind: "cancel", by: "brand", restock, reason: "x" });
const refund = (over: Partial<Extract<OrderAct, { kind: "refund" }>> = {}): OrderAct => ({
  kind: "refund",
  amountMinor: null,
  lines: [],
  restock: false,
  reason: "x",
  ...over,
});
const ship = (lines: [string, number][] | null = null): OrderAct => ({
  kind: "ship",
  carrier: "Post",
  trackingNumber: "1",
  trackingUrl: null,
  lines: lines?.map(([id, quantity]) => ({ skuId: sku(id), quantity })) ?? null,
});
const bring = (quantity: number, over: Partial<Extract<OrderAct, { kind: "return" }>> = {}): OrderAct => ({
  kind: "return",
  dropId: DROP,
  line: { skuId: sku("runner"), quantity },
  isResellable: true,
  reason: "too small",
  ...over,
});
const asked = (facts: Facts, act: OrderAct, nowMs = NOW, commandId = "one") =>
  decideAct(facts, { act, commandId, dropId: DROP, cancelWindowMs: WINDOW_MS }, nowMs);
const codeOf = (...given: Parameters<typeof asked>) => {
  const decided = asked(...given);
  return decided.ok ? null : decided.refusal.code;
};
const doing = (...given: Parameters<typeof asked>): Facts => {
  const decided = asked(...given);
  if (!decided.ok) throw new Error(decided.refusal.code);
  return decided.value;
};
const released = (facts: Facts) => apply(facts, { kind: "released" }, NOW);
const returned = (facts: Facts) => {
  const [first] = facts.returns;
  if (!first) throw new Error("nothing comes back");
  return apply(facts, { kind: "returned", returnId: first.returnId, lines: first.lines }, NOW);
};
const command = (operation: Operation) => ({ kind: "command", operation });
const stock = (act: string) => ({ kind: "stock", act });

describe("an order that is canceled", () => {
  test("before anybody began its payment gives its units back, and nothing was charged", () => {
    const canceled = doing(open(pinned(), "authorize"), CANCEL);
    expect(canceled).toMatchObject({ open: null, token: null, closed: { outcome: "dropped" } });
    expect(next(canceled)).toEqual(stock("release"));
    expect(statusOf(canceled)).toBe("canceled");
    expect(isSettled(released(canceled))).toBe(true);
  });

  test("while nobody knows of its payment sends back what comes, and takes no units for it", () => {
    const canceled = released(doing(begin(open(pinned(), "authorize")), CANCEL));
    expect(next(canceled)).toEqual({ kind: "wait" });
    const paid = report(canceled, done);
    expect(paid.wanted).toBe("abandon");
    expect(next(paid)).toEqual(command("void"));
    const webhook = apply(
      released(doing(pinned(), CANCEL)),
      {
        kind: "gateway",
        event: {
          orderId: "" as never,
          kind: "authorized",
          paymentRef: "pay_9",
          sessionRef: null,
          amountMinor: minor(TOTAL),
          currency: "EUR" as Currency,
        },
      },
      NOW,
    );
    expect(next(webhook)).toEqual(command("void"));
  });

  test("with a page open where its shopper may pay closes that page at once", () => {
    const session = run(pinned("redirect"), "session", { kind: "succeeded", ref: "ses_1", url: "https://x" });
    const looking = open(session, "authorize");
    const canceled = doing(looking, CANCEL, NOW + 5);
    expect(canceled).toMatchObject({ payByMs: NOW + 5, open: { nextAtMs: NOW + 5 } });
    expect(isSettled(released(report(canceled, { kind: "declined", reason: "expired" })))).toBe(true);
    expect(next(released(report(canceled, done)))).toEqual(command("void"));
  });

  test("between authorization and capture is voided, and a capture under way is refunded", () => {
    expect(next(released(doing(open(committed(), "capture"), CANCEL)))).toEqual(command("void"));
    const under = released(doing(begin(open(committed(), "capture")), CANCEL));
    expect(next(under)).toEqual({ kind: "wait" });
    expect(next(report(under, done))).toEqual(command("refund"));
  });

  test("after it was paid for gives back units, then all that was not sent back yet", () => {
    const part = run(doing(confirmed(), refund({ amountMinor: 400 })), "refund");
    const canceled = doing(part, brandCancels());
    expect(next(canceled)).toEqual(stock("release"));
    const opened = open(released(canceled), "refund");
    expect(opened.open?.amountMinor).toBe(TOTAL - 400);
    const end = report(begin(opened), done);
    expect(end).toMatchObject({ money: "refunded", refundedMinor: TOTAL });
    expect([statusOf(end), end.cancelReason, isSettled(end)]).toEqual(["canceled", "by_brand", true]);
  });

  test("with units that are gone takes them out of the stock before it lets go of them", () => {
    const canceled = doing(confirmed(), brandCancels(false));
    expect(canceled.returns).toEqual([
      {
        returnId: "one",
        lines: [
          { skuId: "runner", quantity: 2 },
          { skuId: "socks", quantity: 1 },
        ],
        isResellable: false,
        reason: "canceled",
      },
    ]);
    expect(next(canceled)).toEqual(stock("return"));
    expect(next(returned(canceled))).toEqual(stock("release"));
  });

  test("while late money was about to take units again fences that by a release", () => {
    const expired = apply(open(pinned(), "authorize"), { kind: "clock" }, NOW + 600_000);
    const recovering = { ...released(expired), money: "authorized" as const, wanted: "recover" as const };
    expect(next(recovering)).toEqual(stock("commit_late"));
    const canceled = doing(recovering, CANCEL);
    expect(next(canceled)).toEqual(stock("release"));
    expect(next(released(canceled))).toEqual(command("void"));
  });
});

describe("canceling is refused", () => {
  test("to a shopper once the time after the confirmation is over, and not a moment before", () => {
    expect(codeOf(confirmed(), CANCEL, NOW + WINDOW_MS - 1)).toBeNull();
    expect(codeOf(confirmed(), CANCEL, NOW + WINDOW_MS)).toBe("cancel_window_over");
    expect(codeOf(confirmed(), brandCancels(), NOW + WINDOW_MS)).toBeNull();
    expect(codeOf(committed(), CANCEL, NOW + 10 * WINDOW_MS)).toBeNull();
  });
  test("to anybody once something was shipped, or it is canceled for good", () => {
    const sent = doing(confirmed(), ship([["socks", 1]]));
    expect(codeOf(sent, CANCEL)).toBe("order_shipped");
    expect(codeOf(sent, brandCancels())).toBe("order_shipped");
    expect(codeOf(doing(pinned(), CANCEL), brandCancels())).toBe("order_canceled");
    expect(codeOf(run(pinned(), "authorize", { kind: "declined", reason: "no" }), CANCEL)).toBe(
      "order_canceled",
    );
  });
  test("before the order is there", () => {
    expect(codeOf(newFacts({ kind: "redirect" }, 1), CANCEL)).toBe("request_in_progress");
  });
});

describe("a refund", () => {
  test("is never of more than was captured, whatever went back before", () => {
    expect(codeOf(confirmed(), refund({ amountMinor: TOTAL + 1 }))).toBe("refund_exceeds_captured");
    const all = run(doing(confirmed(), refund({ amountMinor: TOTAL })), "refund");
    expect(all).toMatchObject({ money: "refunded", refundedMinor: TOTAL });
    expect(refundStateOf(all)).toBe("refunded");
    expect(statusOf(all)).toBe("confirmed");
    expect(codeOf(all, refund())).toBe("refund_exceeds_captured");
    const part = run(doing(confirmed(), refund({ amountMinor: TOTAL - 1 })), "refund");
    expect(refundStateOf(part)).toBe("partly_refunded");
    expect(codeOf(part, refund({ amountMinor: 2 }))).toBe("refund_exceeds_captured");
    expect(codeOf(part, refund({ amountMinor: 1 }))).toBeNull();
  });

  test("is one at a time, and of a confirmed order", () => {
    expect(codeOf(doing(confirmed(), refund({ amountMinor: 1 })), refund({ amountMinor: 1 }))).toBe(
      "refund_in_progress",
    );
    expect(codeOf(committed(), refund())).toBe("order_not_confirmed");
    expect(codeOf(doing(confirmed(), CANCEL), refund())).toBe("order_not_confirmed");
  });

  test("of lines is of their price, and restocks them before the money goes", () => {
    const one = doing(confirmed(), refund({ lines: [{ skuId: sku("runner"), quantity: 1 }], restock: true }));
    expect(one.refund?.amountMinor).toBe(10_000);
    expect(next(one)).toEqual(stock("return"));
    const back = returned(one);
    expect(back.returned).toEqual({ runner: 1 });
    expect(next(back)).toEqual(command("refund"));
    const again = (quantity: number) =>
      refund({ lines: [{ skuId: sku("runner"), quantity }], restock: true, amountMinor: 1 });
    const paid = run(back, "refund");
    expect(codeOf(paid, again(2))).toBe("return_exceeds_sold");
    expect(codeOf(paid, again(1))).toBeNull();
  });

  test("of lines that cost nothing is a return alone, even once all money went back", () => {
    const gift = { skuId: sku("socks"), quantity: 1 };
    const ofGift = refund({ lines: [gift], restock: true });
    const paid = confirmed();
    const lines = paid.lines.map((one) => (one.skuId === gift.skuId ? line("socks", 1, 0) : one));
    const free = doing({ ...paid, lines }, ofGift);
    expect([free.refund, next(free)]).toEqual([null, stock("return")]);
    const back = returned(free);
    expect([back.returned, next(back).kind]).toEqual([{ socks: 1 }, "done"]);
    expect(codeOf(back, ofGift)).toBe("return_exceeds_sold");
    const spent = run(doing({ ...paid, lines }, refund({ amountMinor: TOTAL })), "refund");
    expect([codeOf(spent, ofGift), codeOf(spent, refund())]).toEqual([null, "refund_exceeds_captured"]);
  });

  test("of everything with its units ends the order's claims with a release, and keeps it confirmed", () => {
    const all = returned(doing(confirmed(), refund({ restock: true })));
    expect(next(all)).toEqual(stock("release"));
    const end = run(released(all), "refund");
    expect([statusOf(end), end.money, isSettled(end)]).toEqual(["confirmed", "refunded", true]);
  });

  test("that a gateway refuses is tried again over the same amount, and then waits for a person", () => {
    let facts = doing(confirmed(), refund({ amountMinor: 700 }));
    for (let turn = 0; turn < 5; turn += 1) {
      expect(open(facts, "refund").open?.amountMinor).toBe(700);
      facts = run(facts, "refund", { kind: "declined", reason: "no_balance" });
    }
    expect(facts).toMatchObject({ attention: "refund_declined", refundedMinor: 0 });
    expect(next(facts)).toEqual({ kind: "done" });
  });

  test("of which the webhook of an earlier one tells is not taken for done", () => {
    const first = run(doing(confirmed(), refund({ amountMinor: 700 })), "refund");
    const second = begin(open(doing(first, refund({ amountMinor: 700 }), NOW, "two"), "refund"));
    const heard = (refundedMinor: number) =>
      apply(
        second,
        {
          kind: "gateway",
          event: {
            orderId: "" as never,
            kind: "refunded",
            paymentRef: "pay_1",
            sessionRef: null,
            amountMinor: minor(700),
            refundedMinor,
            currency: "EUR" as Currency,
          },
        },
        NOW,
      );
    expect(heard(700)).toBe(second);
    expect(heard(1_400)).toMatchObject({ open: null, refundedMinor: 1_400, refund: null });
  });
});

describe("a shipment", () => {
  test("is of what was not shipped yet, and no more", () => {
    const part = doing(confirmed(), ship([["runner", 1]]));
    expect(fulfillmentOf(part)).toBe("partly_shipped");
    expect(codeOf(part, ship([["runner", 2]]))).toBe("shipment_exceeds_order");
    const rest = doing(part, ship());
    expect(rest.shipments[1]?.lines).toEqual([
      { skuId: "runner", quantity: 1 },
      { skuId: "socks", quantity: 1 },
    ]);
    expect(fulfillmentOf(rest)).toBe("shipped");
    expect(codeOf(rest, ship())).toBe("shipment_exceeds_order");
    expect(codeOf(rest, ship([["unknown", 1]]))).toBe("shipment_exceeds_order");
    expect(codeOf(rest, refund())).toBeNull();
  });
  test("is of an order that is paid for", () => {
    expect(fulfillmentOf(confirmed())).toBe("unshipped");
    expect(codeOf(committed(), ship())).toBe("order_not_confirmed");
    expect(codeOf(doing(confirmed(), CANCEL), ship())).toBe("order_not_confirmed");
  });
});

test("an instrument beyond its limit gives units and money back, and nothing revives the order", () => {
  const authorized = run(pinned(), "authorize");
  expect(authorized.instrument).toBe("card_1");
  const refused = apply(authorized, { kind: "commit_refused", reason: "limit_reached" }, NOW);
  expect([statusOf(refused), refused.cancelReason]).toEqual(["canceled", "limit_reached"]);
  expect(next(refused)).toEqual(stock("release"));
  expect(next(released(refused))).toEqual(command("void"));
});

describe("units that the brand says are back", () => {
  test("go to the stock with its reason, and move no money", () => {
    const back = doing(confirmed(), bring(2, { isResellable: false }));
    expect(back.returns).toEqual([
      {
        returnId: "one",
        lines: [{ skuId: "runner", quantity: 2 }],
        isResellable: false,
        reason: "too small",
      },
    ]);
    expect(next(back)).toEqual(stock("return"));
    const end = returned(back);
    expect(end).toMatchObject({ returned: { runner: 2 }, money: "captured", refund: null });
    expect([statusOf(end), isSettled(end)]).toEqual(["confirmed", true]);
  });

  test("are never more than were bought and did not come back, by whichever way", () => {
    expect(codeOf(confirmed(), bring(3))).toBe("return_exceeds_sold");
    expect(codeOf(doing(confirmed(), bring(1)), bring(2))).toBe("return_exceeds_sold");
    const lines = [{ skuId: sku("runner"), quantity: 1 }];
    const refunded = doing(confirmed(), refund({ lines, restock: true }));
    expect(codeOf(refunded, bring(2))).toBe("return_exceeds_sold");
    expect(codeOf(refunded, bring(1), NOW, "two")).toBeNull();
    expect(codeOf(confirmed(), bring(1, { line: { skuId: sku("hat"), quantity: 1 } }))).toBe(
      "return_exceeds_sold",
    );
    expect(codeOf(confirmed(), bring(1, { dropId: "autumn" as DropId }))).toBe("return_exceeds_sold");
  });

  test("are of an order that is paid for and stands", () => {
    for (const facts of [pinned(), committed(), released(doing(confirmed(), brandCancels()))])
      expect(codeOf(facts, bring(1))).toBe("return_exceeds_sold");
  });

  test("after a whole refund, or before one that restocks the rest, end with the last of them all that the order holds", () => {
    const paidBack = run(doing(confirmed(), refund()), "refund");
    const socks = { line: { skuId: sku("socks"), quantity: 1 } };
    const all = returned(doing(returned(doing(paidBack, bring(2))), bring(1, socks), NOW, "two"));
    expect(next(all)).toEqual(stock("release"));
    expect(isSettled(released(all))).toBe(true);

    const part = returned(doing(confirmed(), bring(2)));
    const rest = returned(doing(part, refund({ restock: true }), NOW, "two"));
    expect(next(rest)).toEqual(stock("release"));
    expect(next(released(rest))).toEqual(command("refund"));
  });
});
