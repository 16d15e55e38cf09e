import { unitsOf } from "./basket.ts";
import { type StockAct, unitsBack } from "./decide.ts";
import type { Claim, OrderRecord } from "./store.ts";

type Ordered = Pick<OrderRecord, "request" | "facts">;

/**
 * Which of an order's claims on limits a stock step makes, makes smaller, or ends. All but one are made before the units are
 * pinned. Who paid is known only once the money is authorized: that claim is made before the units are sold.
 */
export function claimsOf({ request, facts }: Ordered, act: StockAct): Claim[] {
  const max = request.unitsPerInstrument;
  const instrument =
    max === null || facts.instrument === null ? [] : [{ identity: `instrument:${facts.instrument}`, max }];
  switch (act) {
    case "pin":
      return request.claims;
    case "commit":
      return instrument;
    case "commit_late":
    case "release":
      return [...request.claims, ...instrument];
    case "return":
      // Of an order that was given up, and of one that has nothing left, the release follows and ends them.
      return facts.wanted === "sell" && unitsClaimed({ request, facts }, act) > 0
        ? [...request.claims, ...instrument]
        : [];
  }
}

/** Units that count: those that were ordered, less what has come back by the end of this step. */
export function unitsClaimed({ request, facts }: Ordered, act: StockAct): number {
  const back = request.lines.reduce((units, { skuId }) => units + unitsBack(facts, skuId), 0);
  const returning = act === "return" ? unitsOf(facts.returns[0]?.lines ?? []) : 0;
  return unitsOf(request.lines) - back - returning;
}
