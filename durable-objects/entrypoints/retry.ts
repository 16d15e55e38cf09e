import { LIMITS } from "../../schema/limits.ts";

type RemoteError = { retryable?: boolean; overloaded?: boolean };

/**
 * Calls an object; after a reset that the platform marks `retryable` takes a new stub and calls again, bounded, with
 * full jitter. Never when the object is `overloaded`. Only for calls whose repeat is harmless, which is all of ours.
 */
export async function withRetry<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      const { retryable, overloaded } = error as RemoteError;
      if (!retryable || overloaded || tries >= LIMITS.rpcTriesMax) throw error;
      await scheduler.wait(Math.random() * LIMITS.rpcRetryBaseMs * 2 ** tries);
    }
  }
}
