/** Runs at most `count` at once. Those with `isUrgent` go before all others that wait. */
export function createSlots(count: number) {
  const waiting: (() => void)[] = [];
  let free = count;

  return async function run<Value>(
    act: () => Promise<Value>,
    { isUrgent }: { isUrgent: boolean },
  ): Promise<Value> {
    if (free > 0) free--;
    else await new Promise<void>((start) => (isUrgent ? waiting.unshift(start) : waiting.push(start)));
    try {
      return await act();
    } finally {
      const start = waiting.shift();
      if (start === undefined) free++;
      else start();
    }
  };
}
