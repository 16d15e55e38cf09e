import type { BegunCommand, Outcome } from "../../../schema/rpc/payments.ts";

/**
 * One payment gateway. Each method sends the command under its key, once, and says what became of it:
 *
 * - `succeeded`, `declined`: the gateway said so. Final.
 * - `unknown`: a time-out, a broken connection, 429, 5xx, or an answer that nobody can read. Money may have moved.
 *
 * It does not retry, and never throws for anything that the gateway does. A repeat under the same key is harmless at the
 * gateway for as long as it remembers the key (`keyExpiresAtMs`).
 */
export interface Gateway {
  session(command: BegunCommand): Promise<Outcome>;
  authorize(command: BegunCommand): Promise<Outcome>;
  capture(command: BegunCommand): Promise<Outcome>;
  void(command: BegunCommand): Promise<Outcome>;
  refund(command: BegunCommand): Promise<Outcome>;
  /** Finds out what became of a command that may have been sent. "Not found" alone is never an outcome. */
  resolve(command: BegunCommand, nowMs: number): Promise<Outcome>;
}

export const succeeded = (ref: string, told: { url?: string; instrument?: string } = {}): Outcome => ({
  kind: "succeeded",
  ref,
  ...told,
});
export const declined = (reason: string): Outcome => ({ kind: "declined", reason });
export const unknown = (reason: string): Outcome => ({ kind: "unknown", reason });
