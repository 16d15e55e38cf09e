/**
 * The clock of people's patience: the wall's, save that it stands still while the shop is away. A kill is no reason to go
 * home, and how long a start takes on a busy machine must not decide who buys. Instants of it are compared with each other
 * alone, never with what the shop says.
 */
export class Patience {
  readonly #wallMs: () => number;
  #awayMs = 0;
  #awaySinceMs: number | null = null;

  constructor(wallMs: () => number = Date.now) {
    this.#wallMs = wallMs;
  }

  nowMs(): number {
    return (this.#awaySinceMs ?? this.#wallMs()) - this.#awayMs;
  }

  /** Stands still until `away` has ended, however that is. One at a time. */
  async during<Value>(away: () => Promise<Value>): Promise<Value> {
    const sinceMs = this.#wallMs();
    this.#awaySinceMs = sinceMs;
    try {
      return await away();
    } finally {
      this.#awayMs += this.#wallMs() - sinceMs;
      this.#awaySinceMs = null;
    }
  }
}
