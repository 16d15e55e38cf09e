import type { VirtualClock } from "./virtual-clock.ts";

/**
 * The way to one Durable Object and its one thread: a call travels, waits until those before it are done, is answered, and its
 * answer travels back once what it wrote is durable.
 */
export type Door = {
  call<Answer>(asked: { awayMs: number; items: number; act: () => Answer }): Promise<Answer>;
};

export type DoorTimes = { callMs: number; itemMs: number; durableMs: number };

/** As the design has it: some 500 calls a second that write. An id costs a look-up and 16 bytes. */
export const OBJECT_TIMES: DoorTimes = { callMs: 2, itemMs: 0.002, durableMs: 5 };

export function openDoor(clock: VirtualClock, times: DoorTimes): Door {
  let freeAtMs = 0;
  return {
    call: ({ awayMs, items, act }) =>
      new Promise((resolve, reject) => {
        clock.after(awayMs, () => {
          freeAtMs = Math.max(freeAtMs, clock.now()) + times.callMs + items * times.itemMs;
          clock.after(freeAtMs - clock.now(), () => {
            try {
              const answer = act();
              clock.after(times.durableMs + awayMs, () => resolve(answer));
            } catch (error) {
              reject(error);
            }
          });
        });
      }),
  };
}
