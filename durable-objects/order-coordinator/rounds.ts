/**
 * How errands get from object to object: where each goes next, the call for all that go there together, and what it
 * brings back. `take` must bring an errand on: to another stop, or to its end.
 */
export type Trip<Errand, Answer> = {
  /** The name of the object where this errand goes now; null: it is at its end. */
  stopOf(errand: Errand): string | null;
  /** Answers in the order of the errands. A rejection is no answer to any of them. */
  call(stop: string, errands: [Errand, ...Errand[]]): Promise<readonly Answer[]>;
  /** undefined: no answer; nobody knows whether the call was carried out. */
  take(errand: Errand, answer: Answer | undefined): void;
};

/**
 * Carries errands to their ends. Those that go to the same object at the same moment share a call; each group goes on as
 * soon as its own call has been answered, so that a slow object holds up only those who need it. Rejects only if `take`
 * throws.
 */
export async function carry<Errand, Answer>(
  errands: readonly Errand[],
  trip: Trip<Errand, Answer>,
): Promise<void> {
  const groups = new Map<string, [Errand, ...Errand[]]>();
  for (const errand of errands) {
    const stop = trip.stopOf(errand);
    if (stop === null) continue;
    const group = groups.get(stop);
    if (group) group.push(errand);
    else groups.set(stop, [errand]);
  }
  await Promise.all(
    [...groups].map(async ([stop, group]) => {
      const answers = await trip.call(stop, group).catch(() => []);
      for (const [index, errand] of group.entries()) trip.take(errand, answers[index]);
      await carry(group, trip);
    }),
  );
}
