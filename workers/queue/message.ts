import { LIMITS } from "../../schema/limits.ts";

/** What this Worker uses of a message of Queues. The first of `ack` and `retry` counts. */
export type QueueMessage = {
  readonly id: string;
  readonly body: unknown;
  /** 1 at the first delivery. */
  readonly attempts: number;
  ack(): void;
  retry(options?: { delaySeconds?: number }): void;
};

/** Full jitter below a bound that doubles with each delivery: a crowd of failures does not come back as a crowd. */
export function retryLater(message: QueueMessage, random: () => number): void {
  const boundSeconds = Math.min(
    LIMITS.queueRetryMaxSeconds,
    LIMITS.queueRetryBaseSeconds * 2 ** Math.max(0, message.attempts - 1),
  );
  message.retry({ delaySeconds: Math.floor(random() * (boundSeconds + 1)) });
}
