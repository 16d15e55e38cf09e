/** The promises that a rehearsal counts breaches of. */
export const GUARANTEES = [
  "oversold",
  "doubleCaptures",
  "capturedWithoutOrder",
  "acknowledgedLost",
  "limitBroken",
  "orderInversions",
] as const;
export type Guarantee = (typeof GUARANTEES)[number];

/** `integrity`: two sources disagree, or a rule of the books is broken, without one of the named promises being so. */
export type Violation = { guarantee: Guarantee | "integrity"; words: string };

export function violation(guarantee: Violation["guarantee"], words: string): Violation {
  return { guarantee, words };
}
