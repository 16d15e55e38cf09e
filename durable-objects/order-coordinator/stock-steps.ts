import type { DropId, OrderId, SkuId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type {
  AdjustAnswer,
  AdjustItem,
  CommitItem,
  PinItem,
  ReleaseItem,
  StepAnswer,
} from "../../schema/rpc/sku-stock.ts";
import type { InTime } from "../in-time.ts";
import { logError } from "../log.ts";
import { nameOf, next } from "./decide.ts";
import type { Limits } from "./limits.ts";
import type { StockEffect } from "./records.ts";
import { carry } from "./rounds.ts";
import { type Refused, settle } from "./settle.ts";
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
import type { OrderStore } from "./store.ts";

/** What a SKU's object is to an order. */
export type SkuApi = {
  pin(items: PinItem[]): Promise<StepAnswer[]>;
  commit(items: CommitItem[]): Promise<StepAnswer[]>;
  release(items: ReleaseItem[]): Promise<StepAnswer[]>;
  adjust(items: AdjustItem[]): Promise<AdjustAnswer[]>;
};

export type StockDeps = {
  store: Pick<OrderStore, "load" | "save" | "saveEffect" | "forget">;
  sku(dropId: DropId, skuId: SkuId): { key: string; api: SkuApi };
  limits: Limits;
  inTime: InTime;
  nowMs(): number;
};

/** Takes orders' stock steps to the objects that they concern. Each is written down under a number before it is asked for. */
export class StockSteps {
  readonly #deps: StockDeps;
  /** Orders with a step under way in this instance. A hint: after a crash the steps' own numbers guard. */
  readonly #busy = new Set<OrderId>();

  constructor(deps: StockDeps) {
    this.#deps = deps;
  }

  isBusy(orderId: OrderId): boolean {
    return this.#busy.has(orderId);
  }

  /**
   * The step that the order needs, written down so that a repeat after a crash carries the same number; whoever claims it
   * runs it. null: it needs none now, or one is under way.
   */
  claim(orderId: OrderId): Step | null {
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
  async run(steps: readonly Step[], refused: Refused): Promise<void> {
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
  #end(step: Step, refused: Refused): void {
    const { orderId } = step.record;
    this.#busy.delete(orderId);
    try {
      settle(this.#deps, step, refused);
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
}

function postponed(effect: StockEffect, nowMs: number): StockEffect {
  const tries = effect.tries + 1;
  return { ...effect, tries, retryAtMs: nowMs + retryDelayMs(tries) };
}

function retryDelayMs(tries: number): number {
  return Math.min(LIMITS.effectRetryMaxMs, LIMITS.effectRetryBaseMs * 2 ** Math.min(tries - 1, 10));
}
