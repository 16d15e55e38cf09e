import type { OrderId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { PaymentMessage } from "../../schema/messages.ts";
import type { BegunCommand } from "../../schema/rpc/payments.ts";
import { apply } from "./apply.ts";
import { type Facts, next, openAttempt, refusedRefundDelayMs, resolveDelayMs } from "./decide.ts";
import type { OrderRecord } from "./records.ts";
import type { OrderStore } from "./store.ts";

type Deps = { store: Pick<OrderStore, "load" | "save" | "saveOpen">; nowMs(): number };

export type Opened = { kind: "message"; message: PaymentMessage } | { kind: "begun"; command: BegunCommand };

/** Opened, and begun for a caller who is there, in one write. null: there is none, or the alarm is to send it. */
export function openCommand(
  { store, nowMs: now }: Deps,
  orderId: OrderId,
  commands: "send" | "begin",
): Opened | null {
  const record = store.load(orderId);
  const todo = record && next(record.facts);
  if (!record || todo?.kind !== "command") return null;
  const nowMs = now();
  const facts = openAttempt(record.facts, todo, nowMs, nowMs);
  if (!facts.open) return null;
  const { state } = facts.open;
  // What a gateway refused a moment ago it refuses again: the next try is the alarm's.
  const isRefused = todo.operation === "refund" && facts.refundsDeclined > 0;
  // Nobody has paid in a session that was opened a moment ago: the first look can wait.
  const waitMs = state === "unknown" ? resolveDelayMs(0) : record.request.commandResendMs;
  const delayMs = isRefused ? refusedRefundDelayMs(facts.refundsDeclined) : waitMs;
  const opened: Facts = { ...facts, open: { ...facts.open, nextAtMs: nowMs + delayMs } };
  const isDueNow = state === "due" && !isRefused;
  const command = isDueNow && commands === "begin" ? toCommand(record, opened, "execute") : null;
  store.save(record, command ? leased(opened, nowMs) : opened, nowMs);
  if (command) return { kind: "begun", command };
  if (!isDueNow || commands === "begin") return null;
  return { kind: "message", message: { orderId, attempt: facts.open.attempt } };
}

/** Hands the open command to a consumer for one lease; null when the message is stale or another has it. */
export function beginCommand(
  { store, nowMs: now }: Deps,
  { orderId, attempt }: PaymentMessage,
): BegunCommand | null {
  const record = store.load(orderId);
  const open = record?.facts.open;
  if (!record || !open || open.attempt !== attempt || open.state === "begun") return null;
  const nowMs = now();
  store.saveOpen(record, leased(record.facts, nowMs), nowMs);
  return toCommand(record, record.facts, open.state === "unknown" ? "resolve" : "execute");
}

/**
 * An order that is due: its hold may have ended, or a consumer's lease. Returns the command that is to be sent (again);
 * null: none is.
 */
export function wakeOrder({ store, nowMs: now }: Deps, record: OrderRecord): PaymentMessage | null {
  const nowMs = now();
  const watched = apply(record.facts, { kind: "clock" }, nowMs);
  const { open } = watched;
  if (!open || open.nextAtMs > nowMs) {
    store.save(record, watched, nowMs);
    return null;
  }
  const { attempt } = open;
  if (open.state === "begun") {
    store.save(record, apply(watched, { kind: "reported", attempt, outcome: NO_REPORT }, nowMs), nowMs);
    return null;
  }
  store.save(
    record,
    { ...watched, open: { ...open, nextAtMs: nowMs + record.request.commandResendMs } },
    nowMs,
  );
  return { orderId: record.orderId, attempt };
}

/** The open command is one consumer's for one lease. */
function leased(facts: Facts, nowMs: number): Facts {
  if (!facts.open) return facts;
  return { ...facts, open: { ...facts.open, state: "begun", nextAtMs: nowMs + LIMITS.commandLeaseMs } };
}

/** A consumer began the command and was never heard of again. */
const NO_REPORT = { kind: "unknown", reason: "no_report" } as const;

function toCommand(record: OrderRecord, facts: Facts, mode: BegunCommand["mode"]): BegunCommand | null {
  const { orderId, request } = record;
  const { open, currency } = facts;
  if (!open || currency === "") return null;
  return {
    orderId,
    attempt: open.attempt,
    operation: open.operation,
    mode,
    gateway: request.gateway,
    key: `${orderId}:${open.operation}:${open.attempt}`,
    keyExpiresAtMs: open.createdAtMs + LIMITS.gatewayKeyLifeMs,
    amountMinor: open.amountMinor,
    refundedMinor: facts.refundedMinor,
    currency,
    token: facts.token,
    returnUrl: request.returnUrl,
    payByMs: facts.payByMs,
    sessionRef: facts.sessionRef,
    paymentRef: open.strayRef ?? facts.paymentRef,
  };
}
