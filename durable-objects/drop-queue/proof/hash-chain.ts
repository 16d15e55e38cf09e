import { digest } from "./digest.ts";

export const LINK_BYTES = 32;
/** A reveal hashes at most so often: well below a millisecond. The checkpoints of the longest chain are 4 KB. */
const CHECKPOINT_EVERY = 256;

/**
 * A chain of hashes, each link the hash of the next: link 0, the anchor, is published first, and each link after it proves
 * itself against the one before. Kept as every 256th link and the last, one after the other: nothing else is needed.
 */
export type HashChain = { links: number; anchor: Uint8Array; checkpoints: Uint8Array };

/** Hashes from the last link down to the anchor: a tenth of a second for the longest chain. */
export function chainFrom(lastLink: Uint8Array, links: number): HashChain {
  const checkpoints = new Uint8Array(checkpointOf(links, links) * LINK_BYTES + LINK_BYTES);
  let link = lastLink;
  for (let at = links; at > 0; at -= 1) {
    if (at === links || at % CHECKPOINT_EVERY === 0)
      checkpoints.set(link, checkpointOf(at, links) * LINK_BYTES);
    link = digest(link);
  }
  return { links, anchor: link, checkpoints };
}

/** @throws past the chain's end. */
export function linkAt({ links, checkpoints }: HashChain, at: number): Uint8Array {
  if (!Number.isInteger(at) || at < 1 || at > links) throw new Error(`the chain has no link ${at}`);
  const from = Math.min(links, Math.ceil(at / CHECKPOINT_EVERY) * CHECKPOINT_EVERY);
  const start = checkpointOf(from, links) * LINK_BYTES;
  let link: Uint8Array = checkpoints.slice(start, start + LINK_BYTES);
  for (let step = from; step > at; step -= 1) link = digest(link);
  return link;
}

/** Where a kept link is among the checkpoints. */
function checkpointOf(at: number, links: number): number {
  return at === links ? Math.ceil(links / CHECKPOINT_EVERY) - 1 : at / CHECKPOINT_EVERY - 1;
}
