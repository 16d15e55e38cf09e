/** Numbers in [0, 1) that follow from a seed alone, and what is drawn from them. Not for secrets. */
export type Random = {
  next(): number;
  /** An integer in [least, most]. */
  between(least: number, most: number): number;
  chance(probability: number): boolean;
  /** One of the values, as often as its weight says. */
  weighted<Value>(choices: readonly (readonly [weight: number, value: Value])[]): Value;
  shuffled<Value>(values: readonly Value[]): Value[];
};

/** sfc32 (Chris Doty-Humphrey, PractRand), seeded from a number and a label, so that each use has a stream of its own. */
export function createRandom(seed: number, label: string): Random {
  let [a, b, c, counter] = stateFrom(`${seed}/${label}`);

  function next(): number {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  }
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));

  function weighted<Value>(choices: readonly (readonly [number, Value])[]): Value {
    let left = next() * choices.reduce((total, [weight]) => total + weight, 0);
    for (const [weight, value] of choices) {
      left -= weight;
      if (left < 0) return value;
    }
    const last = choices.at(-1);
    if (last === undefined) throw new Error("nothing to choose from");
    return last[1];
  }

  function shuffled<Value>(values: readonly Value[]): Value[] {
    const result = [...values];
    for (let index = result.length - 1; index > 0; index--) {
      const other = between(0, index);
      [result[index], result[other]] = [result[other] as Value, result[index] as Value];
    }
    return result;
  }

  for (let round = 0; round < 12; round++) next();
  return { next, between, chance: (probability) => next() < probability, weighted, shuffled };
}

/** FNV-1a over the text, four times with different starts. */
function stateFrom(text: string): [number, number, number, number] {
  const hash = (start: number) => {
    let value = start;
    for (let index = 0; index < text.length; index++)
      value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
    return value | 0;
  };
  return [hash(0x811c9dc5), hash(0x9dc5811c), hash(0x1234567), hash(1)];
}
