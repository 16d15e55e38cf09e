import type { OrderId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { PaymentMessage } from "../../schema/messages.ts";
import { totalMinor } from "../../schema/money.ts";
import type {
  BegunCommand,
  CommitItem,
  PinItem,
  PlaceRefusal,
  ReleaseItem,
  StepAnswer,
} from "../../schema/rpc.ts";
import { logError } from "../log.ts";
import {
  apply,
  type Event,
  type Facts,
  next,
  openAttempt,
  refusedRefundDelayMs,
  resolveDelayMs,
} from "./decide.ts";
import type { OrderRecord, OrderStore, StockEffect } from "./store.ts";

/** What a SKU's object is to an order. */
export type SkuApi = {
  pin(items: PinItem[]): Promise<StepAnswer[]>;
  commit(items: CommitItem[]): Promise<StepAnswer[]>;
  release(items: ReleaseItem[]): Promise<StepAnswer[]>;
};

export type Deps = {
  store: OrderStore;
  sku(request: OrderRecord["request"]): { key: string; api: SkuApi };
  /** Puts messages on the queue; may lose them, the alarm sends again. */
  send(messages: PaymentMessage[]): void;
  nowMs(): number;
};

type Act = "pin" | "commit" | "commit_late" | "release";
type Step = { record: OrderRecord; act: Act; step: number };

/** Why a pin was refused for good; everything else is asked again. */
export type PinRefusalCode = Extract<PlaceRefusal["code"], `reservation_${string}`>;

/**
 * Carries orders on: asks `next`, does it, records the answer, asks again. Interrupted anywhere, it is simply run again:
 * stock steps are numbered and repeat harmlessly, and a command is a row before it is a message.
 */
export class Driver {
  readonly #deps: Deps;
  /** Orders with a stock step under way in this instance. A hint: after a crash the steps' own numbers guard. */
  readonly #busy = new Set<OrderId>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  isBusy(orderId: OrderId): boolean {
    return this.#busy.has(orderId);
  }

  /**
   * Runs stock steps until the orders need none, then opens their next commands: on the queue, or begun for the caller
   * who asks for that. Returns refused pins (their orders are forgotten) and the begun commands.
   */
  async drive(orderIds: readonly OrderId[], commands: "send" | "begin") {
    const ids = [...new Set(orderIds)];
    const refused = new Map<OrderId, PinRefusalCode>();
    for (let round = 0; round < LIMITS.stockRoundsMax; round += 1) {
      const steps = ids.flatMap((orderId) => this.#claimStep(orderId) ?? []);
      if (steps.length === 0) break;
      await this.#runSteps(steps, refused);
    }
    return { refused, begun: this.#openCommands(ids, commands) };
  }

  /** Records an event. Facts that do not change cost nothing. */
  record(orderId: OrderId, event: Event): OrderRecord | null {
    const record = this.#deps.store.load(orderId);
    if (!record) return null;
    const nowMs = this.#deps.nowMs();
    this.#deps.store.save(record, apply(record.facts, event, nowMs), nowMs);
    return record;
  }

  /** Hands the open command to a consumer for one lease; null when the message is stale or another has it. */
  begin({ orderId, attempt }: PaymentMessage): BegunCommand | null {
    const record = this.#deps.store.load(orderId);
    const open = record?.facts.open;
    if (!record || !open || open.attempt !== attempt || open.state === "begun") return null;
    return this.#lease(record, record.facts, open.state === "unknown" ? "resolve" : "execute");
  }

  #lease(record: OrderRecord, facts: Facts, mode: BegunCommand["mode"]): BegunCommand | null {
    if (!facts.open) return null;
    const nowMs = this.#deps.nowMs();
    const begun: Facts = {
      ...facts,
      open: { ...facts.open, state: "begun", nextAtMs: nowMs + LIMITS.commandLeaseMs },
    };
    this.#deps.store.saveOpen(record, begun, nowMs);
    return toCommand(record, facts, mode);
  }

  /** Writes down what is about to be asked of the SKU's object, so that a repeat after a crash carries the same number. */
  #claimStep(orderId: OrderId): Step | null {
    const { store } = this.#deps;
    const record = store.load(orderId);
    const todo = record && next(record.facts);
    if (!record || todo?.kind !== "stock") return null;
    const nowMs = this.#deps.nowMs();
    const { effect } = record;
    if (this.#busy.has(orderId)) {
      // An alarm that finds a slow call still under way must not come back at once, again and again.
      if (effect.retryAtMs <= nowMs) store.saveEffect(record, postponed(effect, nowMs), nowMs);
      return null;
    }
    const isRepeat = effect.act === todo.act;
    if (isRepeat && effect.retryAtMs > nowMs) return null;
    const tries = isRepeat ? effect.tries + 1 : 1;
    const step = isRepeat ? effect.step : effect.step + 1;
    store.saveEffect(record, { step, act: todo.act, tries, retryAtMs: nowMs + retryDelayMs(tries) }, nowMs);
    this.#busy.add(orderId);
    return { record, act: todo.act, step };
  }

  async #runSteps(steps: Step[], refused: Map<OrderId, PinRefusalCode>): Promise<void> {
    const calls = new Map<string, Step[]>();
    for (const step of steps) {
      const key = `${step.act} ${this.#deps.sku(step.record.request).key}`;
      calls.set(key, [...(calls.get(key) ?? []), step]);
    }
    await Promise.all(
      [...calls.values()].map(async (call) => {
        try {
          const answers = await this.#ask(call);
          for (const [index, step] of call.entries()) this.#settle(step, answers[index], refused);
        } catch (error) {
          logError("stock_step_failed", error, { act: call[0]?.act ?? "", orders: call.length });
        } finally {
          for (const { record } of call) this.#busy.delete(record.orderId);
        }
      }),
    );
  }

  #ask(call: Step[]): Promise<StepAnswer[]> {
    const [first] = call;
    if (!first) return Promise.resolve([]);
    const { api } = this.#deps.sku(first.record.request);
    const items = call.map(({ record: { orderId, request }, step }) => ({
      orderId,
      step,
      reservationId: request.reservationId,
      shopperId: request.shopperId,
    }));
    switch (first.act) {
      case "pin":
        return api.pin(items);
      case "commit":
      case "commit_late":
        return api.commit(items.map((item) => ({ ...item, late: first.act === "commit_late" })));
      case "release":
        return api.release(items);
    }
  }

  #settle(
    { record, act }: Step,
    answer: StepAnswer | undefined,
    refused: Map<OrderId, PinRefusalCode>,
  ): void {
    const { orderId, request } = record;
    if (!answer) return;
    if (answer.ok) {
      const { quantity, unitPriceMinor, currency } = answer.value;
      const payByMs = this.#deps.nowMs() + request.paymentWindowMs;
      const events: Record<Act, Event> = {
        pin: {
          kind: "pinned",
          quantity,
          totalMinor: totalMinor(unitPriceMinor, quantity),
          currency,
          payByMs,
        },
        commit: { kind: "committed" },
        commit_late: { kind: "committed" },
        release: { kind: "released" },
      };
      this.record(orderId, events[act]);
      return;
    }
    const { code } = answer.refusal;
    if (code === "internal" || code === "request_in_progress") {
      logError("stock_step_refused", code, { orderId, act });
      return;
    }
    if (act === "release") this.record(orderId, { kind: "released" });
    else if (act !== "pin") this.record(orderId, { kind: "commit_refused" });
    else if (code !== "sold_out") {
      this.#deps.store.forget(orderId);
      refused.set(orderId, code);
    }
  }

  #openCommands(orderIds: readonly OrderId[], commands: "send" | "begin"): Map<OrderId, BegunCommand> {
    const begun = new Map<OrderId, BegunCommand>();
    const messages: PaymentMessage[] = [];
    for (const orderId of orderIds) {
      const record = this.#deps.store.load(orderId);
      const todo = record && next(record.facts);
      if (!record || todo?.kind !== "command") continue;
      const nowMs = this.#deps.nowMs();
      const facts = openAttempt(record.facts, todo.operation, nowMs, nowMs);
      if (!facts.open) continue;
      const { attempt, state } = facts.open;
      // What a gateway refused a moment ago it refuses again: the next try is the alarm's.
      const isRefused = todo.operation === "refund" && facts.refundsDeclined > 0;
      // Nobody has paid in a session that was opened a moment ago: the first look can wait.
      const waitMs = state === "unknown" ? resolveDelayMs(0) : record.request.commandResendMs;
      const delayMs = isRefused ? refusedRefundDelayMs(facts.refundsDeclined) : waitMs;
      const opened: Facts = { ...facts, open: { ...facts.open, nextAtMs: nowMs + delayMs } };
      this.#deps.store.save(record, opened, nowMs);
      if (state !== "due" || isRefused) continue;
      if (commands === "send") messages.push({ orderId, attempt });
      else {
        const command = this.#lease(record, opened, "execute");
        if (command) begun.set(orderId, command);
      }
    }
    if (messages.length > 0) this.#deps.send(messages);
    return begun;
  }

  /** The alarm's part for one order: ended holds, ended leases, commands to send again. */
  wake(record: OrderRecord): PaymentMessage | null {
    const nowMs = this.#deps.nowMs();
    const { store } = this.#deps;
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
}

/** A consumer began the command and was never heard of again. */
const NO_REPORT = { kind: "unknown", reason: "no_report" } as const;

function postponed(effect: StockEffect, nowMs: number): StockEffect {
  const tries = effect.tries + 1;
  return { ...effect, tries, retryAtMs: nowMs + retryDelayMs(tries) };
}

function retryDelayMs(tries: number): number {
  return Math.min(LIMITS.effectRetryMaxMs, LIMITS.effectRetryBaseMs * 2 ** Math.min(tries - 1, 10));
}

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
    amountMinor: facts.totalMinor,
    currency,
    token: request.payment.kind === "token" ? request.payment.token : null,
    returnUrl: request.returnUrl,
    payByMs: facts.payByMs,
    sessionRef: facts.sessionRef,
    paymentRef: facts.paymentRef,
  };
}
