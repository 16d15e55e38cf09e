/**
 * Work that is never under way twice at once in this instance: whoever asks while it runs waits for the same end. What
 * fails is logged, and taken up again by whoever asks next. Never rejects.
 */
export class Strand {
  readonly #work: () => Promise<void>;
  readonly #failed: (error: unknown) => void;
  #running: Promise<void> | null = null;

  constructor(work: () => Promise<void>, failed: (error: unknown) => void) {
    this.#work = work;
    this.#failed = failed;
  }

  run(): Promise<void> {
    this.#running ??= this.#once();
    return this.#running;
  }

  async #once(): Promise<void> {
    // A turn later, so that `#running` is set before the work ends, even when there is none.
    await Promise.resolve();
    try {
      await this.#work();
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#running = null;
    }
  }
}
