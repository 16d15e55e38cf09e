import { chargesOf } from "../../schema/charges.ts";
import type { DropId, OrderId, SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { PaymentMessage } from "../../schema/messages.ts";
import type {
  AdjustAnswer,
  AdjustItem,
  BegunCommand,
  CommitItem,
  PinItem,
  ReleaseItem,
  Reservation,
  StepAnswer,
} from "../../schema/rpc.ts";
import { logError } from "../log.ts";
import { apply } from "./apply.ts";
import { priced, sumMinor } from "./basket.ts";
import {
  type Event,
  type Facts,
  nameOf,
  next,
  openAttempt,
  type PinRefusalCode,
  refusedRefundDelayMs,
  resolveDelayMs,
} from "./decide.ts";
import type { InTime } from "./in-time.ts";
import type { Limits } from "./limits.ts";
import { carry } from "./rounds.ts";
import {
  claimAt,
  type Errand,
  type Step,
  type Stop,
  type StopAnswer,
  takeAnswer,
  toClaim,
  toErrands,
  toReturn,
  toUnclaim,
} from "./steps.ts";
import type { OrderRecord, OrderRequest, OrderStore, StockEffect } from "./store.ts";

/** What a SKU's object is to an order. */
export type SkuApi = {
  pin(items: PinItem[]): Promise<StepAnswer[]>;
  commit(items: CommitItem[]): Promise<StepAnswer[]>;
  release(items: ReleaseItem[]): Promise<StepAnswer[]>;
  adjust(items: AdjustItem[]): Promise<AdjustAnswer[]>;
};

export type Deps = {
  store: OrderStore;
  sku(dropId: DropId, skuId: SkuId): { key: string; api: SkuApi };
  limits: Limits;
  inTime: InTime;
  /** Puts messages on the queue; may lose them, the alarm sends again. */
  send(messages: PaymentMessage[]): void;
  nowMs(): number;
};

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
      const steps = ids.flatMap(
        (orderId) => this.#each(orderId, "order_not_driven", () => this.#claimStep(orderId)) ?? [],
      );
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
    const nowMs = this.#deps.nowMs();
    this.#deps.store.saveOpen(record, leased(facts, nowMs), nowMs);
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
    const name = nameOf(todo.act, record.facts);
    const isRepeat = effect.act === name;
    if (isRepeat && effect.retryAtMs > nowMs) return null;
    const tries = isRepeat ? effect.tries + 1 : 1;
    const step = isRepeat ? effect.step : effect.step + 1;
    store.saveEffect(record, { step, act: name, tries, retryAtMs: nowMs + retryDelayMs(tries) }, nowMs);
    this.#busy.add(orderId);
    return {
      record,
      act: todo.act,
      step,
      held: [],
      taken: [],
      isClaimed: false,
      isOverLimit: false,
      refusal: null,
      isUnsure: false,
      overtakenBy: 0,
    };
  }

  /** Brings each step to all its stops, then settles it. Steps of one act at one object share a call. */
  async #runSteps(steps: Step[], refused: Map<OrderId, PinRefusalCode>): Promise<void> {
    const errands = steps.flatMap((step) => toErrands(step));
    const underWay = new Map(steps.map((step) => [step, 0]));
    for (const { step } of errands) underWay.set(step, (underWay.get(step) ?? 0) + 1);
    await carry<Errand, StopAnswer>(errands, {
      stopOf: (errand) => this.#keyOf(errand),
      call: (_, group) => this.#call(group),
      take: (errand, answer) => {
        takeAnswer(errand, answer);
        if (errand.stops.length > 0) return;
        const left = (underWay.get(errand.step) ?? 0) - 1;
        underWay.set(errand.step, left);
        if (left === 0) this.#end(errand.step, refused);
      },
    });
  }

  /** Never throws: the other orders of its call are still to be told. What was not written is asked again. */
  #end(step: Step, refused: Map<OrderId, PinRefusalCode>): void {
    const { orderId } = step.record;
    this.#busy.delete(orderId);
    try {
      this.#settle(step, refused);
    } catch (error) {
      logError("stock_step_not_settled", error, { orderId, act: step.act });
    }
  }

  #keyOf({ step, stops }: Errand): string | null {
    const [stop] = stops;
    return stop ? `${step.act} ${this.#objectOf(step, stop).key}` : null;
  }

  #objectOf({ record: { request } }: Step, stop: Stop) {
    return stop.kind === "claim"
      ? this.#deps.limits(request.dropId, stop.claim.identity)
      : this.#deps.sku(request.dropId, stop.line.skuId);
  }

  async #call(errands: [Errand, ...Errand[]]): Promise<StopAnswer[]> {
    const [{ step, stops }] = errands;
    try {
      const asked =
        stops[0]?.kind === "line" ? this.#askSku(errands, stops[0].line.skuId) : this.#askLimit(errands);
      return await this.#deps.inTime(asked, LIMITS.skuCallTimeoutMs);
    } catch (error) {
      logError("stock_step_failed", error, { act: step.act, orders: errands.length });
      throw error;
    }
  }

  #askSku(errands: [Errand, ...Errand[]], skuId: SkuId): Promise<StopAnswer[]> {
    const { act, record } = errands[0].step;
    const { api } = this.#deps.sku(record.request.dropId, skuId);
    if (act === "return") return api.adjust(errands.map(toReturn));
    const items = errands.map(({ step }) => ({
      orderId: step.record.orderId,
      step: step.step,
      reservationId: step.record.request.reservationId,
      shopperId: step.record.request.shopperId,
    }));
    switch (act) {
      case "pin":
        return api.pin(items);
      case "commit":
      case "commit_late":
        return api.commit(items.map((item) => ({ ...item, late: act === "commit_late" })));
      case "release":
        return api.release(items);
    }
  }

  /** A claim lasts from the pin to the release, is less by what comes back, and is taken anew for late money. */
  async #askLimit(errands: [Errand, ...Errand[]]): Promise<StopAnswer[]> {
    const { act, record } = errands[0].step;
    const first = claimAt(errands[0]);
    const { api } = this.#deps.limits(record.request.dropId, first.identity);
    return act === "release" ? api.giveBack(errands.map(toUnclaim)) : api.claim(errands.map(toClaim));
  }

  #settle(step: Step, refused: Map<OrderId, PinRefusalCode>): void {
    const { record, act, refusal, held, isUnsure } = step;
    const { orderId, request } = record;
    if (isUnsure && refusal === null) {
      if (step.overtakenBy >= step.step) this.#renumber(step);
      return;
    }
    const payByMs = this.#deps.nowMs() + request.paymentWindowMs;
    switch (act) {
      case "pin":
        if (refusal === null) this.record(orderId, toPinned(request, held, payByMs));
        else this.#refusePin(step, refusal, refused);
        return;
      case "commit":
      case "commit_late": {
        const reason = step.isOverLimit ? "limit_reached" : "no_unit_left";
        this.record(orderId, refusal === null ? { kind: "committed" } : { kind: "commit_refused", reason });
        return;
      }
      case "return": {
        const returnId = record.facts.returns[0]?.returnId ?? "";
        this.record(orderId, { kind: "returned", returnId, lines: step.taken });
        return;
      }
      case "release":
        this.#released(orderId, refused);
    }
  }

  /**
   * Only what this order does now is answered, so a limit that has seen a higher number tells that numbers were lost: with an
   * order that was forgotten, by a clock that went back. The step is run again, above them all.
   */
  #renumber({ record, overtakenBy }: Step): void {
    const effect: StockEffect = { step: overtakenBy, act: null, tries: 0, retryAtMs: 0 };
    this.#deps.store.saveEffect(record, effect, this.#deps.nowMs());
  }

  /**
   * Lines are pinned in order, and only by the first can an order be kept out: then it holds nothing, nor ever did. A claim
   * that is refused now may have a copy on its way that finds room later: the release's higher number fences it.
   */
  #refusePin(
    { record, held, isClaimed, isOverLimit }: Step,
    code: string,
    refused: Map<OrderId, PinRefusalCode>,
  ): void {
    if (!isPinRefusal(code)) return;
    if (held.length > 0 || isClaimed || isOverLimit) {
      this.record(record.orderId, { kind: "pin_refused", code });
      return;
    }
    this.#deps.store.forget(record.orderId);
    refused.set(record.orderId, code);
  }

  #released(orderId: OrderId, refused: Map<OrderId, PinRefusalCode>): void {
    const refusal = this.record(orderId, { kind: "released" })?.facts.pinRefusal;
    if (!refusal) return;
    this.#deps.store.forget(orderId);
    refused.set(orderId, refusal);
  }

  #openCommands(orderIds: readonly OrderId[], commands: "send" | "begin"): Map<OrderId, BegunCommand> {
    const begun = new Map<OrderId, BegunCommand>();
    const messages: PaymentMessage[] = [];
    for (const orderId of orderIds) {
      this.#each(orderId, "command_not_opened", () => {
        const opened = this.#openCommand(orderId, commands);
        if (opened?.kind === "message") messages.push(opened.message);
        if (opened?.kind === "begun") begun.set(orderId, opened.command);
      });
    }
    if (messages.length > 0) this.#deps.send(messages);
    return begun;
  }

  /** Opened, and begun for a caller who is there, in one write. null: there is none, or the alarm is to send it. */
  #openCommand(orderId: OrderId, commands: "send" | "begin"): Opened | null {
    const record = this.#deps.store.load(orderId);
    const todo = record && next(record.facts);
    if (!record || todo?.kind !== "command") return null;
    const nowMs = this.#deps.nowMs();
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
    this.#deps.store.save(record, command ? leased(opened, nowMs) : opened, nowMs);
    if (command) return { kind: "begun", command };
    if (!isDueNow || commands === "begin") return null;
    return { kind: "message", message: { orderId, attempt: facts.open.attempt } };
  }

  /** What cannot be done for one order is logged and tried again later: the others go their way. null: it threw. */
  #each<Value>(orderId: OrderId, failure: string, act: () => Value): Value | null {
    try {
      return act();
    } catch (error) {
      logError(failure, error, { orderId });
      this.#deps.store.postpone(orderId, this.#deps.nowMs() + LIMITS.effectRetryMaxMs);
      return null;
    }
  }

  /**
   * The alarm's part: ended holds, ended leases, commands to send again. Returns the orders that are to be driven on; one
   * that cannot be woken is put off.
   */
  wake(records: readonly OrderRecord[]): OrderId[] {
    const messages: PaymentMessage[] = [];
    const awake = records.flatMap((record) => {
      const { orderId } = record;
      return (
        this.#each(orderId, "order_not_woken", () => {
          const message = this.#wakeOne(record);
          if (message) messages.push(message);
          return [orderId];
        }) ?? []
      );
    });
    if (messages.length > 0) this.#deps.send(messages);
    return awake;
  }

  #wakeOne(record: OrderRecord): PaymentMessage | null {
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

type Opened = { kind: "message"; message: PaymentMessage } | { kind: "begun"; command: BegunCommand };

/** The open command is one consumer's for one lease. */
function leased(facts: Facts, nowMs: number): Facts {
  if (!facts.open) return facts;
  return { ...facts, open: { ...facts.open, state: "begun", nextAtMs: nowMs + LIMITS.commandLeaseMs } };
}

/** A consumer began the command and was never heard of again. */
const NO_REPORT = { kind: "unknown", reason: "no_report" } as const;

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
