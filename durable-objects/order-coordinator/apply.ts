import { type Event, type Facts, statusOf } from "./decide.ts";
import { hear } from "./hear.ts";
import { report, watch } from "./outcomes.ts";

/** A new set of facts. An event that no longer concerns the order changes nothing: every one may come twice, or late. */
export function apply(facts: Facts, event: Event, nowMs: number): Facts {
  const after = take(facts, event, nowMs);
  const isSold = after.wanted === "sell" && after.units === "committed" && after.money === "captured";
  const isNew = after.confirmedAtMs === null || statusOf(facts) === "canceled";
  return isSold && isNew ? { ...after, confirmedAtMs: nowMs } : after;
}

function take(facts: Facts, event: Event, nowMs: number): Facts {
  switch (event.kind) {
    case "pinned": {
      if (facts.units !== "unpinned") return facts;
      const { kind, ...pinned } = event;
      return { ...facts, units: "pinned", ...pinned };
    }
    case "pin_refused":
      // Some lines may be pinned, and a copy of a pin under way: the release's higher number fences all of them.
      if (facts.units !== "unpinned") return facts;
      return { ...facts, units: "pinned", wanted: "abandon", pinRefusal: event.code };
    case "committed":
      if (facts.wanted === "recover")
        return { ...facts, units: "committed", wanted: "sell", cancelReason: null };
      return { ...facts, units: "committed" };
    case "commit_refused":
      // Not "returned" yet: a copy of the refused commit may still be under way, and the release's higher number fences it.
      return {
        ...facts,
        units: "pinned",
        wanted: "abandon",
        cancelReason: facts.cancelReason ?? event.reason,
      };
    case "released":
      return { ...facts, units: "returned", returns: [] };
    case "returned": {
      const returns = facts.returns.filter(({ returnId }) => returnId !== event.returnId);
      if (returns.length === facts.returns.length) return facts;
      const returned = { ...facts.returned };
      for (const { skuId, quantity } of event.lines) returned[skuId] = (returned[skuId] ?? 0) + quantity;
      return { ...facts, returns, returned };
    }
    case "reported":
      return facts.open?.attempt === event.attempt ? report(facts, facts.open, event.outcome, nowMs) : facts;
    case "gateway":
      return hear(facts, event.event, nowMs);
    case "clock":
      return watch(facts, nowMs);
  }
}
