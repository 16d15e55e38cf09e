import type { BasketLine, Shipment } from "../../schema/http.ts";
import type { DropId, SkuId } from "../../schema/ids.ts";
import type { AmountMinor } from "../../schema/money.ts";
import { ok, type Result, refuse } from "../../schema/result.ts";
import type { OrderAct, OrderActRefusal } from "../../schema/rpc/order-commands.ts";
import type { CancelReason, FulfillmentState, RefundState } from "../../schema/statuses.ts";
import { drop, isForGood } from "./amend.ts";
import { type Facts, statusOf, unitsBack } from "./decide.ts";

type Decision = Result<Facts, OrderActRefusal>;
type Kind<Name extends OrderAct["kind"]> = Extract<OrderAct, { kind: Name }>;
export type Asked = { act: OrderAct; commandId: string; dropId: DropId; cancelWindowMs: number };

/**
 * May this be done with the order as it stands, and what are its facts then? Decides once: whoever calls knows which
 * commands were carried out, and does not ask again for them.
 */
export function decideAct(
  facts: Facts,
  { act, commandId, dropId, cancelWindowMs }: Asked,
  nowMs: number,
): Decision {
  switch (act.kind) {
    case "cancel": {
      const refusal = whyNotCancel(facts, { by: act.by, cancelWindowMs, nowMs });
      if (refusal) return refuse(refusal);
      const isGone = act.by === "brand" && !act.restock;
      return ok(cancel(facts, { reason: `by_${act.by}`, returnId: isGone ? commandId : null }, nowMs));
    }
    case "refund":
      return decideRefund(facts, act, commandId);
    case "return":
      return act.dropId === dropId
        ? decideReturn(facts, act, commandId)
        : refuse({ code: "return_exceeds_sold" });
    case "ship":
      return decideShipment(facts, act, nowMs);
  }
}

/**
 * Until it is shipped; a shopper, once it is paid for, within a while. An order that was given up because nobody paid, or
 * nobody knew, may still be canceled: then money that comes takes no units, and goes back.
 */
export function whyNotCancel(
  facts: Facts,
  { by, cancelWindowMs, nowMs }: { by: "shopper" | "brand"; cancelWindowMs: number; nowMs: number },
): OrderActRefusal | null {
  const status = statusOf(facts);
  if (status === "placing") return { code: "request_in_progress" };
  if (facts.wanted !== "sell" && !mayRevive(facts)) return { code: "order_canceled" };
  if (facts.shipments.length > 0) return { code: "order_shipped" };
  const { confirmedAtMs } = facts;
  const isLate = status === "confirmed" && confirmedAtMs !== null && nowMs >= confirmedAtMs + cancelWindowMs;
  return by === "shopper" && isLate ? { code: "cancel_window_over" } : null;
}

function mayRevive({ wanted, cancelReason }: Facts): boolean {
  if (isForGood(cancelReason)) return false;
  return wanted === "recover" || cancelReason === "payment_unknown" || cancelReason === "payment_expired";
}

/** What nobody began is dropped; a page where the shopper may still pay is closed at once; all else follows by itself. */
function cancel(
  facts: Facts,
  { reason, returnId }: { reason: CancelReason; returnId: string | null },
  nowMs: number,
): Facts {
  const dropped = drop(facts, "canceled");
  const { open } = dropped;
  const isLook = open?.state === "unknown" && facts.isSessionOpen;
  const gone = returnId !== null && facts.units === "committed" ? linesLeft(facts) : [];
  return {
    ...dropped,
    wanted: "abandon",
    // Late money was about to take units again: a copy of that may be under way, and the release's higher number fences it.
    units: facts.wanted === "recover" && facts.units === "returned" ? "pinned" : facts.units,
    cancelReason: reason,
    refund: null,
    token: open?.operation === "authorize" ? facts.token : null,
    open: isLook ? { ...open, nextAtMs: nowMs } : open,
    payByMs: facts.isSessionOpen ? Math.min(facts.payByMs, nowMs) : facts.payByMs,
    returns:
      returnId !== null && gone.length > 0
        ? [...facts.returns, { returnId, lines: gone, isResellable: false, reason: "canceled" }]
        : facts.returns,
  };
}

/** Never more than was captured, together with all that went back; one at a time. */
function decideRefund(facts: Facts, act: Kind<"refund">, refundId: string): Decision {
  if (facts.wanted !== "sell" || facts.confirmedAtMs === null) return refuse({ code: "order_not_confirmed" });
  if (facts.refund !== null) return refuse({ code: "refund_in_progress" });
  const isWhole = act.amountMinor === null && act.lines.length === 0;
  const lines = isWhole ? linesLeft(facts) : act.lines;
  const isTooMuch = lines.some(({ skuId, quantity }) => quantity > unitsLeft(facts, skuId));
  if (isTooMuch) return refuse({ code: "return_exceeds_sold" });
  const leftMinor = facts.totalMinor - facts.refundedMinor;
  const amountMinor = act.amountMinor ?? (isWhole ? leftMinor : priceOf(facts, lines));
  // Lines that cost nothing come back for nothing, whatever is left to be paid back.
  const isFree = amountMinor === 0 && act.lines.length > 0;
  if (amountMinor > leftMinor || (leftMinor === 0 && !isFree)) {
    const detail = `${leftMinor} of ${facts.totalMinor} can still go back`;
    return refuse({ code: "refund_exceeds_captured", detail });
  }
  return ok({
    ...facts,
    refund: amountMinor === 0 ? null : { refundId, amountMinor: amountMinor as AmountMinor },
    refundsDeclined: 0,
    returns:
      act.restock && lines.length > 0
        ? [...facts.returns, { returnId: refundId, lines, isResellable: true, reason: "refunded" }]
        : facts.returns,
  });
}

/** Units that are back, whatever became of their money. Never more than were bought and did not come back before. */
function decideReturn(
  facts: Facts,
  { line, isResellable, reason }: Kind<"return">,
  returnId: string,
): Decision {
  const isSold = facts.wanted === "sell" && facts.confirmedAtMs !== null;
  if (!isSold || line.quantity > unitsLeft(facts, line.skuId)) return refuse({ code: "return_exceeds_sold" });
  return ok({ ...facts, returns: [...facts.returns, { returnId, lines: [line], isResellable, reason }] });
}

function decideShipment(facts: Facts, act: Kind<"ship">, nowMs: number): Decision {
  const isSold = facts.wanted === "sell" && facts.confirmedAtMs !== null && facts.money === "captured";
  if (!isSold) return refuse({ code: "order_not_confirmed" });
  const unshipped = facts.lines
    .map(({ skuId }) => ({ skuId, quantity: unitsUnshipped(facts, skuId) }))
    .filter(({ quantity }) => quantity > 0);
  const lines = act.lines ?? unshipped;
  const isTooMuch = lines.some(({ skuId, quantity }) => quantity > unitsUnshipped(facts, skuId));
  if (isTooMuch || lines.length === 0) return refuse({ code: "shipment_exceeds_order" });
  const { carrier, trackingNumber, trackingUrl } = act;
  const shipment: Shipment = { carrier, trackingNumber, trackingUrl, lines, atMs: nowMs };
  return ok({ ...facts, shipments: [...facts.shipments, shipment] });
}

export function fulfillmentOf(facts: Facts): FulfillmentState {
  if (facts.shipments.length === 0) return "unshipped";
  return facts.lines.every(({ skuId }) => unitsUnshipped(facts, skuId) === 0) ? "shipped" : "partly_shipped";
}

export function refundStateOf({ refundedMinor, money }: Facts): RefundState {
  if (money === "refunded") return "refunded";
  return refundedMinor > 0 ? "partly_refunded" : "none";
}

/** For the database, which refuses that more goes back than came: what came, and what went back or is on its way. */
export function paidOf({ money, totalMinor, refundedMinor, open }: Facts) {
  return {
    capturedMinor: money === "captured" || money === "refunded" ? totalMinor : 0,
    goneBackMinor: refundedMinor + (open?.operation === "refund" ? open.amountMinor : 0),
  };
}

function unitsOf(lines: readonly BasketLine[], skuId: SkuId): number {
  return lines.reduce((units, line) => units + (line.skuId === skuId ? line.quantity : 0), 0);
}

/** Units that were bought and neither came back nor are on their way back. */
function unitsLeft(facts: Facts, skuId: SkuId): number {
  const pending = facts.returns.reduce((units, { lines }) => units + unitsOf(lines, skuId), 0);
  return unitsOf(facts.lines, skuId) - unitsBack(facts, skuId) - pending;
}

function linesLeft(facts: Facts): BasketLine[] {
  return facts.lines
    .map(({ skuId }) => ({ skuId, quantity: unitsLeft(facts, skuId) }))
    .filter(({ quantity }) => quantity > 0);
}

function unitsUnshipped(facts: Facts, skuId: SkuId): number {
  return facts.shipments.reduce(
    (units, { lines }) => units - unitsOf(lines, skuId),
    unitsOf(facts.lines, skuId),
  );
}

/** At what was paid for a unit. Shipping, and tax that was added, go back by an amount, or with the whole. */
function priceOf(facts: Facts, lines: readonly BasketLine[]): number {
  return facts.lines.reduce(
    (sum, { skuId, unitPriceMinor }) => sum + unitPriceMinor * unitsOf(lines, skuId),
    0,
  );
}
