import { LIMITS } from "../../schema/limits.ts";
import type { GatewayEvent, Outcome } from "../../schema/rpc/payments.ts";
import type { Operation } from "../../schema/statuses.ts";
import { endStray, flag } from "./amend.ts";
import type { Facts } from "./decide.ts";
import { authorized, report } from "./outcomes.ts";

/** What a webhook says is an outcome that came by another door: the same attempt ends by it, or it is late money. */
export function hear(facts: Facts, event: GatewayEvent, nowMs: number): Facts {
  const { open } = facts;
  // A refund may be of a part.
  const isOfOrder = event.kind === "refunded" || event.amountMinor === facts.totalMinor;
  if (!isOfOrder || event.currency !== facts.currency) return flag(facts, "amount_differs");
  const ends = (operation: Operation, outcome: Outcome) =>
    open?.operation === operation ? report(facts, open, outcome, nowMs) : facts;
  const { paymentRef: ref, instrument } = event;
  const told = instrument === undefined ? {} : { instrument };
  switch (event.kind) {
    case "authorized":
      if (ref === null || ref === facts.paymentRef || facts.strays.some((stray) => stray.ref === ref))
        return facts;
      if (open?.operation === "authorize")
        return report(facts, open, { kind: "succeeded", ref, ...told }, nowMs);
      if (facts.money !== "none" || open) return noteStray(facts, ref);
      return authorized(facts, { ref, ...told });
    case "captured":
      return ref === facts.paymentRef && ref !== null ? ends("capture", { kind: "succeeded", ref }) : facts;
    case "voided": {
      if (ref === null) return facts;
      if (open?.operation === "void" && ref === (open.strayRef ?? facts.paymentRef))
        return report(facts, open, { kind: "succeeded", ref }, nowMs);
      const isStray = facts.strays.some((stray) => stray.ref === ref && stray.state !== "voided");
      return isStray ? endStray(facts, ref, "voided") : facts;
    }
    case "refunded": {
      if (ref === null || ref !== facts.paymentRef || open?.operation !== "refund") return facts;
      // Of several refunds of one amount, the sum of all that went back tells which of them this is.
      const backMinor = event.refundedMinor ?? event.amountMinor;
      const isThis = backMinor >= facts.refundedMinor + open.amountMinor;
      return isThis ? report(facts, open, { kind: "succeeded", ref }, nowMs) : facts;
    }
    case "session_expired":
      if (!facts.isSessionOpen || event.sessionRef !== facts.sessionRef) return facts;
      return ends("authorize", { kind: "declined", reason: "expired" });
  }
}

/** Money for an order that has its own: remembered, and voided once the order's own way is at its end. */
function noteStray(facts: Facts, ref: string): Facts {
  const flagged = flag(facts, "second_authorization");
  if (facts.strays.length >= LIMITS.strayPaymentsMax) return flagged;
  return { ...flagged, strays: [...facts.strays, { ref, state: "open" }] };
}
