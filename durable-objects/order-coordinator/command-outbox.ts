import { LIMITS } from "../../schema/limits.ts";
import type { PaymentMessage } from "../../schema/messages.ts";
import { logError } from "../log.ts";

/** Puts payment commands on their queue. May lose them: each is a row with a time to be sent again. */
export class CommandOutbox {
  readonly #queue: Queue<PaymentMessage>;
  #outgoing: PaymentMessage[] = [];
  #isSending = false;

  constructor(queue: Queue<PaymentMessage>) {
    this.#queue = queue;
  }

  /** Messages of one turn, or that gather while a batch is on its way, leave together. Never rejects. */
  async send(messages: readonly PaymentMessage[]): Promise<void> {
    this.#outgoing.push(...messages);
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      while (this.#outgoing.length > 0) {
        await scheduler.wait(0);
        const batch = this.#outgoing.splice(0, LIMITS.queueBatchMax);
        await this.#queue.sendBatch(batch.map((body) => ({ body })));
      }
    } catch (error) {
      // Every message is a row with a time to be sent again; nothing is lost but that time.
      logError("payment_commands_not_sent", error, { waiting: this.#outgoing.length });
      this.#outgoing = [];
    } finally {
      this.#isSending = false;
    }
  }
}
