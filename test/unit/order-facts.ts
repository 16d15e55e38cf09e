import { apply } from "../../durable-objects/order-coordinator/apply.ts";
import {
  type Event,
  type Facts,
  newFacts,
  openAttempt,
} from "../../durable-objects/order-coordinator/decide.ts";
import type { SkuId } from "../../schema/ids.ts";
import type { AmountMinor, Currency } from "../../schema/money.ts";
import type { GatewayEvent, Outcome } from "../../schema/rpc/payments.ts";
import type { Operation } from "../../schema/statuses.ts";
import { OPENS_AT_MS, orderId } from "./sku-stock-fakes.ts";

export const NOW = OPENS_AT_MS;
export const HOLD_MS = 120_000;
export const PAY_BY = NOW + 60_000;
const TOTAL = 12_900 as AmountMinor;

export const pinned = {
  kind: "pinned" as const,
  lines: [{ skuId: "a-sku" as SkuId, quantity: 1, unitPriceMinor: TOTAL, totalMinor: TOTAL }],
  charges: [],
  totalMinor: TOTAL,
  currency: "EUR" as Currency,
  payByMs: PAY_BY,
} satisfies Event;
export const unpinned = (method: Facts["method"] = "token") =>
  newFacts(method === "token" ? { kind: "token", token: "tok_visa" } : { kind: "redirect" }, HOLD_MS);
export const fresh = (method: Facts["method"] = "token") => apply(unpinned(method), pinned, NOW);
export const open = (facts: Facts, operation: Operation, strayRef: string | null = null) =>
  openAttempt(facts, { operation, strayRef }, NOW, NOW);
export const begin = (facts: Facts): Facts => ({
  ...facts,
  open: facts.open && { ...facts.open, state: "begun" },
});
export const report = (facts: Facts, outcome: Outcome, nowMs = NOW) =>
  apply(facts, { kind: "reported", attempt: facts.lastAttempt, outcome }, nowMs);
export const succeeded = (ref = "pay_1"): Outcome => ({ kind: "succeeded", ref });
export const declined = (reason = "no"): Outcome => ({ kind: "declined", reason });
export const unknown: Outcome = { kind: "unknown", reason: "timeout" };
export const webhook = (kind: GatewayEvent["kind"], over: Partial<GatewayEvent> = {}): Event => ({
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

export const authorized = () => report(open(fresh(), "authorize"), succeeded());
export const committed = () => apply(authorized(), { kind: "committed" }, NOW);
export const confirmed = () => report(open(committed(), "capture"), succeeded());
export const sessionOpen = () =>
  open(
    report(open(fresh("redirect"), "session"), { kind: "succeeded", ref: "ses_1", url: "u" }),
    "authorize",
  );
