import { LIMITS } from "../../schema/limits.ts";
import type { CancelReason } from "../../schema/statuses.ts";
import type { Attention, ClosedAttempt, Facts, StrayPayment } from "./decide.ts";

/** A person has looked, and wants what the gateway refused to be tried again; null when nothing was refused. */
export function tryRefusedAgain(facts: Facts): Facts | null {
  const isRefused = facts.attention === "void_declined" || facts.attention === "refund_declined";
  return isRefused && !facts.open ? { ...facts, attention: null, refundsDeclined: 0 } : null;
}

/** Somebody said so: money that comes later goes back, and takes no units. */
export function isForGood(reason: CancelReason | null): boolean {
  return reason === "by_shopper" || reason === "by_brand" || reason === "limit_reached";
}

export function abandon(facts: Facts, cancelReason: CancelReason): Facts {
  if (facts.wanted === "abandon") return facts;
  return { ...facts, wanted: "abandon", cancelReason };
}

/** Units first: an order that was given up takes free ones again, and only if there are none its money goes back. */
export function moneyArrived(facts: Facts): Facts {
  return facts.wanted === "abandon" && !isForGood(facts.cancelReason)
    ? { ...facts, wanted: "recover" }
    : facts;
}

/** The first reason stays: whoever looks at the order sees all of it anyway. */
export function flag(facts: Facts, attention: Attention): Facts {
  return facts.attention === null ? { ...facts, attention } : facts;
}

/** Ends the open attempt. A payment token has served once its authorization has ended, either way. */
export function close(facts: Facts, closed: ClosedAttempt): Facts {
  const token = facts.open?.operation === "authorize" ? null : facts.token;
  return { ...facts, token, open: null, unknownSinceMs: null, closed };
}

/** Nobody ever began it and, once it is dropped, nobody can: so no money can have moved. */
export function drop(facts: Facts, reason: string): Facts {
  if (facts.open?.state !== "due") return facts;
  return close(facts, { attempt: facts.open.attempt, outcome: "dropped", ref: null, reason });
}

/** Once all were voided nobody need look any more. One that was declined, or one too many, keeps the flag up. */
export function endStray(facts: Facts, ref: string, state: StrayPayment["state"]): Facts {
  const strays = facts.strays.map((stray) => (stray.ref === ref ? { ref, state } : stray));
  const isClear =
    strays.length < LIMITS.strayPaymentsMax && strays.every((stray) => stray.state === "voided");
  const attention = isClear && facts.attention === "second_authorization" ? null : facts.attention;
  return { ...facts, strays, attention };
}
