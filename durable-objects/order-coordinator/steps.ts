import type { BasketLine } from "../../schema/http.ts";
import type {
  LimitClaim,
  LimitClaimAnswer,
  LimitReturn,
  LimitReturnAnswer,
} from "../../schema/limit-guard.ts";
import type { AdjustAnswer, AdjustItem, Reservation, StepAnswer } from "../../schema/rpc/sku-stock.ts";
import { orderReturnId } from "../../schema/stock.ts";
import { logError } from "../log.ts";
import { claimsOf, isOverLimit, type NamedClaim, unitsClaimed } from "./claims.ts";
import type { StockAct } from "./decide.ts";
import type { OrderRecord } from "./records.ts";

/** One act on all lines of an order, under one number, and what came of it so far. */
export type Step = {
  record: OrderRecord;
  act: StockAct;
  step: number;
  /** By line, as answered. */
  held: Reservation[];
  /** Of a return: the lines that the stock took back. */
  taken: BasketLine[];
  isClaimed: boolean;
  /** It was a limit that refused. */
  isOverLimit: boolean;
  /** The first that was final. */
  refusal: string | null;
  /** Some stop did not answer, or not finally: the step is run again, under its number. */
  isUnsure: boolean;
  /** The highest number that a limit has seen, where it was not below this step's own; else 0. */
  overtakenBy: number;
};

export type Stop = { kind: "claim"; claim: NamedClaim } | { kind: "line"; line: BasketLine };
export type StopAnswer = StepAnswer | AdjustAnswer | LimitClaimAnswer | LimitReturnAnswer;

/** A part of a step: its stops one after the other, until one of them refuses. */
export type Errand = { step: Step; stops: Stop[] };

/**
 * What takes units goes from line to line, so that of two orders that want the same last units one gets all. What keeps or
 * gives back units that the order has goes to all of them at once. A claim covers its units: it is made before the first is
 * taken, and ends after the last has gone back.
 */
export function toErrands(step: Step): Errand[] {
  const { record, act } = step;
  const isReturn = act === "return";
  const ordered = isReturn ? (record.facts.returns[0]?.lines ?? []) : record.request.lines;
  const lines = (isOverLimit(record.facts) ? [] : ordered).map((line): Stop => ({ kind: "line", line }));
  const claims = claimsOf(record, act).map((claim): Stop => ({ kind: "claim", claim }));
  const isLetting = isReturn || act === "release";
  const isInTurn = claims.length > 0 || act === "pin" || act === "commit_late";
  const stops = isLetting ? [...lines, ...claims] : [...claims, ...lines];
  return isInTurn ? [{ step, stops }] : stops.map((stop) => ({ step, stops: [stop] }));
}

/** @throws when the errand stands before a SKU. */
export function claimAt({ stops: [stop] }: Errand): NamedClaim {
  if (stop?.kind !== "claim") throw new Error("no claim to be made");
  return stop.claim;
}

export function toClaim(errand: Errand): LimitClaim {
  const { identity, max, claimId } = claimAt(errand);
  const { record, act, step } = errand.step;
  return { identity, max, claimId, step, units: unitsClaimed(record, act), untilMs: null };
}

export function toUnclaim(errand: Errand): LimitReturn {
  const { identity, claimId, countsUntilMs } = claimAt(errand);
  return { identity, claimId, step: errand.step.step, countsUntilMs };
}

/** The units of one line that go back, under the return's own number. */
export function toReturn({ step: { record }, stops: [stop] }: Errand): AdjustItem {
  const [pending] = record.facts.returns;
  if (stop?.kind !== "line" || !pending) throw new Error("nothing to be returned");
  const { returnId, isResellable, reason } = pending;
  const { orderId } = record;
  return {
    adjustmentId: orderReturnId(orderId, returnId),
    change: { kind: "return", orderId, quantity: stop.line.quantity, isResellable },
    reason,
  };
}

/** What a stop has said; a refusal that is final ends the errand, save where units are let go of. */
export function takeAnswer(errand: Errand, answer: StopAnswer | undefined): void {
  const { step } = errand;
  const stop = errand.stops.shift();
  if (answer?.ok) {
    if (stop?.kind === "claim") step.isClaimed = true;
    else if (stop && step.act === "return") step.taken.push(stop.line);
    else step.held.push(answer.value as Reservation);
    return;
  }
  const { orderId } = step.record;
  const code = answer?.refusal.code;
  const isFinal = code !== undefined && code !== "internal" && code !== "request_in_progress";
  // A line that the order does not hold is as good as given back.
  if (isFinal && (step.act === "release" || step.act === "return")) return;
  errand.stops = [];
  if (answer && "step" in answer.refusal) step.overtakenBy = Math.max(step.overtakenBy, answer.refusal.step);
  if (isFinal && step.refusal === null) step.isOverLimit = stop?.kind === "claim";
  if (isFinal) step.refusal ??= code;
  else step.isUnsure = true;
  if (code && !isFinal) logError("stock_step_refused", code, { orderId, act: step.act });
}
