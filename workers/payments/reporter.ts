import { LIMITS } from "../../schema/limits.ts";
import type { ReportAnswer, ReportItem } from "../../schema/rpc/payments.ts";

type Waiting = {
  item: ReportItem;
  resolve: (answer: ReportAnswer) => void;
  reject: (error: unknown) => void;
};

/**
 * Reports travel together without a fixed wait: what finishes in one turn, or while one report is under way, forms the
 * next. Each promise settles with the answer to its own item, or with the error of the call that carried it.
 */
export function createReporter(
  send: (items: ReportItem[]) => Promise<ReportAnswer[]>,
  turn: () => Promise<void>,
) {
  let waiting: Waiting[] = [];
  let isSending = false;

  async function drain(): Promise<void> {
    isSending = true;
    while (waiting.length > 0) {
      await turn();
      const batch = waiting.slice(0, LIMITS.batchItemsMax);
      waiting = waiting.slice(batch.length);
      await carry(batch);
    }
    isSending = false;
  }

  async function carry(batch: Waiting[]): Promise<void> {
    try {
      const answers = await send(batch.map(({ item }) => item));
      if (answers.length !== batch.length)
        throw new Error(`${batch.length} reports got ${answers.length} answers`);
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] ?? null);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  return (item: ReportItem): Promise<ReportAnswer> =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!isSending) void drain();
    });
}
