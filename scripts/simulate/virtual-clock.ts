import type { Clock } from "../../workers/combine.ts";

type Timer = { act: (() => void) | null };

/**
 * Time that passes as fast as the work in it is done. Timers of one millisecond run together and in order; between them every
 * promise that can go on does. `turn` resolves when all that came before in its millisecond has had its turn.
 */
export class VirtualClock implements Clock {
  #nowMs: number;
  /** Timers by the millisecond that they are due in, and a heap of those milliseconds. */
  readonly #timers = new Map<number, Timer[]>();
  readonly #heap: number[] = [];
  #turns: (() => void)[] = [];

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  readonly now = (): number => this.#nowMs;

  after(ms: number, act: () => void): () => void {
    const atMs = this.#nowMs + Math.max(0, Math.ceil(ms));
    const timer: Timer = { act };
    const due = this.#timers.get(atMs);
    if (due) due.push(timer);
    else {
      this.#timers.set(atMs, [timer]);
      push(this.#heap, atMs);
    }
    return () => {
      timer.act = null;
    };
  }

  turn(): Promise<void> {
    return new Promise((resolve) => this.#turns.push(resolve));
  }

  /** The next millisecond with something in it; Infinity: nothing is to come. Canceled timers may still count. */
  nextMs(): number {
    return this.#heap[0] ?? Number.POSITIVE_INFINITY;
  }

  /** Goes to an instant, which must not lie beyond `nextMs`, and plays all that is due there. */
  async play(atMs: number): Promise<void> {
    this.#nowMs = Math.max(this.#nowMs, atMs);
    while (this.nextMs() <= this.#nowMs || this.#turns.length > 0) {
      let hasActed = this.#turns.length > 0;
      for (const turn of this.#turns.splice(0)) turn();
      while (this.nextMs() <= this.#nowMs) {
        const dueMs = pop(this.#heap);
        const due = this.#timers.get(dueMs) ?? [];
        this.#timers.delete(dueMs);
        for (const { act } of due) {
          if (act === null) continue;
          act();
          hasActed = true;
        }
      }
      if (hasActed) await settled();
    }
  }
}

/** Once every promise that can go on without waiting for the machine has gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function push(heap: number[], value: number): void {
  let at = heap.length;
  heap.push(value);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as number;
    if (above <= value) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = value;
}

function pop(heap: number[]): number {
  const least = heap[0] as number;
  const last = heap.pop() as number;
  if (heap.length === 0) return least;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && (heap[child + 1] as number) < (heap[child] as number)) child += 1;
    if ((heap[child] as number) >= last) break;
    heap[at] = heap[child] as number;
    at = child;
  }
  heap[at] = last;
  return least;
}
