import type { Clock } from "./deps.ts";

/**
 * A promise that another request may resolve, awaited beside a timer of one's own: without pending I/O of its own,
 * workerd cancels a waiting request as hung. Undefined when it does not come in time.
 */
export async function beside<Value>(
  clock: Clock,
  promise: Promise<Value>,
  ms: number,
): Promise<Value | undefined> {
  const late = Promise.withResolvers<undefined>();
  const cancel = clock.after(ms, () => late.resolve(undefined));
  const value = await Promise.race([promise, late.promise]);
  cancel();
  return value;
}
