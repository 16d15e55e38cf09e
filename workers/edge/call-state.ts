import { LIMITS } from "../../schema/limits.ts";
import { ok, type Result } from "../../schema/result.ts";
import type { EdgeApi } from "../../schema/rpc/entrypoints.ts";
import { type Unavailable, unavailable } from "../combine.ts";
import type { Deps } from "./deps.ts";

/**
 * One call into the objects. Repeats what failed in passing (`retryable`), never what is `overloaded`: each try with a
 * fresh stub, after full jitter that doubles. Every method of `EdgeApi` may be repeated, so a lost answer does no harm.
 * What still fails is `unavailable`, and the outcome is then unknown to the caller: it asks again with its key.
 */
export async function callState<Answer>(
  deps: Deps,
  what: string,
  call: (state: EdgeApi) => Promise<Answer>,
): Promise<Result<Answer, Unavailable>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return ok(await call(deps.state()));
    } catch (error) {
      const again = isWorthRetrying(error) && attempt < LIMITS.rpcTriesMax;
      deps.log({
        level: again ? "warn" : "error",
        event: "state_call_failed",
        what,
        attempt,
        error: String(error),
      });
      if (!again) return unavailable();
    }
    const waitMs = deps.random() * LIMITS.rpcRetryBaseMs * 2 ** (attempt - 1);
    await new Promise<void>((done) => deps.clock.after(waitMs, done));
  }
}

function isWorthRetrying(error: unknown): boolean {
  const { retryable, overloaded } = error as { retryable?: boolean; overloaded?: boolean };
  return retryable === true && overloaded !== true;
}
