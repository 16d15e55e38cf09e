/** Waits for an answer so long and no longer. The work itself goes on: whoever asked may still hear of its end. */
export type InTime = <Value>(work: Promise<Value>, patienceMs: number, from?: string) => Promise<Value>;

/** @throws when the work failed, or is not done in time. */
export const inTime: InTime = async (work, patienceMs, from = "there") => {
  const late = Promise.withResolvers<never>();
  const tooLate = () => late.reject(new Error(`no answer from ${from} in ${patienceMs} ms`));
  const timer = setTimeout(tooLate, patienceMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
};
