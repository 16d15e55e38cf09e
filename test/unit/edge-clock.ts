import type { Clock, Lifetime } from "../../workers/edge/deps.ts";
import { OPENS_AT } from "./edge-samples.ts";

/** Lets everything run that waits for nothing but its turn. */
export async function settle(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((done) => setImmediate(done));
}

/** Time that stands still until it is told to go on. */
export class FakeClock implements Clock {
  #nowMs: number;
  #timers: { atMs: number; act: () => void }[] = [];

  constructor(nowMs = OPENS_AT) {
    this.#nowMs = nowMs;
  }

  now = () => this.#nowMs;

  after = (ms: number, act: () => void) => {
    const timer = { atMs: this.#nowMs + ms, act };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  /** A turn that begins while it is set ends with it. */
  stopped: Promise<void> | null = null;

  turn = () => this.stopped ?? Promise.resolve();

  get pending(): number {
    return this.#timers.length;
  }

  set(ms: number): void {
    this.#nowMs = ms;
  }

  /** What is due by then acts before anything that was woken has had its turn. */
  leap(ms: number): void {
    this.#nowMs += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { act } of due) act();
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      await settle();
      const next = this.#timers.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.act();
    }
    this.#nowMs = untilMs;
    await settle();
  }
}

/** A request's context that remembers what it was asked to keep alive. */
export function fakeLifetime(): Lifetime & { works: Promise<unknown>[] } {
  const works: Promise<unknown>[] = [];
  return { works, waitUntil: (work) => works.push(work) };
}
