import { unitsOf } from "./basket.ts";
import { type Facts, type StockAct, unitsBack } from "./decide.ts";
import type { Claim, OrderRecord } from "./records.ts";

type Ordered = Pick<OrderRecord, "request" | "facts">;

/**
 * A claim under the name that it is counted by. `countsUntilMs`: where it is given back and counts on for its reservation;
 * null: not at all.
 */
export type NamedClaim = Claim & { claimId: string; countsUntilMs: number | null };

/**
 * Which of an order's claims on limits a stock step makes, makes smaller, or ends. All but one are made before the units are
 * pinned. Who paid is known only once the money is authorized: that claim is made before the units are sold.
 * The basket's claim is the reservation's, and goes on under its id; all others are the order's own. It is the last to be
 * made: where one of them refuses, the basket's is as the reservation left it.
 */
export function claimsOf({ request, facts }: Ordered, act: StockAct): NamedClaim[] {
  const max = request.unitsPerInstrument;
  const { orderId, reservationId, basketClaim } = request;
  const instrument =
    max === null || facts.instrument === null
      ? []
      : [{ identity: `instrument:${facts.instrument}`, max, claimId: orderId, countsUntilMs: null }];
  const own = request.claims.map((claim) => ({ ...claim, claimId: orderId, countsUntilMs: null }));
  // A claim for this order may be on its way even where a limit kept it out: it must not outlive the basket's deadline.
  const untilMs = isOverLimit(facts) ? (basketClaim?.made?.untilMs ?? null) : null;
  const basket =
    basketClaim === null
      ? []
      : [
          {
            identity: basketClaim.identity,
            max: basketClaim.max,
            claimId: reservationId,
            countsUntilMs: untilMs,
          },
        ];
  const all = [...own, ...basket];
  switch (act) {
    case "pin":
      return all;
    case "commit":
      return instrument;
    case "commit_late":
      return [...all, ...instrument];
    case "release":
      return [...all, ...instrument];
    case "return":
      // Of an order that was given up, and of one that has nothing left, the release follows and ends them.
      return facts.wanted === "sell" && unitsClaimed({ request, facts }, act) > 0
        ? [...all, ...instrument]
        : [];
  }
}

/**
 * A limit kept the order out before a line was asked for, in this try or any before it: claims that were made once are made
 * again. So the basket is as it was, and stays its shopper's until its deadline.
 */
export function isOverLimit({ pinRefusal }: Pick<Facts, "pinRefusal">): boolean {
  return pinRefusal === "shopper_limit_reached";
}

/** Units that count: those that were ordered, less what has come back by the end of this step. */
export function unitsClaimed({ request, facts }: Ordered, act: StockAct): number {
  const back = request.lines.reduce((units, { skuId }) => units + unitsBack(facts, skuId), 0);
  const returning = act === "return" ? unitsOf(facts.returns[0]?.lines ?? []) : 0;
  return unitsOf(request.lines) - back - returning;
}
