import type { ReservationId } from "../../schema/ids.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Reserver } from "./reserve.ts";

/** Keys are all uses' alike: whoever has one, of whatever kind, has it alone. */
export type Keys = Pick<Reserver, "hold" | "quiet">;

export type Turn<Item, Answer> = {
  /** The idempotency key that an item needs for itself, and the body it stands for; null: it needs none. */
  keyOf(item: Item): { reservationId: ReservationId; fingerprint: string } | null;
  /** Answers in the order of its items. */
  act(items: Item[]): Promise<Answer[]>;
  /** For an item whose key stayed busy, or that got no answer. */
  unknown: Answer;
};

/**
 * Acts on items, each while nobody else has its idempotency key, all at once whose keys are free. A key that is busy, by an
 * item of this very call perhaps, gets its turn when that one has been answered.
 */
export async function inTurn<Item, Answer>(
  keys: Keys,
  items: readonly Item[],
  { keyOf, act, unknown }: Turn<Item, Answer>,
): Promise<Answer[]> {
  const answers = items.map(() => unknown);
  let left = items.map((item, index) => ({ item, index }));
  for (let round = 0; left.length > 0 && round < LIMITS.waitRoundsMax; round++) {
    const turn = left.flatMap(({ item, index }) => {
      const key = keyOf(item);
      const free = key === null ? () => {} : keys.hold(key.reservationId, key.fingerprint);
      return free ? [{ item, index, free }] : [];
    });
    const taken = new Set(turn.map(({ index }) => index));
    try {
      const told = turn.length === 0 ? [] : await act(turn.map(({ item }) => item));
      for (const [at, { index }] of turn.entries()) answers[index] = told[at] ?? unknown;
    } finally {
      for (const { free } of turn) free();
    }
    left = left.filter(({ index }) => !taken.has(index));
    await Promise.all(
      left.map(({ item }) => {
        const key = keyOf(item);
        return key && keys.quiet(key.reservationId);
      }),
    );
  }
  return answers;
}
