import type { OrderId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { PaymentMessage } from "../../schema/messages.ts";
import type { BegunCommand } from "../../schema/rpc/payments.ts";
import { logError } from "../log.ts";
import type { Event } from "./decide.ts";
import { noteEvent } from "./note-event.ts";
import { beginCommand, openCommand, wakeOrder } from "./payment-commands.ts";
import type { OrderRecord } from "./records.ts";
import type { Refused } from "./settle.ts";
import { type StockDeps, StockSteps } from "./stock-steps.ts";
import type { OrderStore } from "./store.ts";

export type Deps = StockDeps & {
  store: OrderStore;
  /** Puts messages on the queue; may lose them, the alarm sends again. */
  send(messages: PaymentMessage[]): void;
};

/**
 * Carries orders on: asks `next`, does it, records the answer, asks again. Interrupted anywhere, it is simply run again:
 * stock steps are numbered and repeat harmlessly, and a command is a row before it is a message.
 */
export class Driver {
  readonly #deps: Deps;
  readonly #stock: StockSteps;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#stock = new StockSteps(deps);
  }

  /** A stock step of it is under way. */
  isBusy(orderId: OrderId): boolean {
    return this.#stock.isBusy(orderId);
  }

  /**
   * Runs stock steps until the orders need none, then opens their next commands: on the queue, or begun for the caller
   * who asks for that. Returns refused pins (their orders are forgotten) and the begun commands.
   */
  async drive(orderIds: readonly OrderId[], commands: "send" | "begin") {
    const ids = [...new Set(orderIds)];
    const refused: Refused = new Map();
    for (let round = 0; round < LIMITS.stockRoundsMax; round += 1) {
      const steps = ids.flatMap(
        (orderId) => this.#each(orderId, "order_not_driven", () => this.#stock.claim(orderId)) ?? [],
      );
      if (steps.length === 0) break;
      await this.#stock.run(steps, refused);
    }
    return { refused, begun: this.#openCommands(ids, commands) };
  }

  /** Records an event. Facts that do not change cost nothing. */
  record(orderId: OrderId, event: Event): OrderRecord | null {
    return noteEvent(this.#deps, orderId, event);
  }

  /** Hands the open command to a consumer for one lease; null when the message is stale or another has it. */
  begin(message: PaymentMessage): BegunCommand | null {
    return beginCommand(this.#deps, message);
  }

  #openCommands(orderIds: readonly OrderId[], commands: "send" | "begin"): Map<OrderId, BegunCommand> {
    const begun = new Map<OrderId, BegunCommand>();
    const messages: PaymentMessage[] = [];
    for (const orderId of orderIds) {
      this.#each(orderId, "command_not_opened", () => {
        const opened = openCommand(this.#deps, orderId, commands);
        if (opened?.kind === "message") messages.push(opened.message);
        if (opened?.kind === "begun") begun.set(orderId, opened.command);
      });
    }
    if (messages.length > 0) this.#deps.send(messages);
    return begun;
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
          const message = wakeOrder(this.#deps, record);
          if (message) messages.push(message);
          return [orderId];
        }) ?? []
      );
    });
    if (messages.length > 0) this.#deps.send(messages);
    return awake;
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
}
