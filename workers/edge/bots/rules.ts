import type { DropId } from "../../../schema/ids.ts";
import { addressKey, networkKey } from "../identity/address-key.ts";
import { TUNING } from "../tuning.ts";

/** What somebody who joins has shown. `person`: a mail whose joins an exact counter bounds. */
export type Shown = "nothing" | "challenge" | "person";

/** `print`: what the client's requests look like (`session-print.ts`). */
export type Joining = { dropId: DropId; address: string; print: string };

/**
 * What is counted, and how much of it is no crowd any more. Each rule names what its joins have in common beside looking
 * alike: an address or a network alone is shared by too many people to say anything.
 */
export const RULES: readonly { keyOf: (joining: Joining) => string; max: number }[] = [
  {
    keyOf: ({ dropId, address, print }) => `${dropId} ${print} ${addressKey(address)}`,
    max: TUNING.alikeFromAddressMax,
  },
  {
    keyOf: ({ dropId, address, print }) => `${dropId} ${print} ${networkKey(address)}`,
    max: TUNING.alikeFromNetworkMax,
  },
];

/** How many times more than a rule allows somebody may come who has shown so much; Infinity: is not judged by it. */
const LENIENCY: Record<Shown, number> = {
  nothing: 1,
  challenge: TUNING.challengedLeniency,
  person: Number.POSITIVE_INFINITY,
};

/** `counts`: of each rule in its order, this join included. */
export function isTooMany(counts: readonly number[], shown: Shown): boolean {
  return RULES.some(({ max }, at) => (counts[at] ?? 0) > max * LENIENCY[shown]);
}
