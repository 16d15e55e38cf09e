import { LIMITS } from "../../schema/limits.ts";
import type { PaymentsApi } from "../../schema/rpc/entrypoints.ts";
import type { Deps } from "./deps.ts";

/**
 * One call into the objects. Repeats what failed in passing (`retryable`), never what is `overloaded`, after full jitter
 * that doubles. Every method of `PaymentsApi` may be repeated: an answer that got lost costs a lease, not a payment.
 * @throws what still fails after the last try.
 */
export async function callState<Answer>(
  deps: Pick<Deps, "state" | "clock" | "random" | "log">,
  what: keyof PaymentsApi,
  call: (state: PaymentsApi) => Promise<Answer>,
): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call(deps.state);
    } catch (error) {
      const again = isPassing(error) && attempt < LIMITS.rpcTriesMax;
      deps.log({
        level: again ? "warn" : "error",
        event: "state_call_failed",
        what,
        attempt,
        error: String(error),
      });
      if (!again) throw error;
    }
    const waitMs = deps.random() * LIMITS.rpcRetryBaseMs * 2 ** (attempt - 1);
    await new Promise<void>((done) => deps.clock.after(waitMs, done));
  }
}

function isPassing(error: unknown): boolean {
  const { retryable, overloaded } = error as { retryable?: boolean; overloaded?: boolean };
  return retryable === true && overloaded !== true;
}
