import { chargesOf } from "../../schema/charges.ts";
import type { OrderId } from "../../schema/ids.ts";
import type { Reservation } from "../../schema/rpc/sku-stock.ts";
import { priced, sumMinor } from "./basket.ts";
import type { Event, PinRefusalCode } from "./decide.ts";
import { noteEvent } from "./note-event.ts";
import type { OrderRequest, StockEffect } from "./records.ts";
import type { Step } from "./steps.ts";
import type { OrderStore } from "./store.ts";

type Deps = { store: Pick<OrderStore, "load" | "save" | "saveEffect" | "forget">; nowMs(): number };

/** Orders that were kept out, and why. */
export type Refused = Map<OrderId, PinRefusalCode>;

/**
 * Writes down what came of a step whose stops have all been asked. What nobody knows is asked again. Orders that were kept
 * out are forgotten, and told by `refused`.
 */
export function settle(deps: Deps, step: Step, refused: Refused): void {
  const { record, act, refusal, held, isUnsure } = step;
  const { orderId, request } = record;
  if (isUnsure && refusal === null) {
    if (step.overtakenBy >= step.step) renumber(deps, step);
    return;
  }
  const payByMs = deps.nowMs() + request.paymentWindowMs;
  switch (act) {
    case "pin":
      if (refusal === null) noteEvent(deps, orderId, toPinned(request, held, payByMs));
      else refusePin(deps, step, { code: refusal, refused });
      return;
    case "commit":
    case "commit_late": {
      const reason = step.isOverLimit ? "limit_reached" : "no_unit_left";
      noteEvent(deps, orderId, refusal === null ? { kind: "committed" } : { kind: "commit_refused", reason });
      return;
    }
    case "return": {
      const returnId = record.facts.returns[0]?.returnId ?? "";
      noteEvent(deps, orderId, { kind: "returned", returnId, lines: step.taken });
      return;
    }
    case "release":
      released(deps, orderId, refused);
  }
}

/**
 * Only what this order does now is answered, so a limit that has seen a higher number tells that numbers were lost: with an
 * order that was forgotten, by a clock that went back. The step is run again, above them all.
 */
function renumber({ store, nowMs }: Deps, { record, overtakenBy }: Step): void {
  const effect: StockEffect = { step: overtakenBy, act: null, tries: 0, retryAtMs: 0 };
  store.saveEffect(record, effect, nowMs());
}

/**
 * Lines are pinned in order, and only by the first can an order be kept out: then it holds nothing, nor ever did. A claim
 * that is refused now may have a copy on its way that finds room later: the release's higher number fences it.
 */
function refusePin(
  deps: Deps,
  { record, held, isClaimed, isOverLimit }: Step,
  { code, refused }: { code: string; refused: Refused },
): void {
  if (!isPinRefusal(code)) return;
  if (held.length > 0 || isClaimed || isOverLimit) {
    noteEvent(deps, record.orderId, { kind: "pin_refused", code });
    return;
  }
  deps.store.forget(record.orderId);
  refused.set(record.orderId, code);
}

function released(deps: Deps, orderId: OrderId, refused: Refused): void {
  const refusal = noteEvent(deps, orderId, { kind: "released" })?.facts.pinRefusal;
  if (!refusal) return;
  deps.store.forget(orderId);
  refused.set(orderId, refusal);
}

/** From here on it is known what the order costs: from its reservations, and by the terms that it was placed by. */
function toPinned({ charging }: OrderRequest, held: Reservation[], payByMs: number): Event {
  const lines = held.map(priced);
  const currency = held[0]?.currency ?? ("" as Reservation["currency"]);
  const cost = chargesOf(charging, { subtotalMinor: sumMinor(lines), currency });
  if (!cost.ok) return { kind: "pin_refused", code: cost.refusal.code };
  return { kind: "pinned", lines, ...cost.value, currency, payByMs };
}

const PIN_REFUSALS: readonly string[] = [
  "reservation_not_found",
  "reservation_lapsed",
  "reservation_taken",
  "reservation_given_back",
  "shopper_limit_reached",
] satisfies PinRefusalCode[];

/** A pin is never told `sold_out`: anything else is asked again. */
function isPinRefusal(code: string): code is PinRefusalCode {
  return PIN_REFUSALS.includes(code);
}
