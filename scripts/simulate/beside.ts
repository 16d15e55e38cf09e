import { Worker } from "node:worker_threads";

/** Calls in flight to one thread: enough to keep it busy, few enough that what waits there stays small. */
const IN_FLIGHT_MAX = 8;

type Waiting = { resolve: (value: unknown) => void; reject: (error: Error) => void };

/** Another thread, that answers one message after the other; `ask` resolves with its answer. */
export type Beside = {
  ask(message: unknown, transfer?: ArrayBuffer[]): Promise<unknown>;
  /** Sends without waiting for the answer, unless too many are under way. */
  tell(message: unknown): Promise<void>;
  stop(): Promise<void>;
};

export function startBeside(script: string, workerData: unknown): Beside {
  const worker = new Worker(script, { workerData });
  const waiting: Waiting[] = [];
  let broken: Error | null = null;
  const fail = (error: Error) => {
    broken ??= error;
    // What ended it comes first; that it ended, after.
    for (const { reject } of waiting.splice(0)) reject(broken);
  };
  worker.on("message", (answer) => waiting.shift()?.resolve(answer));
  worker.on("error", fail);
  worker.on("exit", (code) => {
    if (code !== 0) fail(new Error(`a thread beside this one ended with ${code}`));
  });

  function ask(message: unknown, transfer: ArrayBuffer[] = []): Promise<unknown> {
    if (broken !== null) return Promise.reject(broken);
    return new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      worker.postMessage(message, transfer);
    });
  }

  let told: Promise<unknown>[] = [];
  return {
    ask,
    async tell(message) {
      const answer = ask(message);
      // Whoever tells next hears of it.
      answer.catch(() => {});
      told.push(answer);
      if (told.length >= IN_FLIGHT_MAX) {
        await told[0];
        told = told.slice(1);
      }
    },
    async stop() {
      await worker.terminate();
    },
  };
}
